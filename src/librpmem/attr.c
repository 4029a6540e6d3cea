/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "librpmem/export.h"
#include "librpmem/pool.h"

EXPORT(rpmem_set_attr)
int rpmem_set_attr(RPMEMpool *rpp, const struct rpmem_pool_attr *attr)
{
	uint8_t bytes[1 + CONTROL_ATTR_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct control_set_attr set = {.has_attr = pool_attr_given(attr)};
	int before = errno;

	if (!rpp)
		return session_fail(err_set(-EINVAL, "the pool is NULL"));
	int rc = pool_failure(rpp);
	if (rc)
		return session_fail(rc);
	if (set.has_attr)
		set.attr = *attr;
	control_put_set_attr(&out, &set);
	rc = channel_call(rpp->session->channel, CONTROL_SET_ATTR, &out, "set_attr", NULL);
	if (rc)
		return session_fail(rc);
	errno = before;
	return 0;
}
