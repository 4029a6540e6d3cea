/* SPDX-License-Identifier: BSD-3-Clause */
/* missed.c - messages about accesses to files that the recorder noticed, but could not record */
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const meanings[MISSED_WAYS] = {
	[MISSED_NAMESPACE] =
		"calls and instructions of libraries in a namespace of their own (dlmopen)",
	[MISSED_MOVE] =
		"files or directories moved into the watched directory from elsewhere, whose content counts as durable",
	[MISSED_SPECIAL] = "symbolic links and special files in the watched directory",
	[MISSED_ROOM] =
		"names that are too long, or more names, files or directories than can be recorded",
	[MISSED_CUT] = "files that were shortened, but not to 0 bytes",
	[MISSED_ASYNC] =
		"asynchronous writes and syncs, made by the kernel or by other threads (io_uring, libaio, aio_write)",
	[MISSED_REMOTE] = "stores to pools on other machines (librpmem) that are not tested",
	[MISSED_GROWTH] = "files that became longer by a call that was not recorded",
};

char *missed_words(const struct trace *trace, enum missed way)
{
	const struct trace_missed *missed = &trace->missed[way];
	char *words;

	if (!missed->times)
		return NULL;
	if (asprintf(&words, "%s: %llu time%s, first %s", meanings[way],
		    (unsigned long long)missed->times, missed->times == 1 ? "" : "s",
		    missed->name) < 0)
		return NULL;
	return words_clean(words);
}
