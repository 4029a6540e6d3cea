/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "librpmem/remote_state.h"

static int ended(RPMEMpool *rpp)
{
	/* This load is sequentially consistent for the reason that notes_enter() gives. */
	return atomic_load(&rpp->error);
}

bool pool_end(RPMEMpool *rpp, int error, const char *sentence)
{
	pthread_mutex_lock(&rpp->lock);
	bool first = !ended(rpp);
	if (first) {
		snprintf(rpp->why, sizeof(rpp->why), "%s", sentence);
		atomic_store(&rpp->error, error);
	}
	pthread_mutex_unlock(&rpp->lock);
	return first;
}

void pool_give_up(RPMEMpool *rpp, int error)
{
	pthread_mutex_lock(&rpp->lock);
	snprintf(rpp->why, sizeof(rpp->why), "%s", err_get());
	atomic_store(&rpp->error, error);
	pthread_mutex_unlock(&rpp->lock);
}

void pool_revive(RPMEMpool *rpp)
{
	pthread_mutex_lock(&rpp->lock);
	atomic_store(&rpp->error, 0);
	pthread_mutex_unlock(&rpp->lock);
}

/* The error that ended the handle; 0 if a reconnect has made the handle usable again meanwhile. */
static int why_ended(RPMEMpool *rpp)
{
	pthread_mutex_lock(&rpp->lock);
	int rc = ended(rpp);
	if (rc)
		err_set(rc, "%s", rpp->why);
	pthread_mutex_unlock(&rpp->lock);
	return rc;
}

int pool_failure(RPMEMpool *rpp)
{
	if (likely(!ended(rpp))) {
		if (likely(!channel_error(rpp->session->channel)))
			return 0;
		int rc = channel_failure(rpp->session->channel);
		pool_end(rpp, rc, err_get());
	}
	return why_ended(rpp);
}

/*
 * The secret is chosen before the request is sent: if the reply is lost, the session can be
 * resumed.
 */
static int begin_with_secret(RPMEMpool *rpp)
{
	int rc = rpp->tried ? 0 : remote_secret(rpp->mine.secret);

	if (rc)
		return rc;
	rpp->tried = true;
	return remote_begin(rpp->session, rpp->mine.secret, &rpp->mine);
}

static int begin_session(RPMEMpool *rpp)
{
	int rc = 0;

	pthread_mutex_lock(&rpp->beginning);
	if (!atomic_load(&rpp->begun)) {
		if (rpp->has_state)
			rc = begin_with_secret(rpp);
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
 * that reason.
 */
int pool_judge(RPMEMpool *rpp, int rc)
{
	if (rc == -ECONNRESET && channel_has_ended(rpp->session->channel))
		rc = channel_failure(rpp->session->channel);
	if (rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EPROTO) {
		pool_end(rpp, rc, err_get());
		return why_ended(rpp);
	}
	return rc;
}

bool pool_attr_given(const struct rpmem_pool_attr *attr)
{
	static const struct rpmem_pool_attr zeros;

	return attr && memcmp(attr, &zeros, sizeof(zeros));
}
