/* SPDX-License-Identifier: BSD-3-Clause */
/* mirror.c - compare memory with a pool at a target, and make the pool equal to it */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "librpmem/call.h"
#include "librpmem/export.h"
#include "librpmem/holdfast.h"
#include "librpmem/pool.h"
#include "librpmem/remote_state.h"
#include "librpmem/senders.h"
#include "wire/differ.h"

#define DEFAULT_LANES 4

/*
 * The bytes that a request and its reply take on the control channel in addition to their own
 * fields.
 */
#define OVERHEAD (2 * CONTROL_HEAD_SIZE + CONTROL_RESULT_SIZE)

/* A comparison under way. */
struct mirror {
	struct session *session;
	struct channel *channel;
	struct holdfast_mirror_options options;
	struct holdfast_mirror_state state;
	struct senders *senders; /* NULL: only compare */
	const void *local;
	const char *step; /* the name of the call in messages: "check" */
	/* number of bytes that an earlier mark of inconsistency covers; 0: the pool had no mark */
	uint64_t extent;
	bool unclosed; /* the last session has not closed the pool */
	bool marked;   /* this comparison has marked the pool as inconsistent */
};

/* -- callbacks that differ_run() calls -- */

static int ask(void *context, const struct compare_ask *ask)
{
	struct mirror *mirror = context;
	uint8_t bytes[32];
	struct writer out = writer_on(bytes, sizeof(bytes));
	size_t length = (size_t)compare_count(ask) * HASH_SIZE;

	compare_put_ask(&out, ask);
	mirror->state.exchanged += OVERHEAD + writer_length(&out) + length;
	return channel_ask(mirror->channel, CONTROL_HASHES, &out, length);
}

static int take(void *context, const struct compare_ask *ask, const uint8_t (**hashes)[HASH_SIZE])
{
	struct mirror *mirror = context;
	struct reader reply;
	int rc = channel_answer(mirror->channel, mirror->step, &reply);

	if (!rc && (rc = compare_get_hashes(&reply, ask, hashes)))
		rc = session_failed(mirror->session, rc);
	return rc;
}

/*
 * Called when the first block is found to differ: begins a session, and marks the pool as
 * inconsistent. On the channel, these two requests come after the requests for hashes of blocks
 * that were sent so far, and before the requests for hashes of the pages in the block that differs.
 */
static int set_mark(void *context, uint64_t offset)
{
	struct mirror *mirror = context;
	uint8_t secret[CONTROL_SECRET_SIZE], bytes[CONTROL_SECRET_SIZE], body[CONTROL_MARK_SIZE];
	struct writer begin = writer_on(bytes, sizeof(bytes));
	struct writer out = writer_on(body, sizeof(body));
	uint64_t extent = mirror->state.header_size + mirror->state.size;
	/*
	 * The number of bytes that differ is not known yet: assume all bytes from the first
	 * difference to the end.
	 */
	struct control_mark mark = {extent - offset, extent};
	int rc = remote_secret(secret);

	if (rc)
		return rc;
	control_put_begin(&begin, secret);
	control_put_mark(&out, &mark);
	mirror->state.exchanged +=
		2 * OVERHEAD + sizeof(bytes) + CONTROL_SESSION_SIZE + sizeof(body);
	rc = channel_ask(mirror->channel, CONTROL_BEGIN, &begin, CONTROL_SESSION_SIZE);
	return rc ? rc : channel_ask(mirror->channel, CONTROL_MARK, &out, 0);
}

static int marked(void *context)
{
	struct mirror *mirror = context;
	struct control_session begun;
	struct reader reply;
	int rc = channel_answer(mirror->channel, mirror->step, &reply);

	if (!rc)
		rc = control_get_session(&reply, &begun);
	if (!rc)
		rc = channel_answer(mirror->channel, mirror->step, &reply);
	mirror->marked = !rc;
	return rc;
}

