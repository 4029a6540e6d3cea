/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * requests.c - handle the requests of an initiator. Each handler sends the reply, and returns 0, or
 * -errno if it cannot send.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "session_parts.h"
#include "stream/stream.h"

/*
 * Returns the status to send for an error. Initiators of older versions do not know all statuses.
 */
static enum wire_status status_for(const struct session *session, int rc)
{
	enum wire_status status = wire_status_of(-rc);

	return status >= WIRE_STALE && session->io.minor < CONTROL_MINOR_STATE ? WIRE_FATAL
									       : status;
}

static int refuse(struct session *session, const struct control_head *head, int rc)
{
	char sentence[ERR_SIZE];

	snprintf(sentence, sizeof(sentence), "%s", err_get());
	return control_io_refuse(&session->io, head, status_for(session, rc), sentence);
}

/* Reply success, or refuse with the error `rc` and its error message. */
static int reply(struct session *session, const struct control_head *head, int rc)
{
	if (rc)
		return refuse(session, head, rc);
	struct writer out = control_io_reply(&session->io);
	return control_io_send_reply(&session->io, head, &out);
}

/*
 * Send the reply about a pool that was opened, and free the secrets of its lanes. `secrets` is NULL
 * if the lanes are in this control channel.
 */
static int send_started(struct session *session, const struct control_head *head,
	const struct control_started *told, uint8_t *secrets)
{
	struct writer out = control_io_reply(&session->io);

	control_put_started(&out, told);
	int rc = control_io_send_reply(&session->io, head, &out);
	if (secrets)
		explicit_bzero(secrets, (size_t)told->nlanes * CONTROL_SECRET_SIZE);
	free(secrets);
	return rc;
}

static int reply_started(struct session *session, const struct control_head *head,
	const struct service_start *request)
{
	struct control_started told;
	uint8_t *secrets = NULL;
	int rc = 0;

	if (session->service.pool)
		return refuse(session, head, err_set(-EPROTO, "a pool is open already"));
	session->service.begins = session->io.minor >= CONTROL_MINOR_STATE;
	rc = service_start(&session->service, request, &told, &secrets);
	return rc ? refuse(session, head, rc) : send_started(session, head, &told, secrets);
}

/* Handle the requests CREATE, OPEN and REPAIR. */
static int on_start(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_start start;
	struct service_start request = {.type = head->type, .start = &start};
	int rc = control_get_start(body, head->length, &start);

	return rc ? refuse(session, head, rc) : reply_started(session, head, &request);
}

static int on_resume(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_resume resume;
	struct service_start request = {
		.type = head->type, .start = &resume.start, .session = &resume.session};
	int rc = control_get_resume(body, head->length, &resume);

	return rc ? refuse(session, head, rc) : reply_started(session, head, &request);
}

/* Check that a pool is open. Returns 0 or -EPROTO. */
static int need_pool(const struct session *session)
{
	return session->service.pool ? 0 : err_set(-EPROTO, "no pool is open");
}

/* Check that a pool is open, and not for reading only. Returns 0 or -EPROTO. */
static int need_writable_pool(const struct session *session)
{
	int rc = need_pool(session);

	if (!rc && session->service.looks)
		rc = err_set(-EPROTO, "the pool is open for reading only");
	return rc;
}

static int reply_lanes(
	struct session *session, const struct control_head *head, const struct control_lanes *lanes)
{
	struct control_started told;
	uint8_t *secrets = NULL;
	int rc = service_relane(&session->service, lanes, &told, &secrets);

	session->lost = 0;
	return rc ? refuse(session, head, rc) : send_started(session, head, &told, secrets);
}

static int on_lanes(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_lanes lanes;
	int rc = control_get_lanes(body, head->length, &lanes);

	if (!rc)
		rc = need_writable_pool(session);
	return rc ? refuse(session, head, rc) : reply_lanes(session, head, &lanes);
}

/*
 * Handle a message of a lane in the control channel. The lane sends the reply, so the request
 * cannot be refused here.
 */
static int on_message(struct session *session, const struct control_head *head, const uint8_t *body)
{
	if (!session->service.in_stream)
		return err_set(-EPROTO,
			"a message of lane %u, but the lanes do not use the control channel",
			head->id);
	return stream_server_take(session->service.server, head->id, body, head->length);
}

