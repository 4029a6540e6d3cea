/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/count.h"

#include <stdlib.h>
#include <string.h>

#include "librpmem/call.h"
#include "librpmem/export.h"
#include "librpmem/holdfast.h"

_Static_assert(WIRE_TIMES == HOLDFAST_TIMES, "a histogram travels as a whole");

int count_open(RPMEMpool *rpp)
{
	size_t size = rpp->nlanes * sizeof(*rpp->lanes_counted);

	if (rpp->lanes_counted)
		return 0;
	rpp->lanes_counted = aligned_alloc(_Alignof(struct pool_lane), size);
	rpp->tallies = calloc(rpp->nlanes, sizeof(*rpp->tallies));
	if (!rpp->lanes_counted || !rpp->tallies)
		return err_set(-ENOMEM, "%s: no memory", rpp->session->name);
	memset(rpp->lanes_counted, 0, size);
	for (unsigned i = 0; i < rpp->nlanes; i++)
		rpp->tallies[i] = &rpp->lanes_counted[i].tally;
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

	for (unsigned i = 0; rpp->lanes_counted && i < rpp->nlanes; i++)
		tally_sum(&rpp->lanes_counted[i].tally, sums);
	*counters = (struct wire_counters){
		.flushes = sums[TALLY_FLUSHES],
		.bytes = sums[TALLY_BYTES],
		.drains = sums[TALLY_DRAINS],
		.reads = sums[TALLY_READS],
		.read_bytes = sums[TALLY_READ_BYTES],
		.retries = sums[TALLY_RETRIES],
		.failures = sums[TALLY_FAILURES],
	};
	memcpy(counters->times, &sums[TALLY_TIMES], sizeof(counters->times));
}

static int tell(RPMEMpool *rpp, struct holdfast_remote_counts **stats)
{
	struct wire_counters counters;

	if (!rpp || !stats)
		return err_set(-EINVAL, "an argument is NULL");
	int rc = fork_check(&rpp->owner);
	if (rc)
		return rc;
	struct holdfast_remote_counts *told = malloc(sizeof(*told));
	if (!told)
		return err_set(-ENOMEM, "%s: no memory", rpp->session->name);
	count_sum(rpp, &counters);
	count_convert(&counters, told);
	*stats = told;
	return 0;
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
	};
	memcpy(to->times, from->times, sizeof(to->times));
}

EXPORT_HOLDFAST(holdfast_remote_stats)
int holdfast_remote_stats(RPMEMpool *rpp, struct holdfast_remote_counts **stats)
{
	struct call call = call_begin();

	return call_end(&call, tell(rpp, stats));
}

EXPORT_HOLDFAST(holdfast_remote_stats_free)
void holdfast_remote_stats_free(struct holdfast_remote_counts **stats)
{
	if (!stats)
		return;
	free(*stats);
	*stats = NULL;
}
