/* SPDX-License-Identifier: BSD-3-Clause */
/* missed.c - messages about what the recorder noticed, but could not follow */
#include "facts.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const meanings[MISSED_WAYS] = {
	[MISSED_NAMESPACE] = "calls and instructions of libraries in a namespace of their own "
			     "(dlmopen)",
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
