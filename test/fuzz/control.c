/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.c - a fuzzer of the control channel: decodes a stream that a malicious peer could send
 *
 * The first byte of the input plus 1 is the number of bytes in each read of the stream. A greeting
 * and frames follow. The body of each frame is decoded as a request and as a reply of the frame's
 * type. A body that is accepted must give the same bytes when it is encoded again.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "wire/compare.h"
#include "wire/control.h"
#include "wire/counters.h"
#include "wire/frames.h"

static uint8_t again[CONTROL_BODY_MAX]; /* the result of encoding a decoded body again */

static void must_be(const struct writer *out, const uint8_t *bytes, size_t length)
{
	must(!out->bad && writer_length(out) == length && !memcmp(again, bytes, length));
}

/*
 * request() and reply() decode a body of this type, and encode it to `out` if the decoder accepts
 * it. Both return the decoder's code.
 */
static int request(uint32_t type, const uint8_t *body, size_t length, struct writer *out)
{
	struct control_start start;
	struct control_set_attr set;
	struct control_resume resume;
	struct control_named named;
	uint8_t secret[CONTROL_SECRET_SIZE];
	struct control_mark mark;
	struct compare_ask ask;
	struct control_lanes lanes;
	uint32_t flags;
	int rc;

	switch (type) {
	case CONTROL_CREATE:
	case CONTROL_OPEN:
	case CONTROL_REPAIR:
		rc = control_get_start(body, length, &start);
		if (!rc)
			control_put_start(out, &start);
		return rc;
	case CONTROL_SET_ATTR:
		rc = control_get_set_attr(body, length, &set);
		if (!rc)
			control_put_set_attr(out, &set);
		return rc;
	case CONTROL_CLOSE:
		rc = control_get_close(body, length, &flags);
		if (!rc)
			control_put_close(out, flags);
		return rc;
	case CONTROL_HASHES:
		rc = compare_get_ask(body, length, &ask);
		if (!rc) {
			must(compare_count(&ask) >= 1 && compare_count(&ask) <= COMPARE_HASHES_MAX);
			compare_put_ask(out, &ask);
		}
		return rc;
	case CONTROL_LANES:
		rc = control_get_lanes(body, length, &lanes);
		if (!rc)
			control_put_lanes(out, &lanes);
		return rc;
	case CONTROL_REMOVE:
	case CONTROL_DESCRIBE:
	case CONTROL_STATE:
	case CONTROL_SESSION_COUNTERS:
	case CONTROL_LOOK:
		rc = control_get_named(body, length, &named);
		if (!rc)
			control_put_named(out, &named);
		return rc;
	case CONTROL_RESUME:
		rc = control_get_resume(body, length, &resume);
		if (!rc)
			control_put_resume(out, &resume);
		return rc;
	case CONTROL_BEGIN:
		rc = control_get_begin(body, length, secret);
		if (!rc)
			control_put_begin(out, secret);
		return rc;
	case CONTROL_MARK:
		rc = control_get_mark(body, length, &mark);
		if (!rc)
			control_put_mark(out, &mark);
		return rc;
	default:
		return control_get_nothing(body, length);
	}
}

/*
 * Decodes the body of a reply with hashes, as if the request had asked for as many hashes of pages
 * as the body has room for.
 */
static int reply_hashes(struct reader *in, struct writer *out)
{
	const uint8_t(*hashes)[HASH_SIZE];
	size_t count = reader_left(in) / HASH_SIZE;
	struct compare_ask ask = {.unit = COMPARE_PAGE};

	ask.length =
		COMPARE_PAGE * (uint32_t)(count < COMPARE_HASHES_MAX ? count : COMPARE_HASHES_MAX);
	int rc = compare_get_hashes(in, &ask, &hashes);
	if (!rc)
		put_bytes(out, hashes, count * HASH_SIZE);
	return rc;
}

static int reply_part(uint32_t type, struct reader *in, struct writer *out)
{
	struct control_started started;
	struct control_description told;
	struct compare_looked looked;
	struct control_session session;
	struct control_state state;
	struct wire_session other;
	int rc;

	if (type == CONTROL_HASHES)
		return reply_hashes(in, out);
	if (type == CONTROL_LOOK) {
		rc = compare_get_looked(in, &looked);
		if (!rc)
			compare_put_looked(out, &looked);
		return rc;
	}
	if (type == CONTROL_BEGIN) {
		rc = control_get_session(in, &session);
		if (!rc)
			control_put_session(out, &session);
		return rc;
	}
	if (type == CONTROL_STATE) {
		rc = control_get_state(in, &state);
		if (!rc)
			control_put_state(out, &state);
		return rc;
	}
	if (type == CONTROL_DESCRIBE) {
		rc = control_get_description(in, &told);
		if (!rc)
			control_put_description(out, &told, CONTROL_MINOR);
		return rc;
	}
	if (type == CONTROL_SESSION_COUNTERS) {
		rc = counters_get_session(in, &other);
		if (!rc)
			counters_put_session(out, &other);
		return rc;
	}
	rc = control_get_started(in, &started);
	if (!rc)
		control_put_started(out, &started);
	return rc;
}

static void reply(uint32_t type, const uint8_t *body, size_t length)
{
	struct reader in = reader_on(body, length);
	struct control_result result;

	if (control_get_result(&in, &result))
		return;
	must(result.status < WIRE_STATUSES && strlen(result.message) <= CONTROL_MESSAGE_MAX);
	for (const char *c = result.message; *c; c++)
		must(*c >= ' ' && *c <= '~');
	if (result.status != WIRE_OK) {
		must(!reader_left(&in));
		return;
	}
	const uint8_t *part = in.at;
	size_t left = reader_left(&in);
	struct writer out = writer_on(again, sizeof(again));
	if (!reply_part(type, &in, &out))
		must_be(&out, part, left);
}

static void frame(const struct control_head *head, const uint8_t *body)
{
	struct writer out = writer_on(again, sizeof(again));

	must(control_type_name(head->type));
	int rc = request(head->type, body, head->length, &out);
	must(rc == 0 || rc == -EPROTO);
	if (!rc)
		must_be(&out, body, head->length);
	reply(head->type & ~CONTROL_REPLY, body, head->length);
}

/*
 * Decodes the greeting and all frames that the stream has completely. Returns false if the stream
 * is malformed and must end.
 */
static bool take(struct frames *frames, bool *greeted)
{
	struct control_head head;
	const uint8_t *body;
	unsigned minor;
	int rc;

	if (!*greeted) {
		rc = frames_greeting(frames, "the fuzzer", &minor);
		must(rc == 1 || rc == 0 || rc == -EPROTO || rc == -EPROTONOSUPPORT);
		if (rc <= 0)
			return !rc;
		*greeted = true;
	}
	while ((rc = frames_next(frames, &head, &body)) > 0) {
		must(head.length <= CONTROL_BODY_MAX);
		frame(&head, body);
	}
	must(rc == 0 || rc == -EPROTO);
	return !rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frames frames;
	bool greeted = false;

	if (!size || frames_init(&frames))
		return 0;
	size_t step = data[0] + 1u;
	data++, size--;
	while (size) {
		size_t room, length = size < step ? size : step;
		void *to = frames_room(&frames, &room);
		must(room > 0);
		if (length > room)
			length = room;
		memcpy(to, data, length);
		frames_fill(&frames, length);
		data += length;
		size -= length;
		if (!take(&frames, &greeted))
			break;
	}
	frames_fini(&frames);
	return 0;
}
