/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/pool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int ended(RPMEMpool *rpp)
{
	return atomic_load_explicit(&rpp->error, memory_order_acquire);
}

/* The first cause stays. */
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

/* When ssh goes, the data channel goes with it: what either says is about as good. */
int pool_judge(RPMEMpool *rpp, int rc)
{
	if (rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EPROTO) {
		end_pool(rpp, rc, err_get());
		return pool_failure(rpp);
	}
	return rc;
}

bool pool_attr_in(struct control_attr *attr, const struct rpmem_pool_attr *from)
{
	static const struct rpmem_pool_attr none;

	memset(attr, 0, sizeof(*attr));
	if (!from || !memcmp(from, &none, sizeof(none)))
		return false;
	memcpy(attr->signature, from->signature, sizeof(attr->signature));
	attr->major = from->major;
	attr->compat = from->compat_features;
	attr->incompat = from->incompat_features;
	attr->ro_compat = from->ro_compat_features;
	memcpy(attr->poolset_uuid, from->poolset_uuid, sizeof(attr->poolset_uuid));
	memcpy(attr->uuid, from->uuid, sizeof(attr->uuid));
	memcpy(attr->next_uuid, from->next_uuid, sizeof(attr->next_uuid));
	memcpy(attr->prev_uuid, from->prev_uuid, sizeof(attr->prev_uuid));
	memcpy(attr->user_flags, from->user_flags, sizeof(attr->user_flags));
	return true;
}

void pool_attr_out(struct rpmem_pool_attr *attr, const struct control_attr *from)
{
	memcpy(attr->signature, from->signature, sizeof(attr->signature));
	attr->major = from->major;
	attr->compat_features = from->compat;
	attr->incompat_features = from->incompat;
	attr->ro_compat_features = from->ro_compat;
	memcpy(attr->poolset_uuid, from->poolset_uuid, sizeof(attr->poolset_uuid));
	memcpy(attr->uuid, from->uuid, sizeof(attr->uuid));
	memcpy(attr->next_uuid, from->next_uuid, sizeof(attr->next_uuid));
	memcpy(attr->prev_uuid, from->prev_uuid, sizeof(attr->prev_uuid));
	memcpy(attr->user_flags, from->user_flags, sizeof(attr->user_flags));
}
