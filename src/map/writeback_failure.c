/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/writeback_failure.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/checked_lock.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/say.h"
#include "map/acceptance.h"
#include "map/mapped_file.h"

#define NAME_MAX_SHOWN 256

static struct {
	pthread_mutex_t lock; /* guards the next two members; not held while the handler runs */
	holdfast_writeback_handler handler;
	void *context;
} program;

void writeback_failure_init(void)
{
	checked_lock_init(&program.lock);
}

void writeback_failure_set_handler(holdfast_writeback_handler handler, void *context)
{
	checked_lock_take(&program.lock);
	program.handler = handler;
	program.context = context;
	checked_lock_release(&program.lock);
}

void writeback_failure_before_fork(void)
{
	checked_lock_take(&program.lock);
}

void writeback_failure_after_fork_in_parent(void)
{
	checked_lock_release(&program.lock);
}

void writeback_failure_after_fork_in_child(void)
{
	checked_lock_init_in_child(&program.lock);
}

/* Not on the stack, because a public call may take only 4 KiB of it. */
static __thread char message[NAME_MAX_SHOWN + 256];

/*
 * A failure, as reported to the log, to the program's handler and in the last message of the
 * process.
 */
struct report {
	struct holdfast_writeback_failure told;
	const struct failed_write *write;
	char path[NAME_MAX_SHOWN];
};

/* Describe the failure: "stores to F ...", cut off to fit. Returns the length. */
static size_t describe(const struct report *report, char *text, size_t size)
{
	const struct holdfast_writeback_failure *told = &report->told;
	uint64_t end = told->offset + told->length;
	int length;

	errno = told->error;
	if (told->flags & HOLDFAST_WRITEBACK_UNCERTAIN)
		length = snprintf(text, size,
			"stores to %s may not be durable: writing back bytes %" PRIu64
			" to %" PRIu64 " of it failed: %m; it is not known whether bytes %" PRIu64
			" to %" PRIu64 ", mapped at %p, were lost, too",
			told->path, report->write->offset,
			report->write->offset + report->write->length, told->offset, end,
			told->addr);
	else
		length = snprintf(text, size,
			"stores to %s are not durable: writing back bytes %" PRIu64 " to %" PRIu64
			", mapped at %p, failed: %m",
			told->path, told->offset, end, told->addr);
	return length < (int)size ? (size_t)length : size - 1;
}

NORETURN NOINLINE static void end_process(const struct report *report)
{
	static const char head[] = "holdfast: ", tail[] = "; aborting\n";
	size_t length = sizeof(head) - 1;

	memcpy(message, head, length);
	length += describe(report, message + length, sizeof(message) - length - sizeof(tail));
	printable(message);
	memcpy(message + length, tail, sizeof(tail));
	say(STDERR_FILENO, message, length + sizeof(tail) - 1);
	abort();
}

NOINLINE static void log_report(const struct report *report)
{
	describe(report, message, sizeof(message));
	log_error("%s", message);
}

static bool take_name(const struct mapped_file *mapped, void *context)
{
	struct report *report = context;

	report->told.offset = mapped->offset;
	if (*mapped->path)
		strncpy(report->path, mapped->path, sizeof(report->path) - 1);
	return true;
}

/*
 * Find the name of the file that is mapped in a range of addresses. Not inlined, so that the buffer
 * for a line of /proc/self/maps is no longer on the stack when the handler that the program has set
 * is called.
 */
NOINLINE static void find_name(struct report *report, struct range pages)
{
	strcpy(report->path, "unknown file");
	mapped_files_walk(pages, take_name, report);
	report->told.path = report->path;
}

/*
 * Call the handler that the program has set for failed write-backs. It may leave by a jump: so no
 * lock is held, and nothing that the handler gets is on the heap.
 */
static bool program_accepts(const struct report *report, int cancel_state)
{
	bool accepts = false;

	checked_lock_take(&program.lock);
	holdfast_writeback_handler handler = program.handler;
	void *context = program.context;
	checked_lock_release(&program.lock);
	if (handler) {
		pthread_setcancelstate(cancel_state, NULL);
		accepts = handler(&report->told, context) == HOLDFAST_WRITEBACK_LOST;
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	}
	return accepts;
}

void writeback_failure_report(
	struct range pages, const struct file_sync_failure *failure, int cancel_state)
{
	struct report report = {
		.told.struct_size = sizeof(report.told),
		.told.addr = (const void *)pages.from,
		.told.length = pages.to - pages.from,
		.told.error = failure->write.error,
		.told.flags = failure->uncertain ? HOLDFAST_WRITEBACK_UNCERTAIN : 0,
		.write = &failure->write,
	};

	find_name(&report, pages);
	log_report(&report);
	if (!program_accepts(&report, cancel_state))
		end_process(&report);
	acceptance_add(failure->file, pages, failure->write.epoch);
}

void writeback_failure_report_at_exit(
	struct range pages, const struct file_sync_failure *failure, int cancel_state)
{
	if (!acceptance_was_told(failure->file, pages, failure->write.epoch))
		writeback_failure_report(pages, failure, cancel_state);
}
