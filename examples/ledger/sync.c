/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sync.c - makes a log and its mirror equal
 *
 * The mirror's pool begins with all zeros. It becomes a log when the first word of its header, the
 * magic number, becomes durable, after all other bytes of the header; if that is interrupted, the
 * next process begins again. From then on the mirror has the first records of the log: a process
 * that finds it shorter than the log sends the rest.
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "copy.h"
#include "log.h"
#include "mirror.h"

/*
 * Length in bytes with which a pool is opened to read only its header: a multiple of any page
 * size.
 */
#define GLANCE ((size_t)65536)

/* Bytes that are compared at a time. */
#define PIECE ((size_t)1 << 20)

static int no_memory(const char *name)
{
	warnx("%s: out of memory", name);
	return -ENOMEM;
}

/* Checks the mirror's header as log_check_header() checks that of a log. */
static int check_header(const struct mirror *mirror, struct log_header *header, uint64_t size)
{
	const struct log there = {.path = mirror_name(mirror), .header = header, .size = size};

	return log_check_header(&there);
}

/*
 * Restoring a log from its mirror.
 */

static int glance(struct mirror *mirror, void *memory, struct log_header *header)
{
	int ret = mirror_open(mirror, memory, GLANCE, MIRROR_READ);

	if (!ret)
		ret = mirror_read(mirror, header, 0, sizeof(*header));
	mirror_close(mirror);
	if (ret)
		return ret;
	if (!header->magic) {
		warnx("%s: the mirror holds no log yet", mirror_name(mirror));
		return -EBADMSG;
	}
	return check_header(mirror, header, UINT64_MAX);
}

int log_measure_mirror(struct mirror *mirror, size_t *size)
{
	struct log_header header;
	void *memory = aligned_alloc(GLANCE, GLANCE);
	int ret;

	if (!memory)
		return no_memory(mirror_name(mirror));
	ret = glance(mirror, memory, &header);
	free(memory);
	if (!ret)
		*size = header.tail;
	return ret;
}

/*
 * Copies the log from the mirror. Reads the mirror's tail again, because a writer may have
 * appended records after log_measure_mirror() was called.
 */
static int fetch(struct log *log, struct mirror *mirror)
{
	struct log_header header;
	int ret = mirror_read(mirror, &header, 0, sizeof(header));

	if (!ret)
		ret = check_header(mirror, &header, log->size);
	if (!ret)
		ret = mirror_read(mirror, (char *)log->header + LOG_RECORDS, LOG_RECORDS,
			header.tail - LOG_RECORDS);
	if (!ret)
		memcpy(log->header, &header, sizeof(header));
	return ret;
}

int log_fetch_mirror(struct log *log, struct mirror *mirror)
{
	const char *path = log->path;
	const void *data;
	int ret = mirror_open(mirror, log->header, log->size, MIRROR_READ);

	if (!ret)
		ret = fetch(log, mirror);
	mirror_close(mirror);
	/* The file has no name yet. It gets one only if all records have correct checksums. */
	log->path = mirror_name(mirror);
	while (!ret && (ret = log_next(log, &data)) > 0)
		ret = 0;
	log->path = path;
	if (!ret)
		pmem2_get_persist_fn(log->map)(log->header, log->end);
	return ret;
}

/*
 * The view: the map of the log's file from which bytes are sent to the mirror.
 */

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int map_view(struct copy *copy, int fd, size_t size)
{
	size_t page = page_size();
	char *view = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);

	if (view != MAP_FAILED &&
		mmap(view, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			-1, 0) == view &&
		pread(fd, view, page, 0) == (ssize_t)page) {
		copy->view = view;
		copy->size = size;
		copy->is_own = true;
		return 0;
	}
	int ret = -errno;
	warn("%s: cannot map the log to copy it to this mirror", mirror_name(copy->mirror));
	if (view != MAP_FAILED)
		munmap(view, size);
	return ret;
}

static int make_view(struct copy *copy, const struct log *log)
{
	if (!log->is_device)
		return map_view(copy, log->fd, log->size);
	copy->view = (char *)log->header;
	copy->size = log->size;
	copy->is_own = false;
	return 0;
}

void copy_leave(struct copy *copy)
{
	mirror_close(copy->mirror);
	if (copy->is_own && copy->view)
		munmap(copy->view, copy->size);
	copy->view = NULL;
}

void copy_refresh(struct copy *copy, const struct log *log)
{
	uint64_t page = page_size(), end = log->end < page ? log->end : page;

	if (copy->is_own && copy->sent < end)
		memcpy(copy->view + copy->sent, (char *)log->header + copy->sent, end - copy->sent);
}

int copy_reread(struct copy *copy, int fd, uint64_t end)
{
	uint64_t page = page_size();

	if (end > page)
		end = page;
	if (!copy->is_own || copy->sent >= end)
		return 0;
	size_t length = end - copy->sent;
	ssize_t got = pread(fd, copy->view + copy->sent, length, (off_t)copy->sent);
	if (got == (ssize_t)length)
		return 0;
	int ret = got < 0 ? -errno : -EIO;
	warnx("%s: cannot read the log to copy it to this mirror", mirror_name(copy->mirror));
	return ret;
}

void copy_set_tail(struct copy *copy, uint64_t tail)
{
	copy->tail = tail;
	if (copy->is_own)
		((struct log_header *)(void *)copy->view)->tail = tail;
}

/*
 * Bringing the mirror up to date.
 */