static int report(struct mirror *mirror)
{
	const struct holdfast_mirror_options *options = &mirror->options;

	if (mirror->senders)
		mirror->state.sent = senders_done(mirror->senders);
	if (!options->progress || !options->progress(&mirror->state, options->argument))
		return 0;
	return err_set(
		-ECANCELED, "%s: %s: canceled by the program", mirror->session->name, mirror->step);
}

static int differ(void *context, uint64_t offset, size_t length)
{
	struct mirror *mirror = context;

	mirror->state.different += length;
	return mirror->senders ? senders_add(mirror->senders, offset, length) : 0;
}

static int progress(void *context, size_t length)
{
	struct mirror *mirror = context;

	mirror->state.compared += length;
	return report(mirror);
}

/* -- compare -- */

static int check_sizes(const struct mirror *mirror, size_t size, uint64_t pool_size)
{
	const char *name = mirror->session->name;

	if (size > pool_size)
		return err_set(-EFBIG,
			"%s: the pool has only %llu bytes, but the memory here has %zu", name,
			(unsigned long long)pool_size, size);
	if (size < pool_size && mirror->options.flags & HOLDFAST_MIRROR_SAME_SIZE)
		return err_set(-EINVAL,
			"%s: the pool is larger than the memory here: it has %llu bytes, not %zu",
			name, (unsigned long long)pool_size, size);
	return 0;
}

/*
 * Explain the refusal of a request that only this version of the protocol has: say what the daemon
 * lacks.
 */
static int explain_refusal(const struct mirror *mirror, int rc)
{
	if (rc != -EOPNOTSUPP)
		return rc;
	return err_set(rc,
		"%s: %s: the daemon there speaks version %s of the remote protocol, which cannot compare pools: rpmemd of Holdfast 3.1 or newer is needed",
		mirror->session->name, mirror->step, channel_version(mirror->channel));
}

/*
 * Ask the target if the pool is already marked as inconsistent, and if its last session closed it.
 */
static int get_state(struct mirror *mirror)
{
	struct control_state state;
	int rc = remote_state(mirror->session, &state);

	if (rc)
		return rc;
	mirror->state.inconsistent = state.inconsistent;
	mirror->extent = state.extent;
	mirror->unclosed = state.unclosed;
	return 0;
}

/*
 * After a failure: receive the replies to all unanswered requests, because the request to close the
 * pool can only be sent then.
 */
static void drop_answers(struct mirror *mirror)
{
	char cause[ERR_SIZE];
	struct reader reply;

	snprintf(cause, sizeof(cause), "%s", err_get());
	while (channel_unanswered(mirror->channel) && !channel_error(mirror->channel))
		channel_answer(mirror->channel, mirror->step, &reply);
	err_put_back(cause);
}

static int compare(struct mirror *mirror, size_t size)
{
	const struct differ_calls calls = {
		.ask = ask,
		.take = take,
		.mark = mirror->senders ? set_mark : NULL,
		.marked = marked,
		.differ = differ,
		.progress = progress,
		.context = mirror,
	};
	uint64_t begin = mirror->state.header_size, seed;

	if (begin > size)
		begin = size;
	mirror->state.size = size - begin;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_sys("cannot get random numbers");
	int rc = differ_run(&calls, mirror->local, begin, size, seed);
	if (rc)
		drop_answers(mirror);
	return rc;
}

/* -- check -- */

static int look(struct mirror *mirror, struct compare_looked *looked)
{
	struct control_named *named = calloc(1, sizeof(*named));
	uint8_t bytes[CONTROL_NAME_MAX + 16];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct reader reply;

	if (!named)
		return err_set(-ENOMEM, "%s: out of memory", mirror->session->name);
	snprintf(named->name, sizeof(named->name), "%s", mirror->session->set);
	control_put_named(&out, named);
	free(named);
	int rc = channel_call(mirror->channel, CONTROL_LOOK, &out, mirror->step, &reply);
	if (!rc && (rc = compare_get_looked(&reply, looked)))
		rc = session_failed(mirror->session, rc);
	return explain_refusal(mirror, rc);
}

