/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * info.c - Holdfast's additions: information about open pools, and about pool sets that are not
 * open
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "librpmem/call.h"
#include "librpmem/carry.h"
#include "librpmem/count.h"
#include "librpmem/export.h"
#include "librpmem/holdfast.h"
#include "librpmem/pool.h"
#include "librpmem/remote_state.h"

EXPORT_HOLDFAST(holdfast_provider_name)
const char *holdfast_provider_name(enum holdfast_provider provider)
{
	return wire_provider_name(provider);
}

EXPORT_HOLDFAST(holdfast_method_name)
const char *holdfast_method_name(enum holdfast_method method)
{
	return wire_method_name(method);
}

static int tell_of(RPMEMpool *rpp, struct holdfast_remote **remote)
{
	struct holdfast_remote *told = calloc(1, sizeof(*told) + sizeof(rpp->host));
	if (!told)
		return err_set(-ENOMEM, "%s: out of memory", rpp->session->name);
	*told = (struct holdfast_remote){
		.struct_size = sizeof(*told),
		.provider = (enum holdfast_provider)rpp->told.provider,
		.method = (enum holdfast_method)rpp->told.method,
		.granularity = (enum pmem2_granularity)rpp->told.granularity,
		.nlanes = rpp->nlanes,
		.round_trip_ns = rpp->lanes->round_trip_ns,
		.port = rpp->told.port,
		.address = memcpy(told + 1, rpp->host, sizeof(rpp->host)),
		.pool_size = rpp->told.pool_size,
		.header_size = rpp->guard,
	};
	*remote = told;
	return 0;
}

/*
 * Describe an open pool. A reconnect changes the described members, so this call is registered as
 * being in progress: a reconnect then refuses to run.
 */
static int tell(RPMEMpool *rpp, struct holdfast_remote **remote)
{
	if (!rpp || !remote)
		return err_set(-EINVAL, "an argument is NULL");
	int rc = fork_check(&rpp->owner);
	if (rc)
		return rc;
	notes_enter(&rpp->notes, NOTES_NO_LANE);
	if (atomic_load(&rpp->reconnecting))
		rc = err_set(-EBUSY, "the pool is being connected again");
	else
		rc = tell_of(rpp, remote);
	notes_leave(&rpp->notes, NOTES_NO_LANE);
	return rc;
}

EXPORT_HOLDFAST(holdfast_remote_info)
int holdfast_remote_info(RPMEMpool *rpp, struct holdfast_remote **remote)
{
	struct call call = call_begin();

	return call_end(&call, tell(rpp, remote));
}

EXPORT_HOLDFAST(holdfast_remote_free)
void holdfast_remote_free(struct holdfast_remote **remote)
{
	if (!remote)
		return;
	free(*remote);
	*remote = NULL;
}

/*
 * The description of a pool set. It is in one block of memory with all that it points to, so that
 * one free() is enough.
 */
struct description {
	struct holdfast_remote_set set;
	struct holdfast_remote_part parts[CONTROL_PARTS_MAX];
	const struct holdfast_remote_part *list[CONTROL_PARTS_MAX];
	char version[16];
	struct holdfast_remote_counts stats;
	char text[]; /* the paths, one after the other */
};

static void keep_parts(struct description *kept, const struct control_description *told)
{
	char *text = kept->text;

	for (unsigned i = 0; i < told->nparts; i++) {
		const struct control_part *part = &told->parts[i];
		kept->parts[i] = (struct holdfast_remote_part){sizeof(kept->parts[i]), text,
			part->size, (enum holdfast_survival)part->survival};
		kept->list[i] = &kept->parts[i];
		memcpy(text, part->path, part->path_length);
		text += part->path_length + 1;
	}
}

static struct description *keep(const struct control_description *told, const char *version)
{
	size_t size = sizeof(struct description);

	for (unsigned i = 0; i < told->nparts; i++)
		size += told->parts[i].path_length + 1u;
	struct description *kept = calloc(1, size);
	if (!kept)
		return NULL;
	kept->set = (struct holdfast_remote_set){
		.struct_size = sizeof(kept->set),
		.size = told->size,
		.created = told->created,
		.busy = told->busy,
		.header_size = told->guard,
		.granularity = (enum pmem2_granularity)told->granularity,
		.max_lanes = told->max_lanes,
		.method_verbs = (enum holdfast_method)told->method_verbs,
		.method_tcp = (enum holdfast_method)told->method_tcp,
		.attr = told->attr,
		.part_count = told->nparts,
		.parts = kept->list,
		.version = kept->version,
		.survival = (enum holdfast_survival)told->survival,
		.method_ssh = told->providers & HOLDFAST_PROVIDER_SSH ? HOLDFAST_METHOD_MESSAGE
								      : HOLDFAST_METHOD_NONE,
	};
	snprintf(kept->version, sizeof(kept->version), "%s", version);
	keep_parts(kept, told);
	return kept;
}

