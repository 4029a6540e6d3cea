/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/waiters.h"

#include <errno.h>
#include <time.h>

/*
 * Time in ns that rpmem_close() sleeps before it checks again if all waiting threads have left. A
 * thread leaves as soon as it is woken, so the sleep is rare and short.
 */
#define NAP_NS 200000

int waiters_send_away(RPMEMpool *rpp)
{
	const struct timespec nap = {.tv_nsec = NAP_NS};

	atomic_store(&rpp->closing, true);
	if (atomic_load(&rpp->waiters))
		channel_hang_up(rpp->session->channel);
	while (atomic_load(&rpp->waiters))
		nanosleep(&nap, NULL);
	for (unsigned lane = 0; lane < rpp->nlanes; lane++)
		if (pool_is_started(rpp, lane))
			return err_set(-ECANCELED,
				"%s: lane %u: the pool was closed before the program waited for the persist that it started",
				rpp->session->name, lane);
	return 0;
}
