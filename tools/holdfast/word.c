/* SPDX-License-Identifier: BSD-3-Clause */
/* word.c - give words to values for which the libraries have no names */
#include "tool.h"

const char *granularity_word(enum pmem2_granularity granularity)
{
	static const char *const words[] = {
		[PMEM2_GRANULARITY_BYTE] = "byte",
		[PMEM2_GRANULARITY_CACHE_LINE] = "cache-line",
		[PMEM2_GRANULARITY_PAGE] = "page",
	};

	return words[granularity];
}
