/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/failure.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
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

void failures_set_handler(holdfast_writeback_handler handler, void *context)
{
	pthread_mutex_lock(&program.lock);
	program.handler = handler;
	program.context = context;
	pthread_mutex_unlock(&program.lock);
}

void failures_before_fork(void)
{
	pthread_mutex_lock(&program.lock);
}

void failures_after_fork(void)
{
	pthread_mutex_unlock(&program.lock);
}

void failures_add(struct failures *failures, struct range pages, int error)
{
	struct failure *last;

	if (failures->count < FAILURES_MAX) {
		failures->list[failures->count++] = (struct failure){pages, error};
		return;
	}
	last = &failures->list[FAILURES_MAX - 1];
	if (pages.from < last->pages.from)
		last->pages.from = pages.from;
	if (pages.to > last->pages.to)
		last->pages.to = pages.to;
}

/*
 * The file at an address, and the offset in it, from the kernel's own list. The library keeps no
 * names and no descriptors of its own for this: closing one would drop the program's POSIX locks.
 */
static void find_file(uintptr_t address, char name[NAME_MAX_SHOWN], uint64_t *offset)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t from, to;
	uint64_t start;
	char line[512];

	strcpy(name, "unknown file");
	*offset = 0;
	while (maps && fgets(line, sizeof(line), maps)) {
		char path[NAME_MAX_SHOWN];
		int fields =
			sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %" SCNx64 " %*s %*s %255[^\n]",
				&from, &to, &start, path);
		if (fields < 3 || address < from || address >= to)
			continue;
		if (fields == 4)
			strcpy(name, path);
		*offset = start + (address - from);
		break;
	}
	if (maps)
		fclose(maps);
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

static void report(const struct failure *failure)
{
	char name[NAME_MAX_SHOWN];
	struct holdfast_writeback_failure told = {
		.struct_size = sizeof(told),
		.addr = (const void *)failure->pages.from,
		.length = failure->pages.to - failure->pages.from,
		.path = name,
		.error = failure->error,
	};

	find_file(failure->pages.from, name, &told.offset);
	errno = failure->error;
	log_error("writing back bytes %" PRIu64 " to %" PRIu64 " of %s failed: %m", told.offset,
		told.offset + told.length, name);

	pthread_mutex_lock(&program.lock);
	holdfast_writeback_handler handler = program.handler;
	void *context = program.context;
	pthread_mutex_unlock(&program.lock);
	if (!handler || handler(&told, context) != HOLDFAST_WRITEBACK_LOST)
		end_process(&told);
}

void failures_report(const struct failures *failures)
{
	for (unsigned i = 0; i < failures->count; i++)
		report(&failures->list[i]);
}
