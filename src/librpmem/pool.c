/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "librpmem/remote_state.h"

static int ended(RPMEMpool *rpp)
{
	/* Sequentially consistent: see notes_enter(). */
	return atomic_load(&rpp->error);
}

/* End the handle with this error, unless it has ended before: the first cause is kept. */
static void end_pool(RPMEMpool *rpp, int error, const char *sentence)
{
	pthread_mutex_lock(&rpp->lock);
	if (!ended(rpp)) {
		snprintf(rpp->why, sizeof(rpp->why), "%s", sentence);
		atomic_store_explicit(&rpp->error, error, memory_order_release);
	}
	pthread_mutex_unlock(&rpp->lock);
}

int pool_failure(RPMEMpool *rpp)
{
	if (!ended(rpp)) {
		if (!channel_error(rpp->session->channel))
			return 0;
		int rc = channel_failure(rpp->session->channel);
		end_pool(rpp, rc, err_get());
	}
	return err_set(ended(rpp), "%s", rpp->why);
}

int pool_check(RPMEMpool *rpp)
{
	return likely(fork_is_owner(&rpp->owner)) ? pool_failure(rpp) : fork_check(&rpp->owner);
}

static int begin_session(RPMEMpool *rpp)
{
	int rc = 0;

	pthread_mutex_lock(&rpp->beginning);
	if (!atomic_load(&rpp->begun)) {
		if (remote_has_state(rpp->session))
			rc = remote_begin(rpp->session, &rpp->mine);
		atomic_store(&rpp->begun, !rc);
	}
	pthread_mutex_unlock(&rpp->beginning);
	return rc;
}

int pool_begin(RPMEMpool *rpp)
{
	return likely(atomic_load_explicit(&rpp->begun, memory_order_acquire)) ? 0
									       : begin_session(rpp);
}

/*
 * When the target ends, its lanes are lost, often before the channel brings the reason: prefer
 * that.
 */
int pool_judge(RPMEMpool *rpp, int rc)
{
	if (rc == -ECONNRESET && channel_has_ended(rpp->session->channel))
		rc = channel_failure(rpp->session->channel);
	if (rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EPROTO) {
		end_pool(rpp, rc, err_get());
		return pool_failure(rpp);
	}
	return rc;
}

bool pool_attr_given(const struct rpmem_pool_attr *attr)
{
	static const struct rpmem_pool_attr zeros;

	return attr && memcmp(attr, &zeros, sizeof(zeros));
}