/*
 * Compare the memory with the pool, and close the pool in any case. The daemon must have been
 * started.
 */
static int check_pool(struct mirror *mirror, size_t size)
{
	struct compare_looked looked;
	char cause[ERR_SIZE];
	int rc = look(mirror, &looked);

	if (rc)
		return rc;
	mirror->state.pool_size = looked.size;
	mirror->state.header_size = looked.guard;
	rc = check_sizes(mirror, size, looked.size);
	if (!rc)
		rc = get_state(mirror);
	if (!rc)
		rc = compare(mirror, size);
	snprintf(cause, sizeof(cause), "%s", err_get());
	int closed = channel_error(mirror->channel) ? 0 : pool_close_at_target(mirror->session, 0);
	if (rc)
		err_put_back(cause);
	return rc ? rc : closed;
}

static int check(struct mirror *mirror, const char *target, const char *set, size_t size)
{
	struct session *session;
	char cause[ERR_SIZE];
	int rc = session_new(&session, target, set);

	if (rc)
		return rc;
	rc = session_start(session);
	if (!rc) {
		mirror->session = session;
		mirror->channel = session->channel;
		rc = check_pool(mirror, size);
	}
	snprintf(cause, sizeof(cause), "%s", err_get());
	session_free(session);
	err_put_back(cause);
	return rc;
}

/* -- sync -- */

/*
 * Remove the pool's mark of inconsistency, after the last drain of all lanes. Even a pool that did
 * not differ may have a mark: from an earlier sync that was interrupted before it removed the
 * mark. If the previous session ended without closing the pool, this session closes it.
 */
static int clear(struct mirror *mirror)
{
	struct control_session begun;
	uint8_t secret[CONTROL_SECRET_SIZE];
	bool is_marked = mirror->marked || mirror->state.inconsistent;
	int rc = 0;

	if (!mirror->marked && (is_marked || mirror->unclosed)) {
		rc = remote_secret(secret);
		if (!rc)
			rc = remote_begin(mirror->session, secret, &begun);
	}
	return !rc && is_marked ? remote_clear(mirror->session) : rc;
}

/*
 * Check the size of a sync against the mark of inconsistency that the pool may have. The mark says
 * that any bytes of its extent may be wrong, so only a sync that compares all of the extent may
 * remove it.
 */
static int check_mark(const struct mirror *mirror, size_t size)
{
	if (size >= mirror->extent)
		return 0;
	return err_set(-EUCLEAN,
		"%s: the pool is marked as inconsistent, and a sync of at least its first "
		"%llu bytes is needed to remove the mark; the memory here has only %zu",
		mirror->session->name, (unsigned long long)mirror->extent, size);
}

static int sync_pool(struct mirror *mirror, RPMEMpool *pool, size_t size)
{
	int rc = check_sizes(mirror, size, pool->told.pool_size);

	if (!rc)
		rc = get_state(mirror);
	if (!rc)
		rc = check_mark(mirror, size);
	if (!rc)
		rc = senders_open(&mirror->senders, pool);
	if (rc)
		return rc;
	rc = compare(mirror, size);
	if (!rc)
		rc = senders_finish(mirror->senders);
	mirror->state.sent = senders_done(mirror->senders);
	senders_close(mirror->senders);
	mirror->senders = NULL;
	if (!rc)
		rc = clear(mirror);
	return rc ? rc : report(mirror);
}

static int sync_at(
	struct mirror *mirror, const char *target, const char *set, void *local, size_t size)
{
	unsigned nlanes = mirror->options.nlanes ? mirror->options.nlanes : DEFAULT_LANES;
	char cause[ERR_SIZE];
	RPMEMpool *pool;
	int rc = pool_start(&pool, CONTROL_REPAIR, target, set, local, size, &nlanes, NULL);

