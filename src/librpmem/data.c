/* SPDX-License-Identifier: BSD-3-Clause */
/* data.c - the calls that make ranges durable, and read them */
#include "librpmem/call.h"
#include "librpmem/count.h"
#include "librpmem/export.h"
#include "librpmem/pool.h"
#include "librpmem/waiters.h"

/*
 * A call on a lane. If the call stores, the last two members are the range in the pool that it
 * stores to.
 */
struct data_call {
	struct call call;
	RPMEMpool *rpp;
	unsigned lane;
	bool stores;
	size_t offset, length;
};

/*
 * Check what the functions in lanes/ do not check: the flags, and that the pool's handle has not
 * ended. Then begin the session.
 */
static int check(const struct data_call *data, unsigned flags, unsigned allowed)
{
	RPMEMpool *rpp = data->rpp;
	int rc = pool_failure(rpp);

	if (unlikely(!rc && flags & ~allowed))
		return err_set(
			-EINVAL, "%s: flags %#x are unknown", rpp->session->name, flags & ~allowed);
	if (!rc && data->stores)
		rc = pool_begin(rpp);
	if (unlikely(rc && data->stores))
		notes_missed(&rpp->notes, data->offset, data->length); /* N5 of notes.h */
	return rc;
}

/*
 * Begin a call on a lane: register it as being in progress, and check it. Returns 0 if the call may
 * proceed; after an error it is no longer registered.
 */
static int enter(const struct data_call *data, unsigned flags, unsigned allowed)
{
	RPMEMpool *rpp = data->rpp;

	if (unlikely(!rpp))
		return err_set(-EINVAL, "the pool is NULL");
	if (unlikely(!fork_is_owner(&rpp->owner)))
		return fork_check(&rpp->owner);
	notes_enter(&rpp->notes, data->lane);
	int rc = check(data, flags, allowed);
	if (unlikely(rc))
		notes_leave(&rpp->notes, data->lane);
	else if (data->stores)
		notes_add(&rpp->notes, data->lane, data->offset, data->length);
	return rc;
}

/*
 * End a call on a lane, and convert an internal result to the return value of the public function.
 */
static int leave(const struct data_call *data, int rc, bool drains)
{
	RPMEMpool *rpp = data->rpp;

	if (unlikely(rc)) {
		rc = pool_judge(rpp, rc);
		if (rc != -EINVAL && !pool_has_ended(rpp))
			notes_lost(&rpp->notes, data->lane); /* N4 */
	} else if (drains) {
		notes_drained(&rpp->notes, data->lane);
	}
	notes_leave(&rpp->notes, data->lane);
	return call_end(&data->call, rc);
}

EXPORT(rpmem_flush)
int rpmem_flush(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	struct data_call data = {call_begin(), rpp, lane, true, offset, length};
	int rc = enter(&data, flags, RPMEM_FLUSH_RELAXED);

	if (unlikely(rc))
		return call_end(&data.call, rc);
	rc = lanes_flush(rpp->lanes, lane, offset, length, flags & RPMEM_FLUSH_RELAXED);
	return leave(&data, count_flush(rpp, lane, length, rc), false);
}

EXPORT(rpmem_drain)
int rpmem_drain(RPMEMpool *rpp, unsigned lane, unsigned flags)
{
	struct data_call data = {call_begin(), rpp, lane, false, 0, 0};
	int rc = enter(&data, flags, 0);

	if (unlikely(rc))
		return call_end(&data.call, rc);
	uint64_t begun = tally_now();
	rc = lanes_drain(rpp->lanes, lane);
	return leave(&data, count_drain(rpp, lane, begun, rc), true);
}

EXPORT(rpmem_persist)
int rpmem_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	struct data_call data = {call_begin(), rpp, lane, true, offset, length};
	int rc = enter(&data, flags, RPMEM_PERSIST_RELAXED);

	if (unlikely(rc))
		return call_end(&data.call, rc);
	uint64_t begun = tally_now();
	rc = lanes_persist(rpp->lanes, lane, offset, length, flags & RPMEM_PERSIST_RELAXED);
	return leave(&data, count_persist(rpp, lane, offset, length, begun, rc), true);
}

