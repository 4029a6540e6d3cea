/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.h - an append-only log in a mapped file that survives kills and power cuts
 *
 *	log_open(&log, "journal", LOG_APPEND, 0);
 *	while (log_next(&log, &data) > 0)
 *		;					read what it holds, to the end
 *	log_append(&log, "hello\n", 6);
 *	log_append(&log, "world\n", 6);
 *	log_commit(&log);				<- both are durable from here on
 *	log_close(&log);
 *
 * A log is read from its beginning; where the reading ends, the appending begins.
 *
 * The file. Numbers are in the byte order of the machine that wrote it.
 *
 *	0	struct log_header; the rest of the first 4096 bytes is unused
 *	4096	records, one after the other, each at a multiple of 8:
 *		struct log_record, then its payload, then up to 7 bytes of padding
 *	tail	the end of the committed records; what lies beyond is room to grow, or the remains
 *		of records that were never committed, and is never read
 *
 * Everything hangs on one rule: the records are made durable first, and only then does `tail`, one
 * aligned 8-byte word that is stored whole, move over them. Whenever the power fails, the file has
 * the old tail or the new one, and all records below either of them. So there is nothing to undo
 * or replay at the next open: recovery is reading the tail.
 *
 * A log can have a mirror, a pool on another machine with the same bytes. The rule holds over
 * there, too; and the mirror's tail moves last, so that it never is ahead of the log's.
 *
 * Errors. Functions that return int return 0 or more, or after printing what went wrong a negated
 * errno or one of PMEM2_E_*. -EBADMSG means that the file is not a ledger or is damaged.
 *
 * Threads. None of this is locked: one thread at a time, and who commits must be who appended,
 * since a drain covers the copies of its own thread only. Between processes there is one writer or
 * any number of readers, kept apart by flock(2).
 */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <libpmem2.h>

#define LOG_RECORDS    4096u           /* where the records begin */
#define LOG_RECORD_MAX ((size_t)65536) /* bytes of payload */

struct mirror; /* mirror.h */

struct log_header {
	uint64_t magic;
	uint64_t version;
	uint64_t checksum; /* of the two above */

	/*
	 * The commit word. It has a cache line to itself (no CPU's are longer than 256 bytes),
	 * since it is flushed at every commit while the rest never changes.
	 */
	_Alignas(256) uint64_t tail;
};

struct log_record {
	uint64_t length;   /* of the payload, 1 to LOG_RECORD_MAX */
	uint64_t checksum; /* FNV-1a of the record's offset, its length and its payload */
};

enum log_mode {
	LOG_READ,   /* many may, while nobody appends */
	LOG_APPEND, /* one may; makes a missing file */
	LOG_FORMAT, /* the same on a DAX device, which becomes an empty log first */
};

struct log_total {
	uint64_t records;
	uint64_t bytes; /* of payload */
};

struct log {
	const char *path; /* borrowed from the caller of log_open() */
	enum log_mode mode;
	int fd;
	int is_device; /* a DAX device: it is as large as it is, and nobody makes it */

	struct pmem2_map *map;
	struct log_header *header; /* where the map begins */
	size_t size;               /* of the map and the file */
	pmem2_memcpy_fn copy;      /* what this map wants used to make stores durable */
	pmem2_drain_fn drain;

	uint64_t end;             /* offset of the next record to read or append */
	struct log_total total;   /* records before `end` */
	struct log_total durable; /* the part of them that is committed */

	struct mirror *mirror; /* or NULL; borrowed */
	uint64_t mirrored;     /* the mirror's tail */
};

/*
 * Open the log at `path`. `capacity` is for LOG_APPEND: bytes of file to allocate at least, so that
 * no append need wait for the file to grow; 0 is fine. On failure there is nothing to close.
 */
int log_open(struct log *log, const char *path, enum log_mode mode, size_t capacity);

/*
 * Make a log at `path`, where no file is yet, of what `mirror` holds; every record of it has been
 * found right. The log is open for appending and read to its end; it is not mirrored.
 */
int log_restore(struct log *log, const char *path, struct mirror *mirror);

/*
 * From now on a commit is one on the mirror, too. The log has been read to its end. Bring the
 * mirror up to date first: send it what it lacks, after comparing all that it has. -EBADMSG if that
 * is something else; then, and after any other error, the log is not mirrored.
 */
int log_mirror(struct log *log, struct mirror *mirror);

/* Give up what was appended and not committed, and free everything but `log` itself. */
void log_close(struct log *log);

/*
 * The next record: its length, with *data pointing into the map (valid until the next append), or
 * 0 behind the last. Its checksum has been found right, or it is -EBADMSG.
 */
int log_next(struct log *log, const void **data);

/*
 * Append one record of 1 to LOG_RECORD_MAX bytes. It is durable after the next log_commit(). This
 * one commits too, all the earlier records, when the file must grow: see log->durable. -EINVAL
 * unless the log was read to its end; -ENOSPC leaves it fit for use.
 */
int log_append(struct log *log, const void *data, size_t length);

/*
 * Make everything that was appended durable: here, and on the mirror. If the storage here refuses,
 * there is nothing to return: the library says so and ends the process, and the log stays as it was
 * at the commit before. If the mirror fails, nobody can say whether the records are durable over
 * there: log->durable stays, and so does the error.
 */
int log_commit(struct log *log);

/* One line on what the storage under this log asks of a store, for people. */
const char *log_promise(const struct log *log);

/*
 * Between log.c and sync.c.
 */

/* Is this the header of a log that is log->size bytes long? 0, or -EBADMSG after saying why not. */
int log_check_header(const struct log *log);

/* How long a file must be for the log on `mirror`. Leaves the mirror closed. */
int log_measure_mirror(struct mirror *mirror, size_t *size);

/* Copy the log on `mirror` into this one, a new file of that length. Leaves the mirror closed. */
int log_fetch_mirror(struct log *log, struct mirror *mirror);

#endif
