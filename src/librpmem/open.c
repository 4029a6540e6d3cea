/* SPDX-License-Identifier: BSD-3-Clause */
/* open.c - make, open and close a pool */
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/env.h"
#include "librpmem/call.h"
#include "librpmem/carry.h"
#include "librpmem/count.h"
#include "librpmem/data_host.h"
#include "librpmem/export.h"
#include "librpmem/open.h"
#include "librpmem/remote_state.h"
#include "librpmem/waiters.h"

/* The longest time without progress while lanes are being connected. */
#define CONNECT_MS 5000

/*
 * Refuse to open a pool if the environment sets FI_FORK_UNSAFE, which says that libfabric need not
 * support fork(2): a child process, such as ssh, may then get pages that a network adapter writes
 * to.
 */
static int check_fork(void)
{
	static const char *const safe[] = {"0", "false", "no", "off"};
	const char *set = env_get("FI_FORK_UNSAFE");

	if (!set)
		return 0;
	for (unsigned i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if (!strcasecmp(set, safe[i]))
			return 0;
	return err_set(-ENOTSUP, "FI_FORK_UNSAFE=%s is set: ssh cannot be started safely", set);
}

int pool_check_memory(const void *addr, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!addr)
		return err_set(-EINVAL, "pool_addr is NULL");
	if ((uintptr_t)addr % page)
		return err_set(
			-EINVAL, "pool_addr %p is not a multiple of the page size %zu", addr, page);
	if (!size || size % page)
		return err_set(-EINVAL, "pool_size %zu is not a multiple of the page size %zu",
			size, page);
	return 0;
}

static int check_arguments(const void *addr, size_t size, const unsigned *nlanes)
{
	int rc = pool_check_memory(addr, size);

	if (rc)
		return rc;
	if (!nlanes)
		return err_set(-EINVAL, "nlanes is NULL");
	if (!*nlanes)
		return err_set(-EINVAL, "nlanes is 0");
	return 0;
}

/*
 * The maximum number of lanes that any provider supports: it is not known yet which provider will
 * be used.
 */
static unsigned lanes_to_ask_for(
	const struct settings *settings, unsigned providers, unsigned wanted)
{
	bool by_ssh = providers & HOLDFAST_PROVIDER_SSH;
	unsigned most = 0;

	if (wanted > settings->max_nlanes)
		wanted = settings->max_nlanes;
	if (wanted > CONTROL_LANES_MAX)
		wanted = CONTROL_LANES_MAX;
	for (unsigned each = HOLDFAST_PROVIDER_VERBS; each <= HOLDFAST_PROVIDER_TCP; each <<= 1) {
		unsigned affordable = providers & each ? fabric_lanes_affordable(each, wanted) : 0;
		if (affordable > most)
			most = affordable;
	}
	return by_ssh ? wanted : most;
}

static int fill_start(struct session *session, struct control_start *start, size_t size,
	unsigned nlanes, const struct rpmem_pool_attr *attr)
{
	unsigned providers;
	int rc = carry_providers(session, &providers);

	if (rc)
		return rc;
	start->size = size;
	start->providers = providers;
	start->nlanes = lanes_to_ask_for(&session->settings, providers, nlanes);
	if (!start->nlanes)
		return err_set(-EMFILE, "%s: too few file descriptors are left to open a lane",
			session->name);
	start->has_attr = pool_attr_given(attr);
	if (start->has_attr)
		start->attr = *attr;
	snprintf(start->name, sizeof(start->name), "%s", session->set);
	return 0;
}

/* Refuse a reply that is well-formed but does not match the request. */
static int check_started(const struct session *session, const struct control_start *start,
	const struct control_started *told)
{
	const char *wrong = NULL;

	if (!(told->provider & start->providers))
		wrong = "it chose a provider that was not offered";
	else if (told->nlanes > start->nlanes)
		wrong = "it grants more lanes than were asked for";
	else if (told->pool_size < start->size)
		wrong = "its pool is smaller than was asked for";
	return wrong ? err_set(-EPROTO, "%s: the target breaks the protocol: %s", session->name,
			       wrong)
		     : 0;
}

