/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reconnect.c - use a pool again whose connection was lost: connect to the target again, and send
 * the bytes that it lacks
 *
 * The pool at the target is marked as inconsistent while these bytes are sent. So even if either
 * process is killed, a pool without a mark has all bytes that were noted.
 */
#include <stdlib.h>
#include <string.h>

#include "librpmem/call.h"
#include "librpmem/count.h"
#include "librpmem/export.h"
#include "librpmem/holdfast.h"
#include "librpmem/open.h"
#include "librpmem/remote_state.h"

/*
 * The largest range to flush in one call, in bytes: a longer run of pages is divided among several
 * lanes.
 */
#define PIECE ((size_t)1 << 20)

/* -- sending the ranges that the target may lack -- */

static int send_pages(RPMEMpool *rpp, RPMEMpool *again, const unsigned long *taken)
{
	size_t offset = 0, length;
	unsigned turn = 0;
	int rc = 0;

	for (; !rc && (length = notes_next(&rpp->notes, taken, &offset, PIECE)); offset += length)
		rc = lanes_flush(again->lanes, turn++ % rpp->nlanes, offset, length, false);
	for (unsigned lane = 0; !rc && lane < rpp->nlanes; lane++)
		rc = lanes_drain(again->lanes, lane);
	return rc;
}

/*
 * Begin the session, or get the new generation (a number of the pool, which each session raises) of
 * a session that was resumed. Store the result in the pool's handle at once: if this attempt to
 * reconnect fails, the next one needs it.
 */
static int begin(RPMEMpool *rpp, RPMEMpool *again)
{
	int rc = pool_begin(again);

	rpp->tried = again->tried;
	if (!rc) {
		rpp->mine = again->mine;
		atomic_store(&rpp->begun, true);
	} else if (!atomic_load(&rpp->begun)) {
		memcpy(rpp->mine.secret, again->mine.secret, sizeof(rpp->mine.secret));
	}
	return rc;
}

/*
 * Mark the pool as inconsistent, send the ranges that the target may lack, drain, and clear the
 * mark. The mark is set before the first byte is sent and removed after all are durable.
 */
static int send_noted(RPMEMpool *rpp, RPMEMpool *again, const unsigned long *taken, uint64_t bytes)
{
	int rc = begin(rpp, again);

	if (!rc)
		rc = remote_mark(again->session, &(struct control_mark){bytes, rpp->size});
	if (!rc)
		rc = send_pages(rpp, again, taken);
	return rc ? rc : remote_clear(again->session);
}

static int catch_up(RPMEMpool *rpp, RPMEMpool *again, uint64_t *bytes)
{
	unsigned long *taken = notes_take(&rpp->notes, bytes);

	if (!taken)
		return err_set(-ENOMEM, "%s: out of memory while bringing the pool up to date",
			rpp->session->name);
	int rc = *bytes ? send_noted(rpp, again, taken, *bytes) : 0;
	if (rc)
		notes_put_back(&rpp->notes, taken); /* N6 of notes.h */
	free(taken);
	return rc;
}

/* -- connecting -- */

/*
 * Check that the new connection has at least what the program was told when it opened the pool,
 * such as the number of lanes.
 */
static int check_same(const RPMEMpool *rpp, const RPMEMpool *again)
{
	if (again->guard != rpp->guard)
		return err_set(-ESTALE, "%s: the size of the pool's header has changed",
			rpp->session->name);
	if (again->nlanes < rpp->nlanes)
		return err_set(-EMFILE, "%s: the target now grants only %u lanes, not %u as before",
			rpp->session->name, again->nlanes, rpp->nlanes);
	return 0;
}

/* Move the new connection into the program's handle, and free the handle that it was made with. */
static void take_over(RPMEMpool *rpp, RPMEMpool *again)
{
	struct lanes_client *lanes = rpp->lanes;
	struct session *session = rpp->session;

	rpp->lanes = again->lanes;
	rpp->session = again->session;
	rpp->session->counters.context = rpp;
	channel_set_counters(rpp->session->channel, &rpp->session->counters);
	rpp->told = again->told;
	memcpy(rpp->host, again->host, sizeof(rpp->host));
	again->lanes = lanes;
	again->session = session;
	open_discard(again);
}

/*
 * Connect to the target again. The old daemon may still have the pool open and close it only when
 * its ssh ends, so end that ssh first.
 */
static int connect_again(RPMEMpool *rpp)
{
	uint64_t begun = tally_now(), bytes = 0;
	RPMEMpool *again;

	session_stop(rpp->session);
	int rc = open_again(rpp, &again);
	if (rc)
		return rc;
	rc = check_same(rpp, again);
	if (!rc && atomic_load(&rpp->begun))
		rc = begin(rpp, again);
	if (!rc)
		rc = catch_up(rpp, again, &bytes);
	if (rc) {
		open_discard(again);
		return rc;
	}
	take_over(rpp, again);
	count_reconnect(rpp, bytes, begun);
	pool_revive(rpp);
	return 0;
}

/* -- the call -- */

/*
 * True if a thread is in a call on the pool, or if a started persist has not been waited for.
 * Calls are looked at twice: a thread may have begun to wait for a persist after the first look.
 */
static bool is_in_use(const RPMEMpool *rpp)
{
	bool started = false;

	if (notes_calls(&rpp->notes))
		return true;
	for (unsigned lane = 0; lane < rpp->nlanes; lane++)
		started |= pool_is_started(rpp, lane);
	return started || notes_calls(&rpp->notes);
}

/*
 * Connect the pool again. The handle is ended first, so that no new call uses the connection; then
 * check that no earlier call is still using it.
 */
static int reconnect(RPMEMpool *rpp)
{
	if (!rpp->has_state)
		return err_set(-EOPNOTSUPP,
			"the target runs an earlier version, which cannot resume a session");
	bool ended_here = pool_end(rpp, -ECONNRESET, "the pool is being connected again");
	if (atomic_load(&rpp->error) == -ESTALE)
		return pool_failure(rpp);
	if (is_in_use(rpp)) {
		if (ended_here)
			pool_revive(rpp);
		return err_set(
			-EBUSY, "%s: another call on the pool is in progress", rpp->session->name);
	}
	notes_unite(&rpp->notes);
	int rc = connect_again(rpp);
	if (rc == -ESTALE)
		pool_give_up(rpp, rc);
	return rc;
}

static int reconnect_alone(RPMEMpool *rpp)
{
	if (!rpp)
		return err_set(-EINVAL, "the pool is NULL");
	int rc = fork_check(&rpp->owner);
	if (rc)
		return rc;
	if (atomic_exchange(&rpp->reconnecting, true))
		return err_set(-EBUSY, "the pool is being connected again");
	rc = reconnect(rpp);
	atomic_store(&rpp->reconnecting, false);
	return rc;
}

EXPORT_HOLDFAST(holdfast_remote_reconnect)
int holdfast_remote_reconnect(RPMEMpool *rpp)
{
	struct call call = call_begin();

	return call_end(&call, reconnect_alone(rpp));
}
