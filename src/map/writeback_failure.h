/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback_failure.h - a failed write-back is remembered until the program knows of it
 *
 * The kernel keeps one error for each inode. It reports the error once for each open file
 * description, to the first msync(2) or fsync(2), whatever range that call covers. It also marks
 * the pages clean, so that a second try succeeds and proves nothing. These rules make up for that:
 *
 * W1	A failure is recorded for its file: an epoch, the errno, the bytes that were being written.
 *	The record lies in memory that forked children share, made before the first write-back or
 *	the first fork (shared.h). Files that never failed cost nothing; a call that succeeds pays
 *	one load of the epoch.
 * W2	Every result of msync(2) but success and EINTR is a failure of the file. EINVAL, and ENOMEM
 *	where memory is not mapped, are reported and not recorded.
 * W3	The record is made before anybody is told of the failure.
 * W4	Bytes are durable only if their own msync(2) returned 0 and the file then has no record
 *	that is younger than the map. It does not matter when the range was noted: a plain store
 *	comes before its flush.
 * W5	Between the kernel's answer and the record of a failure, msync(2) may return 0 to another
 *	thread or child. That one then waits for the write-backs of the file that are under way
 *	(flights.h), and for those that may be of the file because /proc does not show their
 *	process.
 * W6	A second try fails again, even if the disk works again, and whether or not the program
 *	has stored again. Calls that return an error return it each time; others call the
 *	handler, or end the process.
 * W7	A failure no longer counts for a range after the map is closed, or after the program has
 *	accepted the failure (acceptance.h): by its handler's return value for the reported range,
 *	or by holdfast_writeback_accept(). A later failure of the file counts again. Bytes that the
 *	library itself copied after the record was made need no acceptance.
 * W8	The handler is called once for each range as it was written back. If the range's own
 *	msync(2) returned 0, the failure is uncertain: another write-back of the file failed, and
 *	nobody can know whether these bytes were lost with it.
 * W9	Closing a map reports failures of noted ranges that were not accepted, and then always
 *	closes it. exit(3) ends the process only for noted ranges whose failure no call has
 *	reported to the program.
 * W10	For memory that the library has not mapped, the files are looked up in /proc/self/maps,
 *	only when a failure has been recorded; if this list cannot be read, the files count as
 *	failed. A record has both identities of its file, from that list and from fstat(2), as far
 *	as they are known: files that cannot be compared count as failed, too.
 * W11	Nobody can know of an error that the kernel has already reported to the program's own
 *	fsync(2), or to a process that is not its child; nor whether bytes that a new map shows
 *	are on the disk.
 *
 * Failures are reported with no lock held, so that a handler may call any function.
 */
#ifndef MAP_WRITEBACK_FAILURE_H
#define MAP_WRITEBACK_FAILURE_H

#include "libpmem2/holdfast.h"
#include "map/file_sync.h"

/* Call once, when the library is loaded. */
void writeback_failure_init(void);

/*
 * Log that stores to the pages may be lost, and call the handler that the program has set for this.
 * Returns if the handler takes responsibility for the loss; otherwise ends the process. The variant
 * for exit(3) does nothing for failures that the program was told of before. The caller has
 * switched cancellation off; the handler runs with `cancel_state`, the state before that.
 */
void writeback_failure_report(
	struct range pages, const struct file_sync_failure *failure, int cancel_state);
void writeback_failure_report_at_exit(
	struct range pages, const struct file_sync_failure *failure, int cancel_state);

/* Implements holdfast_set_writeback_handler(3). */
void writeback_failure_set_handler(holdfast_writeback_handler handler, void *context);

/*
 * Call these functions before and after fork: the handler that the program has set stays set in
 * parent and child.
 */
void writeback_failure_before_fork(void);
void writeback_failure_after_fork_in_parent(void);
void writeback_failure_after_fork_in_child(void);

#endif
