/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c - make ranges durable, and read them */
#include <errno.h>

#include "base/attr.h"
#include "librpmem/export.h"
#include "librpmem/pool.h"

/* Nothing is done with a handle that has ended, or for a caller who is wrong. */
static int check_lane(RPMEMpool *rpp, unsigned lane, unsigned flags, unsigned allowed)
{
	if (unlikely(!rpp))
		return err_set(-EINVAL, "the pool is NULL");
	int rc = pool_failure(rpp);
	if (unlikely(rc))
		return rc;
	if (unlikely(flags & ~allowed))
		return err_set(
			-EINVAL, "%s: flags %#x are unknown", rpp->session->name, flags & ~allowed);
	if (unlikely(lane >= rpp->nlanes))
		return err_set(-EINVAL, "%s: there is no lane %u: they are %u", rpp->session->name,
			lane, rpp->nlanes);
	return 0;
}

static int check_range(RPMEMpool *rpp, size_t offset, size_t length, size_t guard)
{
	if (unlikely(offset < guard))
		return err_set(-EINVAL, "%s: offset %zu is in the header: the first %zu bytes",
			rpp->session->name, offset, guard);
	if (unlikely(offset >= rpp->size || length > rpp->size - offset))
		return err_set(-EINVAL, "%s: offset %zu, length %zu is beyond the pool's %zu bytes",
			rpp->session->name, offset, length, rpp->size);
	return 0;
}

/* What a call returns. errno is as before if it has worked. */
static int result(RPMEMpool *rpp, int rc, int before)
{
	if (unlikely(rc))
		return session_fail(pool_judge(rpp, rc));
	errno = before;
	return 0;
}

EXPORT(rpmem_flush)
int rpmem_flush(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	int before = errno, rc = check_lane(rpp, lane, flags, RPMEM_FLUSH_RELAXED);

	if (!rc)
		rc = check_range(rpp, offset, length, rpp->guard);
	if (unlikely(rc))
		return session_fail(rc);
	if (!length)
		return 0;
	return result(rpp,
		fabric_flush(rpp->fabric, lane, offset, length, flags & RPMEM_FLUSH_RELAXED),
		before);
}

EXPORT(rpmem_drain)
int rpmem_drain(RPMEMpool *rpp, unsigned lane, unsigned flags)
{
	int before = errno, rc = check_lane(rpp, lane, flags, 0);

	if (unlikely(rc))
		return session_fail(rc);
	return result(rpp, fabric_drain(rpp->fabric, lane), before);
}

EXPORT(rpmem_persist)
int rpmem_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	int before = errno, rc = check_lane(rpp, lane, flags, RPMEM_PERSIST_RELAXED);

	if (!rc)
		rc = check_range(rpp, offset, length, rpp->guard);
	if (unlikely(rc))
		return session_fail(rc);
	/* What was flushed on the lane is to be durable even if the range is empty. */
	if (!length)
		return result(rpp, fabric_drain(rpp->fabric, lane), before);
	return result(rpp,
		fabric_persist(rpp->fabric, lane, offset, length, flags & RPMEM_PERSIST_RELAXED),
		before);
}

EXPORT(rpmem_deep_persist)
int rpmem_deep_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane)
{
	int before = errno, rc = check_lane(rpp, lane, 0, 0);

	if (!rc)
		rc = check_range(rpp, offset, length, rpp->guard);
	if (unlikely(rc))
		return session_fail(rc);
	if (!length)
		return result(rpp, fabric_drain(rpp->fabric, lane), before);
	return result(rpp, fabric_deep_persist(rpp->fabric, lane, offset, length), before);
}

EXPORT(rpmem_read)
int rpmem_read(RPMEMpool *rpp, void *buff, size_t offset, size_t length, unsigned lane)
{
	int before = errno, rc = check_lane(rpp, lane, 0, 0);

	if (!rc && !buff && length)
		rc = err_set(-EINVAL, "%s: buff is NULL", rpp->session->name);
	if (!rc)
		rc = check_range(rpp, offset, length, 0);
	if (unlikely(rc))
		return session_fail(rc);
	if (!length)
		return 0;
	return result(rpp, fabric_read(rpp->fabric, lane, buff, offset, length), before);
}