static int on_keep(struct session *session, const struct control_head *head, const uint8_t *body)
{
	int rc = control_get_nothing(body, head->length);

	if (!rc)
		rc = need_pool(session);
	if (!rc && !session->service.created)
		rc = err_set(-EPROTO, "this request needs a session that created the pool");
	if (!rc)
		session->service.kept = true;
	return reply(session, head, rc);
}

static int on_set_attr(
	struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_set_attr set;
	int rc = control_get_set_attr(body, head->length, &set);

	if (!rc)
		rc = need_writable_pool(session);
	if (!rc)
		rc = service_set_attr(&session->service, &set);
	return reply(session, head, rc);
}

void session_end_jobs(struct session *session)
{
	jobs_close(session->jobs);
	session->jobs = NULL;
}

static int on_close(struct session *session, const struct control_head *head, const uint8_t *body)
{
	uint32_t flags;
	int rc = control_get_close(body, head->length, &flags);

	if (!rc)
		rc = need_pool(session);
	if (!rc) {
		session_end_jobs(session);
		rc = service_close(&session->service, flags & CONTROL_CLOSE_REMOVE);
	}
	if (!session->service.pool)
		session->lost = 0;
	return reply(session, head, rc);
}

static int on_remove(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_named named;
	int rc = control_get_named(body, head->length, &named);

	if (!rc)
		rc = service_remove(session->config, &named);
	return reply(session, head, rc);
}

static int on_describe(
	struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_description told;
	struct control_named named;
	struct pool_set *set;
	int rc = control_get_named(body, head->length, &named);

	if (!rc)
		rc = service_describe(session->config, &named, &told, &set);
	if (rc)
		return refuse(session, head, rc);
	struct writer out = control_io_reply(&session->io);
	control_put_description(&out, &told, session->io.minor);
	pool_set_free(set);
	return control_io_send_reply(&session->io, head, &out);
}

static int on_state(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct control_state state;
	struct control_named named;
	int rc = control_get_named(body, head->length, &named);

	if (!rc)
		rc = writers_look(session->config, named.name, &state);
	if (rc)
		return refuse(session, head, rc);
	struct writer out = control_io_reply(&session->io);
	control_put_state(&out, &state);
	return control_io_send_reply(&session->io, head, &out);
}

static int on_look(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct compare_looked looked;
	struct control_named named;
	int rc = control_get_named(body, head->length, &named);

	if (!rc && session->service.pool)
		rc = err_set(-EPROTO, "a pool is open already");
	if (!rc)
		rc = service_look(&session->service, &named, &looked);
	if (rc)
		return refuse(session, head, rc);
	struct writer out = control_io_reply(&session->io);
	compare_put_looked(&out, &looked);
	return control_io_send_reply(&session->io, head, &out);
}

/* -- requests for hashes, which take long (jobs.h), and BEGIN, MARK and CLEAR between them -- */

/*
 * Pass a request to the thread of jobs.h. The reply is sent when the thread has executed the
 * request (session_answer_jobs()).
 */
static int add_job(struct session *session, const struct control_head *head, const uint8_t *body)
{
	int rc = session->jobs ? 0 : jobs_open(&session->jobs, service_work, &session->service);

	if (!rc)
		rc = jobs_add(session->jobs, head, body);
	return rc ? refuse(session, head, rc) : 0;
}

static int on_hashes(struct session *session, const struct control_head *head, const uint8_t *body)
{
	int rc = need_pool(session);

	return rc ? refuse(session, head, rc) : add_job(session, head, body);
}

/*
 * Handle BEGIN, MARK and CLEAR. If requests for hashes are not answered yet, these requests must
 * wait for them in the queue of jobs.h.
 */
static int on_writer(struct session *session, const struct control_head *head, const uint8_t *body)
{
	int rc = need_writable_pool(session);

	if (rc)
		return refuse(session, head, rc);
	if (session->jobs)
		return add_job(session, head, body);
	struct writer out = control_io_reply(&session->io);
	rc = service_work(&session->service, head, body, &out);
	return rc ? refuse(session, head, rc) : control_io_send_reply(&session->io, head, &out);
}