/*
 * Send a request to open or create a pool, and decode the reply into pool->told.
 * `pool->told.secrets` is valid until the next message.
 */
static int ask(RPMEMpool *pool, uint32_t type, const struct control_start *start, const char *step)
{
	uint8_t *bytes = malloc(CONTROL_BODY_MAX);
	struct reader reply;

	if (!bytes)
		return err_set(-ENOMEM, "%s: out of memory", pool->session->name);
	struct writer out = writer_on(bytes, CONTROL_BODY_MAX);
	if (type == CONTROL_RESUME)
		control_put_session(&out, &pool->mine);
	control_put_start(&out, start);
	int rc = channel_call(pool->session->channel, type, &out, step, &reply);
	free(bytes);
	if (!rc && (rc = control_get_started(&reply, &pool->told)))
		rc = session_failed(pool->session, rc);
	if (!rc)
		rc = check_started(pool->session, start, &pool->told);
	return rc;
}

/*
 * True if stores are faster when they are sent as messages than by RMA writes: over tcp, if the
 * target has to flush cache lines. A message's bytes are copied once more at the target, but by
 * streaming stores. A store of 16 KiB takes 14 us instead of 18, one of 1 MiB 188 instead of 243
 * (Intel, family 6, model 207; bench-remote, remote-line, with RELAXED). Reads are faster by RMA.
 */
static bool prefers_messages(const struct control_started *told)
{
	return told->provider == HOLDFAST_PROVIDER_TCP &&
	       told->method == HOLDFAST_METHOD_WRITE_MESSAGE &&
	       told->granularity == PMEM2_GRANULARITY_CACHE_LINE;
}

static int connect_to_host(RPMEMpool *pool, void *addr, size_t size, int connect_ms)
{
	const struct session *session = pool->session;
	const struct control_started *told = &pool->told;

	const struct fabric_client_args args = {
		.name = session->name,
		.provider = told->provider,
		.host = pool->host,
		.port = told->port,
		.nlanes = told->nlanes,
		.secrets = (const uint8_t(*)[FABRIC_SECRET_SIZE])told->secrets,
		.method = told->method,
		.prefers_messages = prefers_messages(told),
		.local = addr,
		.size = size,
		.guard = told->guard,
		.window = session->settings.window,
		.hangup_fd = channel_hangup_fd(session->channel),
		.timeout_ms = session->settings.timeout_ms,
		.connect_ms = connect_ms,
		.poll_us = session->settings.poll_us,
		.learns = session->settings.learns,
		.tallies = pool->tallies,
	};
	int rc = fabric_client_open(&args, &pool->lanes);
	/* If the target has reported a reason, report that instead of a lost connection. */
	if (rc == -ECONNRESET && channel_has_ended(session->channel))
		rc = channel_failure(session->channel);
	return rc;
}

/*
 * Time limit to connect to one address of the target, in ms. It is short, because a firewall may
 * drop all packets to an address, and the other addresses must still be tried in time.
 */
static int patience(const struct session *session, bool is_last)
{
	int all = session->settings.timeout_ms < CONNECT_MS ? session->settings.timeout_ms
							    : CONNECT_MS;

	return is_last ? all : all / 4 + 1;
}

static bool next_host(RPMEMpool *pool, unsigned number, char *host, size_t size)
{
	return data_host_candidate(
		host, size, pool->session->target.host, pool->told.address, number);
}

/*
 * Connect to the first address that answers. If none does, report the failure of the first, which
 * is the address that ssh has reached.
 */
static int connect_lanes(RPMEMpool *pool, void *addr, size_t size)
{
	char next[sizeof(pool->host)], cause[ERR_SIZE] = "";
	int first = 0, rc;

	pool->nlanes = pool->told.nlanes;
	pool->size = size;
	pool->guard = pool->told.guard;
	rc = count_open(pool);
	if (rc)
		return rc;
	if (pool->told.provider == HOLDFAST_PROVIDER_SSH)
		return carry_lanes(pool, addr, size);
	rc = -ECONNREFUSED;
	if (!next_host(pool, 0, next, sizeof(next)))
		return err_set(-EHOSTUNREACH, "%s: no address is known", pool->session->name);
	for (unsigned i = 0; rc && *next && !channel_error(pool->session->channel); i++) {
		memcpy(pool->host, next, sizeof(next));
		if (!next_host(pool, i + 1, next, sizeof(next)))
			next[0] = '\0';
		rc = connect_to_host(pool, addr, size, patience(pool->session, !*next));
		if (rc && !first) {
			first = rc;
			snprintf(cause, sizeof(cause), "%s", err_get());
		}
	}
	if (!rc)
		return 0;
	if (!first) /* the channel ended before any address was tried */
		return channel_failure(pool->session->channel);
	err_put_back(cause);
	return carry_instead(pool, addr, size, first);
}

