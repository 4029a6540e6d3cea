/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.c - the durable log: all calls of libpmem2, and the order in which stores become durable
 *
 * The main functions are log_append() and log_commit() at the end. The rest makes sure that the
 * file can be trusted: programs like this one have most of their bugs in that part.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"
#include "log.h"
#include "mirror.h"
#include "mirrors.h"

#define MAGIC      UINT64_C(0x726567644c646c48) /* also detects files of another byte order */
#define VERSION    UINT64_C(1)
#define FIRST_SIZE ((size_t)1 << 20)

/* Sizes of files are multiples of this, because maps have whole pages, and no page is larger. */
#define SIZE_UNIT ((size_t)65536)

static inline size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static inline size_t max_size(size_t a, size_t b)
{
	return a > b ? a : b;
}

static int writes(const struct log *log)
{
	return log->mode != LOG_READ;
}

/* Returns the bytes that a record with `length` bytes of payload takes in the file. */
static inline size_t record_size(size_t length)
{
	return sizeof(struct log_record) + round_up(length, 8);
}

/* FNV-1a of 64 bits: detects errors of storage, not deliberate changes. */
static uint64_t hash(uint64_t sum, const void *data, size_t length)
{
	const unsigned char *byte = data;

	while (length--)
		sum = (sum ^ *byte++) * UINT64_C(0x100000001b3);
	return sum;
}

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* The offset is part of the checksum: a record at a wrong place must not be accepted. */
static uint64_t record_checksum(uint64_t offset, uint64_t length, const void *payload)
{
	uint64_t sum = HASH_START;

	sum = hash(sum, &offset, sizeof(offset));
	sum = hash(sum, &length, sizeof(length));
	return hash(sum, payload, length);
}

static uint64_t header_checksum(const struct log_header *header)
{
	return hash(HASH_START, header, offsetof(struct log_header, checksum));
}

/* Prints that a system call has failed, and returns its negated errno. */
static int fail(const struct log *log, const char *what)
{
	int ret = -errno;

	warn("%s: %s", log->path, what);
	return ret;
}

static int __attribute__((__format__(__printf__, 2, 3)))
damaged(const struct log *log, const char *format, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	warnx("%s: %s", log->path, what);
	return -EBADMSG;
}

/*
 * Mapping the whole file with libpmem2.
 */

static int map_file(struct log *log)
{
	unsigned prot = PMEM2_PROT_READ | (writes(log) ? PMEM2_PROT_WRITE : 0);
	struct pmem2_source *src = NULL;
	struct pmem2_config *cfg = NULL;
	int ret;

	/*
	 * PAGE is the coarsest granularity: a map that requires only PAGE can be made on every
	 * kind of storage. The functions of the map then do what the storage of this map needs.
	 */
	if ((ret = pmem2_source_from_fd(&src, log->fd)) || (ret = pmem2_config_new(&cfg)) ||
		(ret = pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE)) ||
		(ret = pmem2_config_set_protection(cfg, prot)) ||
		(ret = pmem2_map_new(&log->map, cfg, src)))
		pmem2_perror("%s: %s: cannot map", program_invocation_short_name, log->path);
	pmem2_config_delete(&cfg); /* the map needs neither config nor source any more */
	pmem2_source_delete(&src);
	if (ret)
		return ret;

	log->header = pmem2_map_get_address(log->map);
	log->size = pmem2_map_get_size(log->map);
	log->copy = pmem2_get_memcpy_fn(log->map);
	log->drain = pmem2_get_drain_fn(log->map);
	fault_watch(log);
	return 0;
}

static int unmap_file(struct log *log)
{
	fault_watch(NULL);
	if (log->map && pmem2_map_delete(&log->map)) {
		pmem2_perror("%s: %s: cannot unmap", program_invocation_short_name, log->path);
		return -EIO;
	}
	log->header = NULL;
	log->size = 0;
	return 0;
}

/* Maps the grown file again. The mirrors are connected again, with the larger size. */
static int move_map(struct log *log)
{
	int ret;

	if ((ret = unmap_file(log)) || (ret = map_file(log)) || !log->mirrors)
		return ret;
	return mirrors_grow(log->mirrors, log);
}

/*
 * Makes the file `size` bytes long, or `least` bytes if the disk has less space, and maps it.
 * Allocates the blocks now, because a store cannot report a full disk: a store into a hole would
 * raise SIGBUS, and the program could only exit (fault.h). The fsync makes the file's new size and
 * blocks durable, which writing back pages of a map need not do.
 */
