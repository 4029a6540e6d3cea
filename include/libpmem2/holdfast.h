/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/holdfast.h - what Holdfast's libpmem2 offers beyond the calls of libpmem2.h
 *
 * These functions have a symbol version of their own: a program that uses one does not start with a
 * libpmem2 that lacks it.
 */
#ifndef LIBPMEM2_HOLDFAST_H
#define LIBPMEM2_HOLDFAST_H 1

#include <stddef.h>
#include <stdint.h>

#include <libpmem2/base.h>
#include <libpmem2/explain.h>
#include <libpmem2/health.h>
#include <libpmem2/times.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * When a page cannot be written back.
 *
 * Persist, drain and the copies of a PAGE map return nothing that could report a full or failing
 * disk, and must not return as if all were well. So the process aborts with a message, unless the
 * program has set a handler. Then the library calls the handler instead:
 *
 * Its thread: the handler runs on the thread that writes back, before that call returns. This is a
 * thread that drains; a thread that deletes a map, for the ranges that any thread flushed on it; a
 * thread that exits; or the thread that calls exit(3).
 *
 * Calls that it may make: any that the thread could make itself, calls of this library too, since
 * no lock is held; but it must not delete a map that is being deleted. It may end the process, or
 * leave a drain or persist by siglongjmp().
 *
 * Its return value: see enum holdfast_writeback_verdict. In any case the library forgets these
 * pages: a later drain does not write them back again.
 *
 * Lost stores: stores to these pages since the last successful drain may have reached the disk
 * wholly, partly or not at all. The kernel may have marked the pages clean when the write failed,
 * so that a second write-back has nothing to do and succeeds. The library therefore remembers the
 * failure: each later persist, drain, copy or deep flush of any map of the file that existed at the
 * time fails, too, in this process and in processes forked from it, even if the program has stored
 * again. For a range this ends when the program accepts the failure, by the handler's return value
 * or by holdfast_writeback_accept(), and when the map is deleted. An old failure does not affect
 * bytes that a copy function stored after it.
 */

/*
 * A write-back that failed. Later versions may add members at the end, and set `struct_size`
 * accordingly.
 */
struct holdfast_writeback_failure {
	size_t struct_size;
	const void *addr; /* address of the first page */
	size_t length;    /* in bytes, a multiple of the page size */
	const char *path; /* the kernel's name of the file; "unknown file" if it gives none */
	uint64_t offset;  /* offset of the pages in the file, in bytes */
	int error; /* an errno of msync(2): EIO, ENOSPC, EROFS, ENOMEM if it was unmapped, ... */
	unsigned flags; /* HOLDFAST_WRITEBACK_UNCERTAIN or 0 */
};

/*
 * Flag: these pages themselves were written back, but since the map was made another write-back of
 * the same file has failed, with this error. The kernel reports an error once, for the whole file:
 * it is unknown whether stores to these pages were among the lost ones.
 */
#define HOLDFAST_WRITEBACK_UNCERTAIN 1u

enum holdfast_writeback_verdict {
	HOLDFAST_WRITEBACK_ABORT, /* print a message and abort, as without a handler */
	HOLDFAST_WRITEBACK_LOST   /* the program knows that the stores are not durable: go on */
};

/* A handler. `context` is the pointer that holdfast_set_writeback_handler() was called with. */
typedef enum holdfast_writeback_verdict (*holdfast_writeback_handler)(
	const struct holdfast_writeback_failure *failure, void *context);

/*
 * Set the handler of the whole process; NULL, the default, aborts. Any thread may call this; a
 * thread that is writing back at the time may still use the previous handler.
 */
void holdfast_set_writeback_handler(holdfast_writeback_handler handler, void *context);

/*
 * Accept every write-back that has failed so far and may concern [addr, addr + length) of live
 * maps. The program then stores again the data that it still needs, and persists it, which then
 * succeeds again. The call is for this process only, and for failures so far: a later failure of
 * the file must be accepted again. The library remembers about 60 accepted ranges; failures in a
 * range that it forgets are reported once more. Any thread may call this.
 *
 * Returns 0, or PMEM2_E_MAPPING_NOT_FOUND if no live map contains any byte of the range.
 */
int holdfast_writeback_accept(const void *addr, size_t length);

/*
 * Counters of all PAGE maps of this process, since the library was loaded or the process was
 * forked. Maps of other granularities are not counted: `holdfast stat' counts these from outside.
 * Later versions may add members at the end, and set `struct_size` accordingly.
 */
struct holdfast_writeback_counts {
	size_t struct_size;
	uint64_t flushes;  /* ranges of at least one byte that were flushed, persisted or copied */
	uint64_t bytes;    /* bytes that were flushed, persisted or copied */
	uint64_t drains;   /* drains and persists that had anything to write back */
	uint64_t ranges;   /* number of write-backs; ranges near each other share one */
	uint64_t pages;    /* pages that were written back */
	uint64_t retries;  /* calls of msync(2) that a signal interrupted, and that were repeated */
	uint64_t failures; /* write-backs after which the pages may not be durable */
	uint64_t times[HOLDFAST_TIMES]; /* how many drains took how long: see libpmem2/times.h */
};

/*
 * Get the counters. The caller must free *stats with holdfast_writeback_stats_free(). Returns 0, or
 * -ENOMEM. Any thread may call it; what other threads are doing at the time may be counted in part.
 */
int holdfast_writeback_stats(struct holdfast_writeback_counts **stats);

/* Free *stats; it becomes NULL. Does nothing if it is NULL. */
void holdfast_writeback_stats_free(struct holdfast_writeback_counts **stats);

#ifdef __cplusplus
}
#endif

#endif
