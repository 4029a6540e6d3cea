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
 * The durability of the log rests on one rule: records are made durable before `tail`, one aligned
 * 8-byte word that is stored whole, moves behind them. Whenever the power fails, the file has the
 * old tail or the new tail, and all records in front of it. So the next open has nothing to undo
 * or replay: it only reads the tail.
 *
 * A log can have mirrors, pools on other machines with the same bytes. The rule holds for each
 * mirror, too; and a mirror's tail moves last, so that it never is ahead of the log's tail.
 *
 * Errors. Functions that return int return 0 or more, or after printing what went wrong a negated
 * errno or one of PMEM2_E_*. -EBADMSG means that the file is not a ledger or is damaged.
 *
 * Threads. A log has no lock: only one thread may use it at a time, and the thread that appended
 * must commit, because a drain covers only copies of its own thread. Between processes flock(2)
 * allows one writer or any number of readers.
 */
#ifndef LEDGER_LOG_H
#define LEDGER_LOG_H

#include <stddef.h>
#include <stdint.h>
#include <libpmem2.h>

#define LOG_RECORDS    4096u           /* offset of the first record */
#define LOG_RECORD_MAX ((size_t)65536) /* largest payload in bytes */

struct mirror;  /* mirror.h */
struct mirrors; /* mirrors.h */

struct log_header {
	uint64_t magic;
	uint64_t version;
	uint64_t checksum; /* checksum of the two members above */

	/*
	 * The commit word. It has a cache line for itself (no CPU has lines longer than 256
	 * bytes), because every commit flushes it, and the rest of the header never changes.
	 */
	_Alignas(256) uint64_t tail;
};

struct log_record {
	uint64_t length;   /* bytes of payload, 1 to LOG_RECORD_MAX */
	uint64_t checksum; /* FNV-1a of the record's offset, its length and its payload */
};

enum log_mode {
	LOG_READ,   /* read; by any number of processes while none appends */
	LOG_APPEND, /* append; by one process; makes a missing file */
	LOG_FORMAT, /* append to a DAX device, after making an empty log on it */
};

struct log_total {
	uint64_t records;
	uint64_t bytes; /* bytes of payload */
};

struct log {
	const char *path; /* borrowed from the caller of log_open() */
	enum log_mode mode;
	int fd;
	int is_device; /* the log is a DAX device, which cannot be created or grown */

	struct pmem2_map *map;
	struct log_header *header; /* where the map begins */
	size_t size;               /* length of the map and of the file, in bytes */
	pmem2_memcpy_fn copy;      /* the map's own functions, which make stores durable */
	pmem2_drain_fn drain;

	uint64_t end;             /* offset of the next record to read or append */
	struct log_total total;   /* number of records before `end` */
	struct log_total durable; /* number of committed records */

	struct mirrors *mirrors; /* or NULL; borrowed */
};

/*
 * Open the log at `path`. `capacity` is for LOG_APPEND: the file gets at least this many bytes, so
 * that appends need not wait until the file has grown; `capacity` may be 0. On failure there is
 * nothing to close.
 */
int log_open(struct log *log, const char *path, enum log_mode mode, size_t capacity);

/*
 * Make a log at `path`, where no file may exist, from the contents of `mirror`, after checking
 * every record. The log is then open for appending and read to its end; it is not mirrored.
 */
int log_restore(struct log *log, const char *path, struct mirror *mirror);

/*
 * Mirror the log, which must have been read to its end: from now on each commit is made on the
 * mirrors, too. First compares the records of each mirror with the log, and sends missing ones.
 * -EBADMSG if they differ; after this and any other error the log is not mirrored.
 */
int log_mirror(struct log *log, struct mirrors *mirrors);

/* Drop records that were appended and not committed, and free everything but `log` itself. */
void log_close(struct log *log);

/*
 * Read the next record. Returns its length, with *data pointing into the map (valid until the next
 * append), 0 behind the last record, or -EBADMSG if its checksum is wrong.
 */
int log_next(struct log *log, const void **data);

/*
 * Append one record of 1 to LOG_RECORD_MAX bytes. It is durable after the next log_commit(). If
 * the file must grow, this call commits all earlier records: see log->durable. -EINVAL if the log
 * was not read to its end; after -ENOSPC the log can still be used.
 */
int log_append(struct log *log, const void *data, size_t length);

/*
 * Make all appended records durable, here and on as many mirrors as are required. If the storage
 * here fails, the call does not return: the library prints a message and ends the process, and the
 * log stays as it was at the previous commit. If too few mirrors succeed, it is unknown where the
 * records are durable: log->durable does not change, and all later commits fail, too.
 */
int log_commit(struct log *log);

/* Returns a line of text that says when stores to the storage under this log are durable. */
const char *log_promise(const struct log *log);

/*
 * Functions that log.c and sync.c call in each other.
 */

/*
 * Checks the header of a log of log->size bytes. Returns 0, or -EBADMSG after printing the reason.
 */
int log_check_header(const struct log *log);

/* Sets *size to the size of a file for the log on `mirror`. Leaves the mirror closed. */
int log_measure_mirror(struct mirror *mirror, size_t *size);

/*
 * Copy the log on `mirror` into `log`, a new file of the size that log_measure_mirror() has set.
 * Leaves the mirror closed.
 */
int log_fetch_mirror(struct log *log, struct mirror *mirror);

#endif