int pool_close_at_target(const struct session *session, uint32_t flags)
{
	uint8_t bytes[4];
	struct writer out = writer_on(bytes, sizeof(bytes));

	control_put_close(&out, flags);
	return channel_call(session->channel, CONTROL_CLOSE, &out, "close", NULL);
}

static void sum_counters(const void *pool, struct wire_counters *counters)
{
	count_sum(pool, counters);
}

/* Takes ownership of the session: if there is no memory for the pool, the session is freed. */
static RPMEMpool *pool_new(struct session *session)
{
	RPMEMpool *pool = calloc(1, sizeof(*pool));

	if (!pool) {
		err_set(-ENOMEM, "%s: out of memory", session->name);
		session_free(session);
		return NULL;
	}
	pool->session = session;
	session->counters = (struct channel_counters){sum_counters, pool};
	pthread_mutex_init(&pool->lock, NULL);
	pthread_mutex_init(&pool->beginning, NULL);
	return pool;
}

static void pool_free(RPMEMpool *pool)
{
	if (pool->lanes)
		lanes_close(pool->lanes);
	notes_fini(&pool->notes);
	session_free(pool->session);
	count_close(pool);
	pthread_mutex_destroy(&pool->lock);
	pthread_mutex_destroy(&pool->beginning);
	free(pool);
}

/*
 * Keep the state that the target has of a pool that was opened: a reconnect checks that it finds
 * the same pool.
 */
static int see_state(RPMEMpool *pool, uint32_t type)
{
	pool->has_state = remote_has_state(pool->session);
	return pool->has_state && type == CONTROL_OPEN ? remote_state(pool->session, &pool->seen)
						       : 0;
}

/*
 * Learn the pool's identity after resuming a session whose CONTROL_BEGIN reply was lost. If that
 * session was the first one of the pool, only the target knows the identity that it has made for
 * it. The secret tells whether the session at the target is this one.
 */
static int learn_identity(RPMEMpool *pool)
{
	static const uint8_t unknown[CONTROL_ID_SIZE];
	struct control_state state;

	if (memcmp(pool->mine.identity, unknown, sizeof(unknown)) != 0)
		return 0;
	int rc = remote_state(pool->session, &state);
	if (!rc)
		memcpy(pool->mine.identity, state.identity, sizeof(unknown));
	return rc;
}

/* The target has opened the pool. If a later step fails, a created pool must be removed again. */
static int settle(RPMEMpool *pool, uint32_t type, void *addr, size_t size)
{
	char cause[ERR_SIZE];
	int rc = connect_lanes(pool, addr, size);

	if (!rc)
		rc = see_state(pool, type);
	if (!rc && type != CONTROL_RESUME)
		rc = notes_init(&pool->notes, pool->guard, size, pool->nlanes);
	/*
	 * A program that creates a pool is going to store to it: begin the session now, so that no
	 * later call has to wait for that.
	 */
	if (!rc && type == CONTROL_CREATE)
		rc = pool_begin(pool);
	if (!rc && type == CONTROL_CREATE)
		rc = channel_call(pool->session->channel, CONTROL_KEEP, NULL, "create", NULL);
	if (!rc)
		return 0;
	snprintf(cause, sizeof(cause), "%s", err_get());
	/*
	 * Do not close a resumed session at the target: it is not over, and must not be recorded
	 * as closed.
	 */
	if (type != CONTROL_RESUME && !channel_error(pool->session->channel))
		pool_close_at_target(pool->session, CONTROL_CLOSE_REMOVE);
	err_put_back(cause);
	return rc;
}

