/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem2/holdfast.h - what Holdfast's libpmem2 offers beyond the calls of libpmem2.h
 *
 * These names are exported under a version node of their own: a program that uses one says so when
 * it is linked, and does not start with a libpmem2 that lacks it.
 */
#ifndef LIBPMEM2_HOLDFAST_H
#define LIBPMEM2_HOLDFAST_H 1

#include <stddef.h>
#include <stdint.h>

#include <libpmem2/base.h>
#include <libpmem2/explain.h>
#include <libpmem2/health.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * When a page cannot be written back.
 *
 * Persist, drain and the copies of a PAGE map return nothing that could report a full or failing
 * disk, and must not return as if all were well. So the process ends with a sentence, unless the
 * program has set a handler, which is told instead:
 *
 * On which thread: the one that was writing back, before the call that did so returns. That is the
 * thread that drains; the one that deletes a map, for what any thread had noted on it; a thread
 * that exits; the one that calls exit(3).
 *
 * What it may call: anything that may be called there, calls of this library too, since no lock is
 * held; but it must not delete a map that is being deleted. It may end the process, or leave by
 * siglongjmp() out of a drain or persist.
 *
 * What its return means: see below. Whatever it returns, the pages are not noted any more.
 *
 * What is lost: stores to these pages since the last drain that succeeded may have reached the
 * disk, in part, or not. The kernel may have marked the pages clean when the write failed, so that
 * a second one has nothing to do and succeeds. The library therefore remembers a failure of a
 * file: each later persist, drain, copy or deep flush of any map of it that was there at the time
 * fails, too, in this process and in processes forked from it, even if the program has stored
 * again. It ends for a range when the program says that it knows, by the handler's answer or by
 * holdfast_writeback_accept(), and when the map is deleted. Bytes that a copy function stored
 * after the failure do not fail for it.
 */

/*
 * The write-back that failed. Later versions may add members at the end, and set `struct_size`
 * accordingly.
 */
struct holdfast_writeback_failure {
	size_t struct_size;
	const void *addr; /* the pages: a multiple of the page size */
	size_t length;    /* in bytes, likewise */
	const char *path; /* the file, as the kernel names it; "unknown file" if it does not */
	uint64_t offset;  /* of the pages in the file, in bytes */
	int error; /* an errno of msync(2): EIO, ENOSPC, EROFS, ENOMEM if it was unmapped, ... */
	unsigned flags; /* HOLDFAST_WRITEBACK_UNCERTAIN or 0 */
};

/*
 * The pages themselves were written back, but another write-back of the same file has failed, with
 * this error, since the map was made. The kernel reports an error once, for the whole file: nobody
 * can know whether stores to these pages were among those that were lost.
 */
#define HOLDFAST_WRITEBACK_UNCERTAIN 1u

enum holdfast_writeback_verdict {
	HOLDFAST_WRITEBACK_ABORT, /* end the process with the message, as without a handler */
	HOLDFAST_WRITEBACK_LOST   /* the program knows that these stores are not durable: go on */
};

/* `context` is what was given to holdfast_set_writeback_handler(). */
typedef enum holdfast_writeback_verdict (*holdfast_writeback_handler)(
	const struct holdfast_writeback_failure *failure, void *context);

/*
 * Set the handler of the whole process; NULL, the default, aborts. Any thread may call it, and one
 * that is writing back at the time may still use the one before.
 */
void holdfast_set_writeback_handler(holdfast_writeback_handler handler, void *context);

/*
 * The program knows of every write-back that has failed so far and may concern
 * [addr, addr + length) of live maps. It stores again what it still needs, and persists that:
 * these calls succeed again. Only this process accepts; a later failure of the file has to be
 * accepted again. The library remembers some 60 ranges; what it forgets is reported once more. Any
 * thread may call it.
 *
 * 0, or PMEM2_E_MAPPING_NOT_FOUND if no live map has any of the range.
 */
int holdfast_writeback_accept(const void *addr, size_t length);

#ifdef __cplusplus
}
#endif

#endif