/*
 * Add the state that the target keeps of the pool. A target of an earlier version keeps none: then
 * nothing is added.
 */
static int keep_state(struct session *session, struct description *kept)
{
	struct control_state state;
	int rc = remote_has_state(session) ? remote_state(session, &state) : -EOPNOTSUPP;

	if (rc)
		return rc == -EOPNOTSUPP ? 0 : rc;
	kept->set.generation = state.generation;
	kept->set.unclosed = state.unclosed;
	kept->set.inconsistent = state.inconsistent;
	kept->set.inconsistent_since = state.since;
	kept->set.missing = state.missing;
	kept->set.extent = state.extent;
	return 0;
}

/* Send a request about the session's pool set. */
static int ask_about(struct session *session, uint32_t type, const char *step, struct reader *reply)
{
	struct control_named *named = calloc(1, sizeof(*named));
	uint8_t bytes[CONTROL_NAME_MAX + 16];
	struct writer out = writer_on(bytes, sizeof(bytes));

	if (!named)
		return err_set(-ENOMEM, "%s: out of memory", session->name);
	snprintf(named->name, sizeof(named->name), "%s", session->set);
	control_put_named(&out, named);
	free(named);
	return channel_call(session->channel, type, &out, step, reply);
}

static int ask(struct session *session, struct control_description *told)
{
	struct reader reply;
	int rc = ask_about(session, CONTROL_DESCRIBE, "describe", &reply);

	if (!rc && (rc = control_get_description(&reply, told)))
		rc = session_failed(session, rc);
	return rc;
}

/*
 * Add the counters of the session that has the pool open, if the target and that session's
 * initiator are new enough to report them.
 */
static void keep_session(struct session *session, struct description *kept)
{
	struct wire_session other;
	struct reader reply;

	if (!kept->set.busy || channel_minor(session->channel) < 1 ||
		ask_about(session, CONTROL_SESSION_COUNTERS, "counters", &reply) ||
		counters_get_session(&reply, &other))
		return;
	count_convert(&other.counters, &kept->stats);
	kept->set.stats = &kept->stats;
	kept->set.provider = (enum holdfast_provider)other.provider;
}

static int describe(struct session *session, struct description **kept)
{
	struct control_description *told = calloc(1, sizeof(*told));

	if (!told)
		return err_set(-ENOMEM, "%s: out of memory", session->name);
	int rc = session_start(session);
	if (!rc)
		rc = ask(session, told);
	if (!rc) {
		*kept = keep(told, channel_version(session->channel));
		rc = *kept ? keep_state(session, *kept)
			   : err_set(-ENOMEM, "%s: out of memory", session->name);
	}
	if (!rc)
		keep_session(session, *kept);
	if (!rc && told->providers)
		(*kept)->set.provider = carry_expected(session, told->providers);
	free(told);
	return rc;
}

static int describe_at(
	const char *target, const char *pool_set_name, struct holdfast_remote_set **set)
{
	struct description *kept = NULL;
	struct session *session;
	char cause[ERR_SIZE];

	if (!set)
		return err_set(-EINVAL, "set is NULL");
	int rc = session_new(&session, target, pool_set_name);
	if (rc)
		return rc;
	rc = describe(session, &kept);
	snprintf(cause, sizeof(cause), "%s", err_get());
	session_free(session);
	err_put_back(cause);
	if (rc)
		free(kept);
	else
		*set = &kept->set;
	return rc;
}

EXPORT_HOLDFAST(holdfast_remote_describe)
int holdfast_remote_describe(
	const char *target, const char *pool_set_name, struct holdfast_remote_set **set)
{
	struct call call = call_begin();

	return call_end(&call, describe_at(target, pool_set_name, set));
}

EXPORT_HOLDFAST(holdfast_remote_set_free)
void holdfast_remote_set_free(struct holdfast_remote_set **set)
{
	if (!set)
		return;
	free(*set);
	*set = NULL;
}
