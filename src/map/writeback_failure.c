/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/writeback_failure.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/log.h"

#define NAME_MAX_SHOWN 256

static struct {
	pthread_mutex_t lock; /* of the two below; not held while the handler runs */
	holdfast_writeback_handler handler;
	void *context;
} program = {.lock = PTHREAD_MUTEX_INITIALIZER};

void writeback_failure_set_handler(holdfast_writeback_handler handler, void *context)
{
	pthread_mutex_lock(&program.lock);
	program.handler = handler;
	program.context = context;
	pthread_mutex_unlock(&program.lock);
}

void writeback_failure_before_fork(void)
{
	pthread_mutex_lock(&program.lock);
}

void writeback_failure_after_fork(void)
{
	pthread_mutex_unlock(&program.lock);
}

void writeback_failure_add(struct writeback_failures *failures, struct range pages, int error)
{
	struct writeback_failure *last;

	if (failures->count < WRITEBACK_FAILURES_MAX) {
		failures->list[failures->count++] = (struct writeback_failure){pages, error};
		return;
	}
	last = &failures->list[WRITEBACK_FAILURES_MAX - 1];
	if (pages.from < last->pages.from)
		last->pages.from = pages.from;
	if (pages.to > last->pages.to)
		last->pages.to = pages.to;
}

/* Past the next field and the spaces behind it. */
static char *next_field(char *at)
{
	at += strcspn(at, " \n");
	return at + strspn(at, " ");
}

/*
 * A line of that list, "from-to permissions offset device inode path"; scanf takes 2 KiB of stack.
 */
static bool is_line_of(uintptr_t address, char *line, uint64_t *offset, char **path)
{
	char *at;
	uintptr_t from = strtoull(line, &at, 16);
	uintptr_t to = *at == '-' ? strtoull(at + 1, &at, 16) : 0;

	if (address < from || address >= to)
		return false;
	at = next_field(next_field(at));
	*offset = strtoull(at, NULL, 16) + (address - from);
	*path = next_field(next_field(next_field(at)));
	(*path)[strcspn(*path, "\n")] = '\0';
	return true;
}

/*
 * The file at an address, and the offset in it, from the kernel's own list. The library keeps no
 * names and no descriptors of its own for this: closing one would drop the program's POSIX locks.
 * To be freed; NULL if no file is known. The line must be off the stack when the log is written.
 */
NOINLINE static char *find_file(uintptr_t address, uint64_t *offset)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], *path = NULL;

	*offset = 0;
	while (maps && fgets(line, sizeof(line), maps))
		if (is_line_of(address, line, offset, &path))
			break;
	if (maps)
		fclose(maps);
	return path && *path ? strdup(path) : NULL;
}

NORETURN static void end_process(const struct holdfast_writeback_failure *failure)
{
	char sentence[NAME_MAX_SHOWN + 256];

	errno = failure->error;
	int length = snprintf(sentence, sizeof(sentence),
		"holdfast: stores to %s are not durable: writing back bytes %" PRIu64 " to %" PRIu64
		", mapped at %p, failed: %m; the program is ended\n",
		failure->path, failure->offset, failure->offset + failure->length, failure->addr);
	if (length > (int)sizeof(sentence) - 1)
		length = (int)sizeof(sentence) - 1;
	/* Nobody is left to tell if this fails. */
	ssize_t written = write(STDERR_FILENO, sentence, (size_t)length);
	(void)written;
	abort();
}

/*
 * The handler may never return: what it is told must not be on the heap, nor any lock be held. In a
 * frame of its own, because a stack of 4 KiB must do for this and for the log.
 */
NOINLINE static void tell(struct holdfast_writeback_failure *failure, char *path)
{
	char shown[NAME_MAX_SHOWN] = "unknown file";

	if (path) {
		strncpy(shown, path, sizeof(shown) - 1);
		shown[sizeof(shown) - 1] = '\0';
	}
	free(path);
	failure->path = shown;
	pthread_mutex_lock(&program.lock);
	holdfast_writeback_handler handler = program.handler;
	void *context = program.context;
	pthread_mutex_unlock(&program.lock);
	if (!handler || handler(failure, context) != HOLDFAST_WRITEBACK_LOST)
		end_process(failure);
}

static void report(const struct writeback_failure *failure)
{
	struct holdfast_writeback_failure told = {
		.struct_size = sizeof(told),
		.addr = (const void *)failure->pages.from,
		.length = failure->pages.to - failure->pages.from,
		.error = failure->error,
	};
	char *path = find_file(failure->pages.from, &told.offset);

	errno = failure->error;
	log_error("writing back bytes %" PRIu64 " to %" PRIu64 " of %s failed: %m", told.offset,
		told.offset + told.length, path ? path : "unknown file");
	tell(&told, path);
}

void writeback_failure_report(const struct writeback_failures *failures)
{
	for (unsigned i = 0; i < failures->count; i++)
		report(&failures->list[i]);
}
