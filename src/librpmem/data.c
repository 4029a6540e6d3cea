/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c - the calls that make ranges durable, and read them */
#include "librpmem/call.h"
#include "librpmem/export.h"
#include "librpmem/pool.h"

/* Check what lanes/ cannot: the pool's owner, the flags, and that ssh has not ended. */
static int check(RPMEMpool *rpp, unsigned flags, unsigned allowed)
{
	if (unlikely(!rpp))
		return err_set(-EINVAL, "the pool is NULL");
	int rc = pool_check(rpp);
	if (unlikely(rc))
		return rc;
	if (unlikely(flags & ~allowed))
		return err_set(
			-EINVAL, "%s: flags %#x are unknown", rpp->session->name, flags & ~allowed);
	return 0;
}

/* check(), for a call that stores: its session has begun when this returns 0. */
static int check_store(RPMEMpool *rpp, unsigned flags, unsigned allowed)
{
	int rc = check(rpp, flags, allowed);

	return unlikely(rc) ? rc : pool_begin(rpp);
}

/* Convert an internal result to the return value of a public call. */
static int result(const struct call *call, RPMEMpool *rpp, int rc)
{
	return call_end(call, unlikely(rc) ? pool_judge(rpp, rc) : 0);
}

EXPORT(rpmem_flush)
int rpmem_flush(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	struct call call = call_begin();
	int rc = check_store(rpp, flags, RPMEM_FLUSH_RELAXED);

	if (unlikely(rc))
		return call_end(&call, rc);
	return result(&call, rpp,
		lanes_flush(rpp->lanes, lane, offset, length, flags & RPMEM_FLUSH_RELAXED));
}

EXPORT(rpmem_drain)
int rpmem_drain(RPMEMpool *rpp, unsigned lane, unsigned flags)
{
	struct call call = call_begin();
	int rc = check(rpp, flags, 0);

	if (unlikely(rc))
		return call_end(&call, rc);
	return result(&call, rpp, lanes_drain(rpp->lanes, lane));
}

EXPORT(rpmem_persist)
int rpmem_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	struct call call = call_begin();
	int rc = check_store(rpp, flags, RPMEM_PERSIST_RELAXED);

	if (unlikely(rc))
		return call_end(&call, rc);
	return result(&call, rpp,
		lanes_persist(rpp->lanes, lane, offset, length, flags & RPMEM_PERSIST_RELAXED));
}

EXPORT(rpmem_deep_persist)
int rpmem_deep_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane)
{
	struct call call = call_begin();
	int rc = check_store(rpp, 0, 0);

	if (unlikely(rc))
		return call_end(&call, rc);
	return result(&call, rpp, lanes_deep_persist(rpp->lanes, lane, offset, length));
}

EXPORT(rpmem_read)
int rpmem_read(RPMEMpool *rpp, void *buff, size_t offset, size_t length, unsigned lane)
{
	struct call call = call_begin();
	int rc = check(rpp, 0, 0);

	if (!rc && !buff && length)
		rc = err_set(-EINVAL, "%s: buff is NULL", rpp->session->name);
	if (unlikely(rc))
		return call_end(&call, rc);
	return result(&call, rpp, lanes_read(rpp->lanes, lane, buff, offset, length));
}
