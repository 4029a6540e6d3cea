/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/count.h"

#include <stdlib.h>
#include <string.h>

#include "librpmem/holdfast.h"

_Static_assert(WIRE_TIMES == HOLDFAST_TIMES,
	"a histogram must have as many entries in protocol messages as in holdfast.h");

int count_open(RPMEMpool *rpp)
{
	size_t size = rpp->nlanes * sizeof(*rpp->lanes_counted);

	if (rpp->lanes_counted)
		return 0;
	rpp->lanes_counted = aligned_alloc(_Alignof(struct pool_lane), size);
	rpp->tallies = calloc(rpp->nlanes, sizeof(*rpp->tallies));
	if (!rpp->lanes_counted || !rpp->tallies)
		return err_set(-ENOMEM, "%s: out of memory", rpp->session->name);
	memset(rpp->lanes_counted, 0, size);
	for (unsigned i = 0; i < rpp->nlanes; i++)
		rpp->tallies[i] = &rpp->lanes_counted[i].tally;
	/*
	 * Release order: a thread that loads the number of counted lanes also sees the counters of
	 * these lanes.
	 */
	atomic_store_explicit(&rpp->ncounted, rpp->nlanes, memory_order_release);
	return 0;
}

void count_close(RPMEMpool *rpp)
{
	free(rpp->tallies);
	free(rpp->lanes_counted);
}

void count_sum(const RPMEMpool *rpp, struct wire_counters *counters)
{
	uint64_t sums[TALLY_KINDS] = {0};
	/* Acquire: pairs with the release in count_open(). */
	unsigned count = atomic_load_explicit(&rpp->ncounted, memory_order_acquire);

	for (unsigned i = 0; i < count; i++)
		tally_sum(&rpp->lanes_counted[i].tally, sums);
	*counters = (struct wire_counters){
		.flushes = sums[TALLY_FLUSHES],
		.bytes = sums[TALLY_BYTES],
		.drains = sums[TALLY_DRAINS],
		.reads = sums[TALLY_READS],
		.read_bytes = sums[TALLY_READ_BYTES],
		.retries = sums[TALLY_RETRIES],
		.failures = sums[TALLY_FAILURES],
		.reconnects = sums[TALLY_RECONNECTS],
	};
	memcpy(counters->times, &sums[TALLY_TIMES], sizeof(counters->times));
}

void count_convert(const struct wire_counters *from, struct holdfast_remote_counts *to)
{
	*to = (struct holdfast_remote_counts){
		.struct_size = sizeof(*to),
		.flushes = from->flushes,
		.bytes = from->bytes,
		.drains = from->drains,
		.reads = from->reads,
		.read_bytes = from->read_bytes,
		.retries = from->retries,
		.failures = from->failures,
		.reconnects = from->reconnects,
	};
	memcpy(to->times, from->times, sizeof(to->times));
}