static void *load(void *unused)
{
	(void)unused;
	fabric_load();
	return NULL;
}

/* Start ssh and load libfabric at the same time: each takes some tenths of a second. */
static int start_session(struct session *session)
{
	pthread_t loader;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool loads = session->settings.providers != HOLDFAST_PROVIDER_SSH &&
		     !pthread_create(&loader, NULL, load, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	int rc = session_start(session);
	if (loads)
		pthread_join(loader, NULL);
	return rc;
}

static int start_pool(RPMEMpool *pool, uint32_t type, void *addr, size_t size, unsigned nlanes,
	const struct rpmem_pool_attr *attr)
{
	const char *step = type == CONTROL_CREATE   ? "create"
			   : type == CONTROL_REPAIR ? "sync"
			   : type == CONTROL_RESUME ? "resume"
						    : "open";
	struct control_start *start = calloc(1, sizeof(*start));

	if (!start)
		return err_set(-ENOMEM, "%s: out of memory", pool->session->name);
	int rc = start_session(pool->session);
	if (!rc)
		rc = fill_start(pool->session, start, size, nlanes, attr);
	if (!rc && type == CONTROL_RESUME)
		rc = learn_identity(pool);
	if (!rc)
		rc = ask(pool, type, start, step);
	if (!rc)
		rc = settle(pool, type, addr, size);
	free(start);
	return rc;
}

int pool_start(RPMEMpool **started, uint32_t type, const char *target, const char *set, void *addr,
	size_t size, unsigned *nlanes, const struct rpmem_pool_attr *attr)
{
	struct fork_owner owner;
	struct session *session;
	int rc = check_arguments(addr, size, nlanes);

	if (!rc)
		rc = check_fork();
	if (!rc)
		rc = fork_own(&owner);
	if (!rc)
		rc = session_new(&session, target, set);
	if (rc)
		return rc;
	RPMEMpool *pool = pool_new(session);
	if (!pool)
		return -ENOMEM;
	pool->owner = owner;
	pool->addr = addr;
	rc = start_pool(pool, type, addr, size, *nlanes, attr);
	if (rc) {
		char cause[ERR_SIZE];
		snprintf(cause, sizeof(cause), "%s", err_get());
		pool_free(pool);
		err_put_back(cause);
		return rc;
	}
	*nlanes = pool->nlanes;
	*started = pool;
	return 0;
}

/*
 * Make another handle for the pool of `lost`, a handle whose connection was lost. `type` is the
 * request to send, such as CONTROL_RESUME.
 */
static int open_as(const RPMEMpool *lost, uint32_t type, RPMEMpool **again)
{
	struct session *session;
	int rc = session_again(lost->session, &session);

	if (rc)
		return rc;
	RPMEMpool *pool = pool_new(session);
	if (!pool)
		return -ENOMEM;
	pool->owner = lost->owner;
	pool->tried = lost->tried;
	pool->mine = lost->mine;
	pool->lanes_counted = lost->lanes_counted;
	pool->tallies = lost->tallies;
	atomic_store(&pool->ncounted, atomic_load(&lost->ncounted));
	rc = start_pool(pool, type, lost->addr, lost->size, lost->nlanes, NULL);
	if (rc)
		open_discard(pool);
	else
		*again = pool;
	return rc;
}

/*
 * Open the pool again if no session had begun when the connection was lost: then the target has no
 * session to resume. Returns -ESTALE if another initiator has stored to the pool since then.
 */
static int open_unbegun(const RPMEMpool *lost, RPMEMpool **again)
{
	int rc = open_as(lost, CONTROL_OPEN, again);

	if (rc)
		return rc;
	if ((*again)->seen.generation == lost->seen.generation &&
		!memcmp((*again)->seen.identity, lost->seen.identity, CONTROL_ID_SIZE))
		return 0;
	err_set(-ESTALE,
		"%s: another writer has used the pool meanwhile: its generation was %ju and is now %ju",
		lost->session->name, (uintmax_t)lost->seen.generation,
		(uintmax_t)(*again)->seen.generation);
	open_discard(*again);
	return -ESTALE;
}

static int resume(RPMEMpool *lost, RPMEMpool **again)
{
	/*
	 * the reply to BEGIN was lost: the pool's identity is unchanged, and its generation one
	 * higher
	 */
	if (!lost->begun) {
		memcpy(lost->mine.identity, lost->seen.identity, CONTROL_ID_SIZE);
		lost->mine.generation = lost->seen.generation + 1;
	}
	return open_as(lost, CONTROL_RESUME, again);
}

int open_again(RPMEMpool *lost, RPMEMpool **again)
{
	if (!lost->tried)
		return open_unbegun(lost, again);
	int rc = resume(lost, again);
	if (rc != -ESTALE || lost->begun)
		return rc;
	/*
	 * If this fails with -ESTALE, the old daemon has ended, but may have begun the session just
	 * before: then try once more to resume that session.
	 */
	rc = open_unbegun(lost, again);
	return rc == -ESTALE ? resume(lost, again) : rc;
}

void open_discard(RPMEMpool *again)
{
	char cause[ERR_SIZE];

	snprintf(cause, sizeof(cause), "%s", err_get());
	/*
	 * `again`, the new handle, uses the counters of the lost pool, which must not be freed. The
	 * monitor thread of `again` may be reading them, so end that thread first.
	 */
	session_stop(again->session);
	atomic_store(&again->ncounted, 0);
	again->lanes_counted = NULL;
	again->tallies = NULL;
	pool_free(again);
	err_put_back(cause);
}

EXPORT(rpmem_create)
RPMEMpool *rpmem_create(const char *target, const char *pool_set_name, void *pool_addr,
	size_t pool_size, unsigned *nlanes, const struct rpmem_pool_attr *create_attr)
{
	struct call call = call_begin();
	RPMEMpool *pool = NULL;

	call_end(&call, pool_start(&pool, CONTROL_CREATE, target, pool_set_name, pool_addr,
				pool_size, nlanes, create_attr));
	return pool;
}

EXPORT(rpmem_open)
RPMEMpool *rpmem_open(const char *target, const char *pool_set_name, void *pool_addr,
	size_t pool_size, unsigned *nlanes, struct rpmem_pool_attr *open_attr)
{
	struct call call = call_begin();
	RPMEMpool *pool = NULL;

	call_end(&call, pool_start(&pool, CONTROL_OPEN, target, pool_set_name, pool_addr, pool_size,
				nlanes, NULL));
	if (pool && open_attr)
		*open_attr = pool->told.attr;
	return pool;
}

/* In a child of the owner: free memory only, since connections and ssh belong to the owner. */
static int abandon(RPMEMpool *pool)
{
	lanes_abandon(pool->lanes);
	notes_fini(&pool->notes);
	session_abandon(pool->session);
	count_close(pool);
	free(pool);
	return 0;
}

int pool_finish(RPMEMpool *rpp)
{
	char cause[ERR_SIZE];

	if (!rpp)
		return err_set(-EINVAL, "the pool is NULL");
	if (!fork_is_owner(&rpp->owner))
		return abandon(rpp);
	int canceled = waiters_send_away(rpp);
	snprintf(cause, sizeof(cause), "%s", canceled ? err_get() : "");
	/*
	 * Tell the target to close the pool before the lanes are closed here: else it would log
	 * each lane as a lost connection.
	 */
	int rc = pool_failure(rpp);
	if (channel_is_stopped(rpp->session->channel)) {
		/* Nothing to send: a reconnect failed and has ended the daemon. */
	} else if (rc == -ETIMEDOUT) {
		/*
		 * The target has already missed a time limit: do not wait for it again when ssh is
		 * ended.
		 */
		channel_give_up(rpp->session->channel);
	} else if (!rc || !channel_error(rpp->session->channel)) {
		int closed = pool_close_at_target(rpp->session, 0);
		rc = rc ? rc : closed;
	}
	if (canceled && !rc)
		rc = canceled;
	else
		snprintf(cause, sizeof(cause), "%s", err_get());
	pool_free(rpp);
	err_put_back(cause);
	return rc;
}

EXPORT(rpmem_close)
int rpmem_close(RPMEMpool *rpp)
{
	struct call call = call_begin();

	return call_end(&call, pool_finish(rpp));
}