static int allocate(struct log *log, size_t size, size_t least)
{
	int ret;

	if (log->is_device) {
		if (least <= log->size)
			return 0;
		errno = ENOSPC;
		return fail(log, "the device is full");
	}
	ret = posix_fallocate(log->fd, 0, (off_t)size);
	if (ret == ENOSPC && least < size) {
		size = least;
		ret = posix_fallocate(log->fd, 0, (off_t)size);
	}
	if (ret) {
		errno = ret;
		warn("%s: cannot allocate %zu bytes", log->path, size);
		return -ret;
	}
	if (fsync(log->fd))
		return fail(log, "fsync");
	return size == log->size ? 0 : move_map(log);
}

/* Makes the names in the directory of `path` durable. */
static int sync_directory(const struct log *log)
{
	char *copy = strdup(log->path);
	int fd, ret = 0;

	if (!copy)
		return fail(log, "strdup");
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		ret = fail(log, "cannot fsync its directory");
	if (fd >= 0)
		close(fd);
	free(copy);
	return ret;
}

static int lock_file(const struct log *log)
{
	if (!flock(log->fd, (writes(log) ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(log, "cannot lock");
	warnx("%s: in use: another process is %s it", log->path,
		writes(log) ? "appending to it or reading" : "appending to");
	return -EBUSY;
}

/*
 * Opening an existing log.
 */

int log_check_header(const struct log *log)
{
	const struct log_header *header = log->header;

	if (header->magic != MAGIC)
		return damaged(log, "not a ledger: no magic number at offset 0");
	if (header->checksum != header_checksum(header))
		return damaged(log, "not a ledger: wrong checksum of the header at offset %zu",
			offsetof(struct log_header, checksum));
	if (header->version != VERSION)
		return damaged(log, "not a ledger of version %ju: its version is %ju",
			(uintmax_t)VERSION, (uintmax_t)header->version);
	if (header->tail < LOG_RECORDS || header->tail % 8)
		return damaged(log, "not a ledger: impossible tail %ju at offset %zu",
			(uintmax_t)header->tail, offsetof(struct log_header, tail));
	if (header->tail > log->size)
		return damaged(log,
			"not a whole ledger: its records end at offset %ju, but the file ends at %zu",
			(uintmax_t)header->tail, log->size);
	return 0;
}

static void write_header(struct log *log)
{
	struct log_header header = {.magic = MAGIC, .version = VERSION, .tail = LOG_RECORDS};

	header.checksum = header_checksum(&header);
	log->copy(log->header, &header, sizeof(header), 0); /* copies and persists */
}

/* Accepts all character devices: the library refuses to map those that are not DAX devices. */
static int check_type(struct log *log)
{
	struct stat st;

	if (fstat(log->fd, &st))
		return fail(log, "fstat");
	log->is_device = S_ISCHR(st.st_mode);
	if (!log->is_device && !S_ISREG(st.st_mode))
		return damaged(log, "not a ledger: %s",
			S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
	if (!log->is_device && log->mode == LOG_FORMAT) {
		warnx("%s: this is a file; only DAX devices can be formatted", log->path);
		return -EINVAL;
	}
	if (!log->is_device && st.st_size < (off_t)LOG_RECORDS)
		return damaged(log, "not a ledger: %jd bytes are too few", (intmax_t)st.st_size);
	return 0;
}

/*
 * The kernel may have told an earlier process, which was ended, that pages could not be written.
 * Such pages are clean in the cache and visible to all processes, but not on the disk. So write
 * back all pages and empty the cache before the file is mapped: then the log is the content of the
 * disk.
 */
static int read_from_disk(struct log *log)
{
	if (log->is_device)
		return 0;
	if (fsync(log->fd))
		return fail(log, "fsync");
	errno = posix_fadvise(log->fd, 0, 0, POSIX_FADV_DONTNEED);
	return errno ? fail(log, "cannot drop cached pages") : 0;
}

/*
 * Flushes the whole log on a DAX device, because stores that an earlier process did not flush are
 * visible, but may not be durable.
 */
static int flush_found(struct log *log)
{
	if (log->is_device)
		pmem2_get_persist_fn(log->map)(log->header, log->header->tail);
	return 0;
}

static int open_file(struct log *log)
{
	int ret;

	/* O_NONBLOCK: refuse a FIFO rather than waiting for its other end. */
	log->fd = open(log->path, (writes(log) ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_CLOEXEC);
	if (log->fd < 0)
		return errno == ENOENT && log->mode == LOG_APPEND ? -ENOENT
								  : fail(log, "cannot open");
	if ((ret = check_type(log)) || (ret = lock_file(log)) || (ret = read_from_disk(log)) ||
		(ret = map_file(log)))
		return ret;
	if (log->mode == LOG_FORMAT)
		write_header(log);
	ret = log_check_header(log);
	return ret ? ret : flush_found(log);
}

/*
 * Makes durable what an earlier process left, before new records rely on it. A kill between a
 * store and its write-back, or between growing or naming the file and the fsync, leaves changes
 * that are visible although a power cut would undo them. So allocate the file once more, which
 * also fills the holes of a sparse copy, fsync the file and its directory, and store the tail once
 * more.
 */
static int settle(struct log *log, size_t capacity)
{
	size_t size = max_size(log->size, round_up(capacity, SIZE_UNIT));
	int ret = allocate(log, size, size);

	if (!ret && !log->is_device)
		ret = sync_directory(log);
	if (!ret) {
		uint64_t tail = log->header->tail;
		log->copy(&log->header->tail, &tail, sizeof(tail), 0); /* copies and persists */
	}
	return ret;
}

/*
 * Making a log under a temporary name, so that `path` never names an incomplete log.
 */

static int build(struct log *log, const char *temporary, size_t capacity, struct mirror *from)
{
	size_t size;
	int ret;

	if (ftruncate(log->fd, 0)) /* a process that was killed may have left bytes in this file */
		return fail(log, "cannot truncate a temporary file");
	if (from && (ret = log_measure_mirror(from, &capacity)))
		return ret;
	size = max_size(round_up(capacity, SIZE_UNIT), FIRST_SIZE);
	ret = allocate(log, size, size);
	if (!ret && from)
		ret = log_fetch_mirror(log, from);
	if (ret)
		return ret;
	if (!from)
		write_header(log);
	if (fsync(log->fd))
		return fail(log, "fsync");
	if (rename(temporary, log->path))
		return fail(log, "cannot rename a temporary file");
	return 0; /* settle() makes the name durable */
}

/* Returns whether `path` still names the file that is open as `fd`. */
static int names(const char *path, int fd)
{
	struct stat a, b;

	return !lstat(path, &a) && !fstat(fd, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Handles a file that exists at `path` already. */
static int already_there(const struct log *log, const struct stat *st, const struct mirror *from)
{
	if (S_ISLNK(st->st_mode))
		return damaged(log, "a link that leads nowhere");
	if (!from)
		return -EAGAIN;
	warnx("%s exists already; remove it before the log is restored", log->path);
	return -EEXIST;
}

/*
 * The lock on the temporary file becomes the writer's lock. If several processes create the log at
 * the same time, the lock decides which one of them does it. A kill releases it, and the next
 * process takes the file over. -EAGAIN: another process was faster; open the log instead.
 */
static int create_file(struct log *log, const char *temporary, size_t capacity, struct mirror *from)
{
	struct stat st;
	int ret;

	log->fd = open(temporary, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (log->fd < 0)
		return fail(log, "cannot create a temporary file beside the log");
	ret = lock_file(log);
	if (ret)
		return ret;
	if (!names(temporary, log->fd))
		return -EAGAIN;
	if (!lstat(log->path, &st))
		ret = already_there(log, &st, from);
	else
		ret = build(log, temporary, capacity, from);
	if (ret)
		unlink(temporary);
	return ret;
}

/*
 * Opens the log, or makes a new one. If `from` is not NULL, always makes a new one, and restores
 * its contents from this mirror.
 */
static int open_or_create(struct log *log, size_t capacity, struct mirror *from)
{
	char *temporary;
	int ret;

	if (asprintf(&temporary, "%s.ledger-new", log->path) < 0)
		return fail(log, "asprintf");
	do {
		log_close(log);
		ret = from ? -ENOENT : open_file(log);
		if (ret == -ENOENT && log->mode == LOG_APPEND)
			ret = create_file(log, temporary, capacity, from);
	} while (ret == -EAGAIN);
	free(temporary);
	return ret ? ret : settle(log, capacity);
}

int log_open(struct log *log, const char *path, enum log_mode mode, size_t capacity)
{
	int ret;

	*log = (struct log){.path = path, .mode = mode, .fd = -1, .end = LOG_RECORDS};
	ret = mode != LOG_READ ? open_or_create(log, capacity, NULL) : open_file(log);
	if (ret)
		log_close(log);
	return ret;
}

int log_restore(struct log *log, const char *path, struct mirror *mirror)
{
	int ret;

	*log = (struct log){.path = path, .mode = LOG_APPEND, .fd = -1, .end = LOG_RECORDS};
	ret = open_or_create(log, 0, mirror);
	if (ret)
		log_close(log);
	return ret;
}

void log_close(struct log *log)
{
	if (log->mirrors)
		mirrors_close(log->mirrors);
	log->mirrors = NULL;
	unmap_file(log);
	if (log->fd >= 0)
		close(log->fd); /* releases the lock, too */
	log->fd = -1;
}

/*
 * Reading.
 */

int log_next(struct log *log, const void **data)
{
	const struct log_record *record = (const void *)((char *)log->header + log->end);
	uint64_t left = log->header->tail - log->end;
	uint64_t number = log->total.records + 1;

	if (log->end >= log->header->tail)
		return 0;
	if (left < sizeof(*record) || !record->length || record->length > LOG_RECORD_MAX ||
		record_size(record->length) > left)
		return damaged(log, "record %ju at offset %ju: impossible length",
			(uintmax_t)number, (uintmax_t)log->end);
	if (record->checksum != record_checksum(log->end, record->length, record + 1))
		return damaged(log, "record %ju at offset %ju: wrong checksum", (uintmax_t)number,
			(uintmax_t)log->end);

	*data = record + 1;
	log->end += record_size(record->length);
	log->total.records++;
	log->total.bytes += record->length;
	log->durable = log->total;
	return (int)record->length;
}

/*
 * Appending.
 */

static int grow(struct log *log, size_t need)
{
	size_t least = round_up(need, SIZE_UNIT);
	/* Commit first, so that no undrained copies are left when the map is deleted. */
	int ret = log_commit(log);

	if (ret)
		return ret;
	return allocate(log, max_size(2 * log->size, least), least);
}

int log_append(struct log *log, const void *data, size_t length)
{
	struct log_record record = {length, record_checksum(log->end, length, data)};
	char *to;
	int ret;

	if (!length || length > LOG_RECORD_MAX || !writes(log) || log->end < log->header->tail)
		return -EINVAL;
	if (log->size - log->end < record_size(length)) {
		ret = grow(log, log->end + record_size(length));
		if (ret)
			return ret;
	}
	to = (char *)log->header + log->end;

	/*
	 * NODRAIN: the copies may become durable in any order, because they are behind the tail,
	 * where no reader looks. One drain for a whole batch makes commits cheap.
	 */
	log->copy(to, &record, sizeof(record), PMEM2_F_MEM_NODRAIN);
	log->copy(to + sizeof(record), data, length, PMEM2_F_MEM_NODRAIN);

	log->end += record_size(length);
	log->total.records++;
	log->total.bytes += length;
	return 0;
}

int log_mirror(struct log *log, struct mirrors *mirrors)
{
	int ret = mirrors_join(mirrors, log);

	if (ret)
		mirrors_close(mirrors);
	else
		log->mirrors = mirrors;
	return ret;
}

int log_commit(struct log *log)
{
	int ret = 0;

	if (log->durable.records == log->total.records)
		return 0;
	/* Send the records to the mirrors while they become durable here. */
	if (log->mirrors)
		mirrors_send(log->mirrors, log);
	/* The records must be durable before the tail that vouches for them can be. */
	log->drain();
	/*
	 * The tail is aligned and 8 bytes long, so it is stored whole. Because the flag NODRAIN is
	 * not set, it is durable when the copy returns, too.
	 */
	log->copy(&log->header->tail, &log->end, sizeof(log->end), 0);
	if (log->mirrors)
		ret = mirrors_commit(log->mirrors, log);
	if (!ret)
		log->durable = log->total;
	return ret;
}

const char *log_promise(const struct log *log)
{
	switch (pmem2_map_get_store_granularity(log->map)) {
	case PMEM2_GRANULARITY_BYTE:
		return "store granularity byte: stores are durable as soon as they are visible";
	case PMEM2_GRANULARITY_CACHE_LINE:
		return "store granularity cache line: stores are durable once their cache lines are flushed";
	case PMEM2_GRANULARITY_PAGE:
		return "store granularity page: stores are durable once the kernel has written the page back";
	}
	return "store granularity unknown";
}
