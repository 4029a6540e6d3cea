/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/call.h"
#include "librpmem/export.h"
#include "librpmem/pool.h"

static int send_attributes(RPMEMpool *rpp, const struct rpmem_pool_attr *attr)
{
	uint8_t bytes[1 + CONTROL_ATTR_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct control_set_attr set = {.has_attr = pool_attr_given(attr)};

	int rc = pool_failure(rpp);
	if (!rc)
		rc = pool_begin(rpp);
	if (rc)
		return rc;
	if (set.has_attr)
		set.attr = *attr;
	control_put_set_attr(&out, &set);
	return channel_call(rpp->session->channel, CONTROL_SET_ATTR, &out, "set_attr", NULL);
}

static int set_attributes(RPMEMpool *rpp, const struct rpmem_pool_attr *attr)
{
	if (!rpp)
		return err_set(-EINVAL, "the pool is NULL");
	int rc = fork_check(&rpp->owner);
	if (rc)
		return rc;
	notes_enter(&rpp->notes, NOTES_NO_LANE);
	rc = send_attributes(rpp, attr);
	notes_leave(&rpp->notes, NOTES_NO_LANE);
	return rc;
}

EXPORT(rpmem_set_attr)
int rpmem_set_attr(RPMEMpool *rpp, const struct rpmem_pool_attr *attr)
{
	struct call call = call_begin();

	return call_end(&call, set_attributes(rpp, attr));
}
