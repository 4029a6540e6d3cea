/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback_failure.h - a failed write-back is remembered until the program knows of it
 *
 * The kernel keeps one error for each inode. It reports it once for each open file description, to
 * the first msync(2) or fsync(2) that asks, whatever range that asked for; it marks the pages
 * clean, so that a second try succeeds and proves nothing. These rules make up for that:
 *
 * W1	A failure is a record of the file: an epoch, the errno, the bytes that were being written.
 *	It lies in memory that forked children share, made before the first write-back or the first
 *	fork (shared.h). Files that never failed cost nothing; a call that succeeds pays one load
 *	of the epoch.
 * W2	Every answer of msync(2) but 0 and EINTR is a failure of the file. EINVAL, and ENOMEM where
 *	memory is not mapped, are reported and not recorded.
 * W3	The record is made before anybody is told.
 * W4	Bytes are durable only if their own msync(2) returned 0 and, looked at after that, the file
 *	has no record that is younger than the map. The age of the note does not count: a plain
 *	store comes before its flush.
 * W5	Between the kernel's answer and the record another thread or child may be told 0. It
 *	then waits for the write-backs of the file that are under way (flights.h), and for those of
 *	files that cannot be told apart from it: where /proc does not show their process.
 * W6	A second try fails again, whether the disk is well again or not, and whether or not the
 *	program has stored again. Calls that return an error return it each time; others call the
 *	handler, or end the process.
 * W7	It ends for a range when the map is gone, or when the program accepts the failure
 *	(acceptance.h): by its handler's answer for the range that it was told, or by
 *	holdfast_writeback_accept(). A later failure voids that. Bytes that the library itself
 *	copied after the record was made need no acceptance.
 * W8	The handler is called once for each range as it was written back. Where the range's own
 *	msync(2) returned 0, the failure is uncertain: another write-back of the file failed, and
 *	nobody can know whether these bytes were lost with it.
 * W9	Closing a map reports what is noted and not accepted, and then always closes. exit(3) ends
 *	the process only for noted ranges of which no call has told the program.
 * W10	Files in memory that the library has not mapped are looked up in /proc/self/maps, only
 *	when there is a record; where that cannot be read, they count as failed. A record has both
 *	identities of its file, that list's and that of fstat(2), as far as they are known: files
 *	that cannot be compared count as failed, too.
 * W11	Nobody can know of an error that the program's own fsync(2) has heard, or another process
 *	that is not its child; nor whether bytes that a new map shows are on the disk.
 *
 * Failures are reported with no lock held, so that a handler may call what it likes.
 */
#ifndef MAP_WRITEBACK_FAILURE_H
#define MAP_WRITEBACK_FAILURE_H

#include "libpmem2/holdfast.h"
#include "map/file_sync.h"

/* Once, when the library is loaded. */
void writeback_failure_init(void);

/*
 * Tell the handler that the pages may be lost; returns only if it took responsibility. At exit(3)
 * nothing is said of what the program has been told already. The caller has switched cancellation
 * off; the handler runs with the state before that.
 */
void writeback_failure_report(
	struct range pages, const struct file_sync_failure *failure, int cancel_state);
void writeback_failure_report_at_exit(
	struct range pages, const struct file_sync_failure *failure, int cancel_state);

/* As holdfast_set_writeback_handler(). */
void writeback_failure_set_handler(holdfast_writeback_handler handler, void *context);

/* Around fork: the handler is the same on both sides. */
void writeback_failure_before_fork(void);
void writeback_failure_after_fork_in_parent(void);
void writeback_failure_after_fork_in_child(void);

#endif