static int on_session_counters(
	struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct wire_session other;
	struct control_named named;
	int rc = control_get_named(body, head->length, &named);

	if (!rc)
		rc = service_counters(session->config, &named, &other);
	if (rc)
		return refuse(session, head, rc);
	struct writer out = control_io_reply(&session->io);
	counters_put_session(&out, &other);
	return control_io_send_reply(&session->io, head, &out);
}

/*
 * Handle the initiator's counters: pass them on to the process that has asked for them, if it still
 * waits.
 */
static int on_counters(
	struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct reader in = reader_on(body, head->length);
	struct wire_session own = {.provider = session->service.provider};
	int rc = counters_get(&in, &own.counters);

	if (!rc && (!session->questions || head->id != session->questions))
		rc = err_set(-EPROTO, "the initiator has sent counters that were not asked for");
	if (!rc && session->service.pool)
		publish_answer(&session->service.publish, &own);
	return rc;
}

static int on_ping(struct session *session, const struct control_head *head, const uint8_t *body)
{
	struct writer nothing = writer_on(session->io.bytes + CONTROL_HEAD_SIZE, 0);
	int rc = control_get_nothing(body, head->length);

	return rc ? rc : control_io_send_reply(&session->io, head, &nothing);
}

static int on_pong(struct session *session, const struct control_head *head, const uint8_t *body)
{
	int rc = control_get_nothing(body, head->length);

	if (!rc && (!session->pings || head->id != session->pings))
		rc = err_set(-EPROTO, "the initiator has answered a ping that was not sent");
	return rc;
}

static int (*const handlers[])(
	struct session *session, const struct control_head *head, const uint8_t *body) = {
	[CONTROL_CREATE] = on_start,
	[CONTROL_OPEN] = on_start,
	[CONTROL_LANES] = on_lanes,
	[CONTROL_KEEP] = on_keep,
	[CONTROL_SET_ATTR] = on_set_attr,
	[CONTROL_CLOSE] = on_close,
	[CONTROL_REMOVE] = on_remove,
	[CONTROL_DESCRIBE] = on_describe,
	[CONTROL_STATE] = on_state,
	[CONTROL_BEGIN] = on_writer,
	[CONTROL_RESUME] = on_resume,
	[CONTROL_MARK] = on_writer,
	[CONTROL_CLEAR] = on_writer,
	[CONTROL_REPAIR] = on_start,
	[CONTROL_SESSION_COUNTERS] = on_session_counters,
	[CONTROL_LOOK] = on_look,
	[CONTROL_HASHES] = on_hashes,
};

int session_dispatch(struct session *session, const struct control_head *head, const uint8_t *body)
{
	if (head->type == CONTROL_PING)
		return on_ping(session, head, body);
	if (head->type == (CONTROL_PING | CONTROL_REPLY))
		return on_pong(session, head, body);
	if (head->type == (CONTROL_COUNTERS | CONTROL_REPLY))
		return on_counters(session, head, body);
	if (head->type == CONTROL_MESSAGE)
		return on_message(session, head, body);
	if (session->refusal)
		return control_io_refuse(
			&session->io, head, wire_status_of(-session->refusal), session->why);
	/* Replies are in the order of requests: refuse one that would be answered before a job. */
	if (session->jobs && jobs_pending(session->jobs) && !service_is_work(head->type))
		return refuse(
			session, head, err_set(-EPROTO, "earlier requests are not answered yet"));
	if (head->type < sizeof(handlers) / sizeof(handlers[0]) && handlers[head->type])
		return handlers[head->type](session, head, body);
	return reply(session, head, err_set(-EOPNOTSUPP, "request %u is unknown", head->type));
}

int session_answer_jobs(struct session *session)
{
	struct control_head head;
	int result, rc = 0;

	while (!rc) {
		struct writer out = control_io_reply(&session->io);
		if (!jobs_take(session->jobs, &head, &result, &out))
			return 0;
		rc = result ? refuse(session, &head, result)
			    : control_io_send_reply(&session->io, &head, &out);
	}
	return rc;
}
