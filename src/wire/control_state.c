/* SPDX-License-Identifier: BSD-3-Clause */
/* control_state.c - requests and replies about what the target remembers of a pool */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "wire/control.h"

static int malformed(const char *what, const char *why)
{
	return err_set(-EPROTO, "malformed %s: %s", what, why);
}

static void put_session(struct writer *out, const struct control_session *session)
{
	put_bytes(out, session->identity, sizeof(session->identity));
	put_u64(out, session->generation);
	put_bytes(out, session->secret, sizeof(session->secret));
}

static void get_session(struct reader *in, struct control_session *session)
{
	get_bytes(in, session->identity, sizeof(session->identity));
	session->generation = get_u64(in);
	get_bytes(in, session->secret, sizeof(session->secret));
	if (!session->generation)
		in->bad = true;
}

void control_put_session(struct writer *out, const struct control_session *session)
{
	put_session(out, session);
}

int control_get_session(struct reader *in, struct control_session *session)
{
	struct control_session got;

	get_session(in, &got);
	if (!reader_done(in))
		return malformed("session", "the length or the generation is wrong");
	*session = got;
	return 0;
}

void control_put_resume(struct writer *out, const struct control_resume *resume)
{
	put_session(out, &resume->session);
	control_put_start(out, &resume->start);
}

int control_get_resume(const uint8_t *body, size_t length, struct control_resume *resume)
{
	struct reader in = reader_on(body, length);
	struct control_session got;

	get_session(&in, &got);
	if (in.bad)
		return malformed("request to resume", "the length or the generation is wrong");
	int rc = control_get_start(
		body + CONTROL_SESSION_SIZE, length - CONTROL_SESSION_SIZE, &resume->start);
	if (!rc)
		resume->session = got;
	return rc;
}

void control_put_begin(struct writer *out, const uint8_t secret[CONTROL_SECRET_SIZE])
{
	put_bytes(out, secret, CONTROL_SECRET_SIZE);
}

int control_get_begin(const uint8_t *body, size_t length, uint8_t secret[CONTROL_SECRET_SIZE])
{
	static const uint8_t zeros[CONTROL_SECRET_SIZE];

	if (length != CONTROL_SECRET_SIZE || !memcmp(body, zeros, sizeof(zeros)))
		return malformed("request to begin", "it must have a secret");
	memcpy(secret, body, CONTROL_SECRET_SIZE);
	return 0;
}

void control_put_mark(struct writer *out, const struct control_mark *mark)
{
	put_u64(out, mark->missing);
	put_u64(out, mark->extent);
}

int control_get_mark(const uint8_t *body, size_t length, struct control_mark *mark)
{
	struct reader in = reader_on(body, length);
	struct control_mark got;

	got.missing = get_u64(&in);
	got.extent = get_u64(&in);
	if (!reader_done(&in))
		return malformed("request to mark", "the length does not match the fields");
	if (!got.extent || got.missing > got.extent)
		return malformed("request to mark",
			"more bytes are missing than the inconsistency mark covers");
	*mark = got;
	return 0;
}

void control_put_state(struct writer *out, const struct control_state *state)
{
	put_u8(out, state->known);
	put_bytes(out, state->identity, sizeof(state->identity));
	put_u64(out, state->generation);
	put_u8(out, state->unclosed);
	put_u8(out, state->inconsistent);
	put_u64(out, state->since);
	put_u64(out, state->missing);
	put_u64(out, state->extent);
}

/* Read a byte that must be 0 or 1; any other value sets `in->bad`. */
static bool get_flag(struct reader *in)
{
	uint8_t number = get_u8(in);

	if (number > 1)
		in->bad = true;
	return number == 1;
}

int control_get_state(struct reader *in, struct control_state *state)
{
	static const uint8_t no_identity[CONTROL_ID_SIZE];
	struct control_state got = {.known = get_flag(in)};

	get_bytes(in, got.identity, sizeof(got.identity));
	got.generation = get_u64(in);
	got.unclosed = get_flag(in);
	got.inconsistent = get_flag(in);
	got.since = get_u64(in);
	got.missing = get_u64(in);
	got.extent = get_u64(in);
	if (!reader_done(in))
		return malformed("state", "the length does not match the fields");
	if (!got.known && (memcmp(got.identity, no_identity, sizeof(no_identity)) ||
				  got.generation || got.unclosed || got.inconsistent))
		return malformed("state",
			"it has values, although it says that the pool's state is unknown");
	if (!got.inconsistent && (got.since || got.missing || got.extent))
		return malformed(
			"state", "it describes an inconsistency mark, but says that none is set");
	if (got.missing > got.extent)
		return malformed(
			"state", "more bytes are missing than the inconsistency mark covers");
	*state = got;
	return 0;
}