	if (rc == -EOPNOTSUPP)
		return err_set(rc,
			"%s: %s: sync: the daemon there cannot compare pools: rpmemd of Holdfast 3.1 or newer is needed",
			target, set);
	if (rc)
		return rc;
	mirror->session = pool->session;
	mirror->channel = pool->session->channel;
	mirror->state.pool_size = pool->told.pool_size;
	mirror->state.header_size = pool->guard;
	rc = sync_pool(mirror, pool, size);
	snprintf(cause, sizeof(cause), "%s", err_get());
	int closed = pool_finish(pool);
	if (rc)
		err_put_back(cause);
	return rc ? rc : closed;
}

/* -- the public calls -- */

static int begin(struct mirror *mirror, const struct holdfast_mirror_options *options,
	const struct holdfast_mirror_state *state)
{
	if (options && options->struct_size < sizeof(mirror->options))
		return err_set(-EINVAL,
			"struct_size of the options is %zu, but must be at least %zu",
			options->struct_size, sizeof(mirror->options));
	if (state && state->struct_size < sizeof(mirror->state))
		return err_set(-EINVAL, "struct_size of the state is %zu, but must be at least %zu",
			state->struct_size, sizeof(mirror->state));
	if (options)
		mirror->options = *options;
	if (mirror->options.flags & ~HOLDFAST_MIRROR_SAME_SIZE)
		return err_set(-EINVAL, "flags %#x are unknown",
			mirror->options.flags & ~HOLDFAST_MIRROR_SAME_SIZE);
	mirror->state.struct_size = state ? state->struct_size : sizeof(*state);
	return 0;
}

/*
 * Copy the state to the caller's struct, also after a failure. Members of the caller's struct that
 * this version of the library does not know are unchanged.
 */
static int end(const struct mirror *mirror, struct holdfast_mirror_state *state, int rc)
{
	if (state && mirror->state.struct_size)
		memcpy(state, &mirror->state, sizeof(mirror->state));
	return rc;
}

static int mirror_check(const char *target, const char *set, const void *addr, size_t size,
	const struct holdfast_mirror_options *options, struct holdfast_mirror_state *state)
{
	struct mirror mirror = {.local = addr, .step = "check"};
	int rc = begin(&mirror, options, state);

	if (!rc)
		rc = pool_check_memory(addr, size);
	if (!rc)
		rc = check(&mirror, target, set, size);
	return end(&mirror, state, rc);
}

static int mirror_sync(const char *target, const char *set, const void *addr, size_t size,
	const struct holdfast_mirror_options *options, struct holdfast_mirror_state *state)
{
	struct mirror mirror = {.local = addr, .step = "sync"};
	int rc = begin(&mirror, options, state);

	/*
	 * The cast drops const, which is safe: a sync only reads the memory. rpmem_read(), which
	 * writes to it, is not called.
	 */
	if (!rc)
		rc = sync_at(&mirror, target, set, (void *)(uintptr_t)addr, size);
	return end(&mirror, state, rc);
}

EXPORT_HOLDFAST(holdfast_mirror_check)
int holdfast_mirror_check(const char *target, const char *pool_set_name, const void *pool_addr,
	size_t pool_size, const struct holdfast_mirror_options *options,
	struct holdfast_mirror_state *state)
{
	struct call call = call_begin();

	return call_end(
		&call, mirror_check(target, pool_set_name, pool_addr, pool_size, options, state));
}

EXPORT_HOLDFAST(holdfast_mirror_sync)
int holdfast_mirror_sync(const char *target, const char *pool_set_name, const void *pool_addr,
	size_t pool_size, const struct holdfast_mirror_options *options,
	struct holdfast_mirror_state *state)
{
	struct call call = call_begin();

	return call_end(
		&call, mirror_sync(target, pool_set_name, pool_addr, pool_size, options, state));
}
