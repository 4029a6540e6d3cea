/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c - make ranges durable, and read them */
#include <errno.h>

#include "base/attr.h"
#include "librpmem/export.h"
#include "librpmem/pool.h"

/* What fabric does not check: it knows nothing of ssh, which may have ended, and of flags. */
static int check(RPMEMpool *rpp, unsigned flags, unsigned allowed)
{
	if (unlikely(!rpp))
		return err_set(-EINVAL, "the pool is NULL");
	int rc = pool_failure(rpp);
	if (unlikely(rc))
		return rc;
	if (unlikely(flags & ~allowed))
		return err_set(
			-EINVAL, "%s: flags %#x are unknown", rpp->session->name, flags & ~allowed);
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
	int before = errno, rc = check(rpp, flags, RPMEM_FLUSH_RELAXED);

	if (unlikely(rc))
		return session_fail(rc);
	return result(rpp,
		fabric_flush(rpp->fabric, lane, offset, length, flags & RPMEM_FLUSH_RELAXED),
		before);
}

EXPORT(rpmem_drain)
int rpmem_drain(RPMEMpool *rpp, unsigned lane, unsigned flags)
{
	int before = errno, rc = check(rpp, flags, 0);

	if (unlikely(rc))
		return session_fail(rc);
	return result(rpp, fabric_drain(rpp->fabric, lane), before);
}

EXPORT(rpmem_persist)
int rpmem_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	int before = errno, rc = check(rpp, flags, RPMEM_PERSIST_RELAXED);

	if (unlikely(rc))
		return session_fail(rc);
	return result(rpp,
		fabric_persist(rpp->fabric, lane, offset, length, flags & RPMEM_PERSIST_RELAXED),
		before);
}

EXPORT(rpmem_deep_persist)
int rpmem_deep_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane)
{
	int before = errno, rc = check(rpp, 0, 0);

	if (unlikely(rc))
		return session_fail(rc);
	return result(rpp, fabric_deep_persist(rpp->fabric, lane, offset, length), before);
}

EXPORT(rpmem_read)
int rpmem_read(RPMEMpool *rpp, void *buff, size_t offset, size_t length, unsigned lane)
{
	int before = errno, rc = check(rpp, 0, 0);

	if (!rc && !buff && length)
		rc = err_set(-EINVAL, "%s: buff is NULL", rpp->session->name);
	if (unlikely(rc))
		return session_fail(rc);
	return result(rpp, fabric_read(rpp->fabric, lane, buff, offset, length), before);
}
