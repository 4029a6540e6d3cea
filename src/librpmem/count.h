/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * count.h - count the calls on each lane (base/tally.h)
 *
 * A lane's counters are in cache lines of its own: the thread that is in a call on the lane is the
 * only one that changes them. The counters belong to the pool and keep their values when it
 * connects to the target again.
 */
#ifndef LIBRPMEM_COUNT_H
#define LIBRPMEM_COUNT_H

#include <errno.h>

#include "base/attr.h"
#include "base/usdt.h"
#include "librpmem/holdfast.h"
#include "librpmem/pool.h"
#include "wire/counters.h"

/* Allocate the counters of each lane, unless the pool has them already. Returns 0 or -ENOMEM. */
int count_open(RPMEMpool *rpp);
void count_close(RPMEMpool *rpp);

/*
 * Sum the counters of all lanes. Any thread may call it, also during count_open(): the target may
 * ask as soon as it has opened the pool. Lanes without counters have not counted anything.
 */
void count_sum(const RPMEMpool *rpp, struct wire_counters *counters);

void count_convert(const struct wire_counters *from, struct holdfast_remote_counts *to);

/* -- for the thread that is in a call on the lane; `rc` is the result, and is returned -- */

/* Mistakes of the caller, such as a lane that does not exist, are not counted. */
static inline int count_failure(RPMEMpool *rpp, unsigned lane, int rc)
{
	if (rc == -EINVAL || rc == -EBUSY || lane >= rpp->nlanes)
		return rc;
	tally_add(&rpp->lanes_counted[lane].tally, TALLY_FAILURES, 1);
	USDT3(remote_failure, rpp, lane, -rc);
	return rc;
}

static inline int count_flush(RPMEMpool *rpp, unsigned lane, size_t length, int rc)
{
	if (unlikely(rc))
		return count_failure(rpp, lane, rc);
	if (likely(length))
		tally_add(&rpp->lanes_counted[lane].tally, TALLY_FLUSHES, 1);
	tally_add(&rpp->lanes_counted[lane].tally, TALLY_BYTES, length);
	return rc;
}

/* Count a drain. `begun` is the time, by tally_now(), at which the drain began. */
static inline int count_drain(RPMEMpool *rpp, unsigned lane, uint64_t begun, int rc)
{
	if (unlikely(rc))
		return count_failure(rpp, lane, rc);
	uint64_t took = tally_now() - begun;
	tally_add(&rpp->lanes_counted[lane].tally, TALLY_DRAINS, 1);
	tally_add(&rpp->lanes_counted[lane].tally, tally_time(took), 1);
	USDT3(remote_drain, rpp, lane, took);
	return rc;
}

static inline int count_persist(
	RPMEMpool *rpp, unsigned lane, size_t offset, size_t length, uint64_t begun, int rc)
{
	rc = count_drain(rpp, lane, begun, rc);
	if (unlikely(rc))
		return rc;
	USDT4(remote_persist, rpp, lane, offset, length);
	return count_flush(rpp, lane, length, rc);
}

static inline int count_read(RPMEMpool *rpp, unsigned lane, size_t length, int rc)
{
	if (unlikely(rc))
		return count_failure(rpp, lane, rc);
	tally_add(&rpp->lanes_counted[lane].tally, TALLY_READS, 1);
	tally_add(&rpp->lanes_counted[lane].tally, TALLY_READ_BYTES, length);
	return rc;
}

/*
 * Count a reconnect. Only the thread that reconnects calls this, while no other call is in
 * progress on the pool.
 */
static inline void count_reconnect(RPMEMpool *rpp, uint64_t bytes, uint64_t begun)
{
	uint64_t took = tally_now() - begun;

	tally_add(&rpp->lanes_counted[0].tally, TALLY_RECONNECTS, 1);
	USDT3(remote_reconnect, rpp, bytes, took);
}

#endif