static int differs(const struct copy *copy, const char *path, const char *how)
{
	warnx("%s: this mirror holds another log than %s: %s", mirror_name(copy->mirror), path,
		how);
	return -EBADMSG;
}

/* Compares all records of the mirror with the log. */
static int compare(const struct copy *copy, const struct log *log, char *buffer)
{
	for (uint64_t at = LOG_RECORDS; at < copy->sent; at += PIECE) {
		const char *here = (const char *)log->header + at;
		size_t left = copy->sent - at, length = left < PIECE ? left : PIECE;
		int ret = mirror_read(copy->mirror, buffer, at, length);

		if (ret)
			return ret;
		if (memcmp(here, buffer, length))
			return differs(copy, log->path, "its records are not those of the log");
	}
	return 0;
}

int copy_catch_up(struct copy *copy, uint64_t end)
{
	int ret = 0;

	if (copy->sent < end)
		ret = mirror_send(copy->mirror, copy->sent, end - copy->sent);
	if (!ret)
		ret = mirror_drain(copy->mirror);
	copy_set_tail(copy, end);
	if (!ret)
		ret = mirror_store_word(copy->mirror, offsetof(struct log_header, tail));
	if (!ret)
		copy->sent = end;
	return ret;
}

/*
 * Returns whether the pool is new: all zeros, or left by a process that was killed while it made
 * the pool a log, in found().
 */
static int is_new(const struct log_header *there, const struct log_header *here)
{
	return !there->magic && (!there->version || there->version == here->version) &&
	       (!there->checksum || there->checksum == here->checksum) && !(there->tail % 8);
}

/* Makes a new pool a log: stores its header, and the magic number last. */
static int found(struct copy *copy, const struct log *log)
{
	int ret;

	copy->sent = LOG_RECORDS;
	copy_refresh(copy, log);
	ret = copy_catch_up(copy, log->end);
	if (!ret)
		ret = mirror_store_word(copy->mirror, offsetof(struct log_header, version));
	if (!ret)
		ret = mirror_store_word(copy->mirror, offsetof(struct log_header, checksum));
	if (!ret)
		ret = mirror_store_word(copy->mirror, offsetof(struct log_header, magic));
	return ret;
}

static int resume(struct copy *copy, const struct log *log, struct log_header *there)
{
	char *buffer;
	int ret;

	/*
	 * Accept any tail here: the code below prints a separate message for a tail behind the
	 * log's end.
	 */
	ret = check_header(copy->mirror, there, UINT64_MAX);
	if (ret)
		return ret;
	if (there->tail > log->end) {
		warnx("%s: the mirror has records up to %ju, but %s ends at %ju; `ledger restore' gets what is missing here",
			mirror_name(copy->mirror), (uintmax_t)there->tail, log->path,
			(uintmax_t)log->end);
		return -EBADMSG;
	}
	buffer = malloc(PIECE);
	if (!buffer)
		return no_memory(mirror_name(copy->mirror));
	copy->sent = there->tail;
	ret = compare(copy, log, buffer);
	free(buffer);
	if (ret)
		return ret;
	copy_refresh(copy, log);
	/* Store the tail once more even if it is right: that makes it durable. */
	return copy_catch_up(copy, log->end);
}

static int begin(struct copy *copy, const struct log *log)
{
	struct log_header there;
	int ret = make_view(copy, log);

	if (!ret)
		ret = mirror_open(copy->mirror, copy->view, copy->size, MIRROR_MAKE);
	if (!ret)
		ret = mirror_read(copy->mirror, &there, 0, sizeof(there));
	if (ret)
		return ret;
	return is_new(&there, log->header) ? found(copy, log) : resume(copy, log, &there);
}

int copy_join(struct copy *copy, const struct log *log)
{
	int ret = begin(copy, log);

	if (ret)
		copy_leave(copy);
	return ret;
}

static int has_other_writer(const struct copy *copy)
{
	warnx("%s: another writer has appended to the mirror", mirror_name(copy->mirror));
	return -ESTALE;
}

/*
 * Compares what the last commit, which failed here, may have left on the mirror: a tail, and the
 * records before it. Records that were durable before need not be compared again.
 */
static int compare_last(const struct copy *copy, uint64_t tail)
{
	size_t length = tail - copy->sent;
	char *there = malloc(length + 1);
	int ret = there ? mirror_read(copy->mirror, there, copy->sent, length)
			: no_memory(mirror_name(copy->mirror));

	if (!ret && memcmp(copy->view + copy->sent, there, length))
		ret = has_other_writer(copy);
	free(there);
	return ret;
}

static int check_tail(const struct copy *copy)
{
	struct log_header there;
	int ret = mirror_read(copy->mirror, &there, 0, sizeof(there));

	if (!ret)
		ret = check_header(copy->mirror, &there, UINT64_MAX);
	if (ret)
		return ret;
	if (there.tail > copy->tail)
		return has_other_writer(copy);
	if (there.tail >= copy->sent)
		return there.tail > copy->sent ? compare_last(copy, there.tail) : 0;
	warnx("%s: the mirror has lost records: they end at %ju now, and ended at %ju",
		mirror_name(copy->mirror), (uintmax_t)there.tail, (uintmax_t)copy->sent);
	return -EBADMSG;
}

int copy_join_again(struct copy *copy, int fd, size_t size)
{
	copy_leave(copy);
	int ret = map_view(copy, fd, size);

	if (!ret)
		ret = mirror_open(copy->mirror, copy->view, copy->size, MIRROR_READ);
	if (!ret)
		ret = check_tail(copy);
	if (ret)
		copy_leave(copy);
	return ret;
}