EXPORT(rpmem_deep_persist)
int rpmem_deep_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane)
{
	struct data_call data = {call_begin(), rpp, lane, true, offset, length};
	int rc = enter(&data, 0, 0);

	if (unlikely(rc))
		return call_end(&data.call, rc);
	uint64_t begun = tally_now();
	rc = lanes_deep_persist(rpp->lanes, lane, offset, length);
	return leave(&data, count_persist(rpp, lane, offset, length, begun, rc), true);
}

EXPORT(rpmem_read)
int rpmem_read(RPMEMpool *rpp, void *buff, size_t offset, size_t length, unsigned lane)
{
	struct data_call data = {call_begin(), rpp, lane, false, 0, 0};
	int rc = enter(&data, 0, 0);

	if (unlikely(rc))
		return call_end(&data.call, rc);
	if (unlikely(!buff && length))
		rc = err_set(-EINVAL, "%s: buff is NULL", rpp->session->name);
	else
		rc = lanes_read(rpp->lanes, lane, buff, offset, length);
	return leave(&data, count_read(rpp, lane, length, rc), false);
}

/* Remember that a persist has been started on the lane. */
static void note_start(struct pool_lane *counted, uint64_t begun, const struct data_call *data)
{
	counted->started = (struct pool_started){begun, data->offset, data->length};
	atomic_store_explicit(&counted->is_started, true, memory_order_release);
}

EXPORT_HOLDFAST(holdfast_remote_persist_start)
int holdfast_remote_persist_start(
	RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags)
{
	struct data_call data = {call_begin(), rpp, lane, true, offset, length};
	int rc = enter(&data, flags, RPMEM_PERSIST_RELAXED);

	if (unlikely(rc))
		return call_end(&data.call, rc);
	uint64_t begun = tally_now();
	rc = lanes_start(rpp->lanes, lane, offset, length, flags & RPMEM_PERSIST_RELAXED);
	if (likely(!rc))
		note_start(&rpp->lanes_counted[lane], begun, &data);
	else
		count_failure(rpp, lane, rc);
	return leave(&data, rc, false);
}

/*
 * Return the result of a persist that was started on the lane, even if the pool's handle has ended
 * meanwhile.
 */
static int finish(RPMEMpool *rpp, unsigned lane)
{
	int rc = lanes_finish(rpp->lanes, lane);

	if (likely(lane < rpp->nlanes))
		atomic_store_explicit(
			&rpp->lanes_counted[lane].is_started, false, memory_order_release);
	if (unlikely(rc == -ECONNRESET && waiters_must_leave(rpp)))
		return err_set(-ECANCELED, "%s: lane %u: the pool is being closed",
			rpp->session->name, lane);
	/*
	 * -EINVAL is a mistake of the caller, such as a lane that does not exist: no persist was
	 * started on such a lane.
	 */
	if (unlikely(rc == -EINVAL))
		return rc;
	const struct pool_started *started = &rpp->lanes_counted[lane].started;
	return count_persist(rpp, lane, started->offset, started->length, started->begun, rc);
}

EXPORT_HOLDFAST(holdfast_remote_persist_wait)
int holdfast_remote_persist_wait(RPMEMpool *rpp, unsigned lane)
{
	struct data_call data = {call_begin(), rpp, lane, false, 0, 0};

	if (unlikely(!rpp))
		return call_end(&data.call, err_set(-EINVAL, "the pool is NULL"));
	if (unlikely(!fork_is_owner(&rpp->owner)))
		return call_end(&data.call, fork_check(&rpp->owner));
	waiters_enter(rpp);
	notes_enter(&rpp->notes, lane);
	/*
	 * If no persist was started on the lane and the handle has ended, do not use the lanes:
	 * another thread may be reconnecting, which replaces them.
	 */
	int rc = pool_is_started(rpp, lane) ? 0 : pool_failure(rpp);
	if (likely(!rc)) {
		rc = leave(&data, finish(rpp, lane), true);
	} else {
		notes_leave(&rpp->notes, lane);
		rc = call_end(&data.call, rc);
	}
	/* Do not use the pool after this point: another thread may close it. */
	waiters_leave(rpp);
	return rc;
}
