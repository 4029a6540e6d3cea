/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "libpmem2/check.h"
#include "libpmem2/export.h"
#include "libpmem2/holdfast.h"
#include "map/notes.h"

EXPORT_HOLDFAST(holdfast_writeback_stats)
int holdfast_writeback_stats(struct holdfast_writeback_counts **stats)
{
	uint64_t sums[TALLY_KINDS];

	CHECK_NOT_NULL(stats);
	struct holdfast_writeback_counts *made = malloc(sizeof(*made));
	if (!made)
		return err_set(-ENOMEM, "out of memory for the counters of write-back");
	notes_sum(sums);
	*made = (struct holdfast_writeback_counts){
		.struct_size = sizeof(*made),
		.flushes = sums[TALLY_FLUSHES],
		.bytes = sums[TALLY_BYTES],
		.drains = sums[TALLY_DRAINS],
		.ranges = sums[TALLY_RANGES],
		.pages = sums[TALLY_PAGES],
		.retries = sums[TALLY_RETRIES],
		.failures = sums[TALLY_FAILURES],
	};
	memcpy(made->times, &sums[TALLY_TIMES], sizeof(made->times));
	*stats = made;
	return 0;
}

EXPORT_HOLDFAST(holdfast_writeback_stats_free)
void holdfast_writeback_stats_free(struct holdfast_writeback_counts **stats)
{
	if (!stats)
		return;
	free(*stats);
	*stats = NULL;
}
