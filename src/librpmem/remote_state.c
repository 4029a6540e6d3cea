/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/remote_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"

bool remote_has_state(const struct session *session)
{
	return channel_minor(session->channel) >= CONTROL_MINOR_STATE;
}

static int need_state(const struct session *session)
{
	if (remote_has_state(session))
		return 0;
	return err_set(-EOPNOTSUPP,
		"%s: the target speaks version %s of the protocol, which does not record the writers of a pool",
		session->name, channel_version(session->channel));
}

int remote_secret(uint8_t secret[CONTROL_SECRET_SIZE])
{
	ssize_t got;

	do /* getrandom(2) returns all bytes or an error if at most 256 are asked for */
		got = getrandom(secret, CONTROL_SECRET_SIZE, 0);
	while (got < 0 && errno == EINTR);
	return got == CONTROL_SECRET_SIZE ? 0 : err_sys("cannot get random numbers");
}

int remote_begin(struct session *session, const uint8_t secret[CONTROL_SECRET_SIZE],
	struct control_session *begun)
{
	uint8_t bytes[CONTROL_SECRET_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct reader reply;
	int rc = need_state(session);

	control_put_begin(&out, secret);
	if (!rc)
		rc = channel_call(session->channel, CONTROL_BEGIN, &out, "begin", &reply);
	if (!rc && (rc = control_get_session(&reply, begun)))
		rc = session_failed(session, rc);
	return rc;
}

int remote_mark(struct session *session, const struct control_mark *mark)
{
	uint8_t bytes[CONTROL_MARK_SIZE];
	struct writer out = writer_on(bytes, sizeof(bytes));
	int rc = need_state(session);

	control_put_mark(&out, mark);
	return rc ? rc : channel_call(session->channel, CONTROL_MARK, &out, "mark", NULL);
}

int remote_clear(struct session *session)
{
	int rc = need_state(session);

	return rc ? rc : channel_call(session->channel, CONTROL_CLEAR, NULL, "clear", NULL);
}

int remote_state(struct session *session, struct control_state *state)
{
	uint8_t bytes[CONTROL_NAME_MAX + 16];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct control_named *named;
	struct reader reply;
	int rc = need_state(session);

	if (rc)
		return rc;
	if (!(named = calloc(1, sizeof(*named))))
		return err_set(-ENOMEM, "%s: out of memory", session->name);
	snprintf(named->name, sizeof(named->name), "%s", session->set);
	control_put_named(&out, named);
	free(named);
	rc = channel_call(session->channel, CONTROL_STATE, &out, "state", &reply);
	if (!rc && (rc = control_get_state(&reply, state)))
		rc = session_failed(session, rc);
	return rc;
}
