/* SPDX-License-Identifier: BSD-3-Clause */
/* stats.c - the calls that report the counters of a pool */
#include <stdlib.h>

#include "librpmem/call.h"
#include "librpmem/count.h"
#include "librpmem/export.h"
#include "librpmem/holdfast.h"

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
		return err_set(-ENOMEM, "out of memory for counters");
	count_sum(rpp, &counters);
	count_convert(&counters, told);
	*stats = told;
	return 0;
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
