/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * control.c - messages of the control channel: a written message reads back the same, a malformed
 * one is refused; and each status has the right errno at either end
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "tap.h"
#include "wire/control.h"
#include "wire/counters.h"
#include "wire/data.h"
#include "wire/frames.h"

static uint8_t bytes[CONTROL_FRAME_MAX];

/*
 * Programs depend on these values of errno. `at_target` is 0 if no errno makes the target send this
 * status.
 */
static void test_statuses(void)
{
	static const struct {
		enum wire_status status;
		int at_target, at_initiator;
	} known[] = {{WIRE_OK, 0, 0}, {WIRE_VERSION, EPROTONOSUPPORT, EPROTONOSUPPORT},
		{WIRE_BAD_NAME, EBADF, EINVAL}, {WIRE_BAD_SIZE, EFBIG, EFBIG},
		{WIRE_BAD_LANES, 0, EINVAL}, {WIRE_BAD_PROVIDER, 0, EINVAL},
		{WIRE_FATAL, ELIBBAD, EREMOTEIO}, {WIRE_FATAL, EBADMSG, EREMOTEIO},
		{WIRE_NO_DATA_CHANNEL, EADDRINUSE, ECONNABORTED}, {WIRE_BUSY, EBUSY, EBUSY},
		{WIRE_BUSY, EWOULDBLOCK, EBUSY}, {WIRE_EXISTS, EEXIST, EEXIST},
		{WIRE_NO_PROVIDER, EMEDIUMTYPE, EMEDIUMTYPE}, {WIRE_ABSENT, ENOENT, ENOENT},
		{WIRE_NO_ACCESS, EACCES, EACCES}, {WIRE_NO_ACCESS, EPERM, EACCES},
		{WIRE_POOL_CONFIG, EINVAL, EINVAL}, {WIRE_NO_SPACE, ENOSPC, ENOSPC},
		{WIRE_NO_SPACE, EDQUOT, ENOSPC}, {WIRE_IO, EIO, EIO},
		{WIRE_NO_MEMORY, ENOMEM, ENOMEM}, {WIRE_MALFORMED, EPROTO, EPROTO},
		{WIRE_UNKNOWN_REQUEST, EOPNOTSUPP, EOPNOTSUPP},
		{WIRE_TIMED_OUT, ETIMEDOUT, ETIMEDOUT}, {WIRE_READ_ONLY, EROFS, EROFS},
		{WIRE_NO_FILES, EMFILE, EMFILE}, {WIRE_STALE, ESTALE, ESTALE},
		{WIRE_INCONSISTENT, EUCLEAN, EUCLEAN}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		is_int(wire_status_errno(known[i].status), known[i].at_initiator,
			"status %d of a reply: the initiator turns it into the expected errno",
			known[i].status);
		if (known[i].at_target || !known[i].status)
			is_int(wire_status_of(known[i].at_target), known[i].status,
				"errno %d at the target: it is sent as the expected status",
				known[i].at_target);
	}
	int texts = 0;
	for (unsigned status = 0; status < WIRE_STATUSES; status++)
		texts += *wire_status_text(status) != '\0' && wire_status_errno(status) >= 0;
	is_int(texts, WIRE_STATUSES, "wire_status_text: every status has an errno and a message");
	is_int(wire_status_errno(WIRE_STATUSES), EPROTO,
		"wire_status_errno: an unused status gives EPROTO");
	is_int(wire_status_errno(UINT32_MAX), EPROTO,
		"wire_status_errno: the largest 32-bit number gives EPROTO");
	ok(*wire_status_text(UINT32_MAX), "wire_status_text: an unknown status has a message");
}

static struct rpmem_pool_attr some_attr(void)
{
	struct rpmem_pool_attr attr = {
		.major = 1, .compat_features = 2, .incompat_features = 3, .ro_compat_features = 4};

	memset(attr.signature, 's', sizeof(attr.signature));
	memset(attr.poolset_uuid, 5, sizeof(attr.poolset_uuid));
	memset(attr.uuid, 6, sizeof(attr.uuid));
	memset(attr.next_uuid, 7, sizeof(attr.next_uuid));
	memset(attr.prev_uuid, 8, sizeof(attr.prev_uuid));
	memset(attr.user_flags, 9, sizeof(attr.user_flags));
	return attr;
}

static bool same_attr(const struct rpmem_pool_attr *a, const struct rpmem_pool_attr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void test_start(void)
{
	struct control_start start = {.size = (uint64_t)1 << 40,
		.nlanes = 1024,
		.providers = WIRE_PROVIDERS,
		.has_attr = true,
		.attr = some_attr()};
	struct control_start got = {.size = 7};
	struct writer out = writer_on(bytes, sizeof(bytes));
	int refused = 0;

	memset(start.name, 'n', CONTROL_NAME_MAX);
	control_put_start(&out, &start);
	size_t length = writer_length(&out);
	for (size_t cut = 0; cut < length; cut++)
		refused += control_get_start(bytes, cut, &got) == -EPROTO;
	is_int(refused, length,
		"control_get_start: a request that is truncated anywhere is refused");
	is_int(got.size, 7, "control_get_start: the output is unchanged on failure");
	is_int(control_get_start(bytes, length + 1, &got), -EPROTO,
		"control_get_start: a request with one byte too many is refused");
	is_int(control_get_start(bytes, length, &got), 0,
		"control_get_start: a whole request is accepted");
	ok(got.size == start.size && got.nlanes == start.nlanes &&
			got.providers == start.providers && got.has_attr &&
			same_attr(&got.attr, &start.attr) && !strcmp(got.name, start.name),
		"control_get_start: a request reads back as it was written");
	struct writer small = writer_on(bytes, length - 1);
	control_put_start(&small, &start);
	ok(small.bad, "control_put_start: a buffer that is too small is reported");
}

static void test_started(void)
{
	static uint8_t secrets[CONTROL_LANES_MAX * CONTROL_SECRET_SIZE];
	struct control_started told = {.port = 65535,
		.provider = HOLDFAST_PROVIDER_TCP,
		.method = HOLDFAST_METHOD_WRITE_DELIVERED,
		.granularity = PMEM2_GRANULARITY_PAGE,
		.pool_size = 16 << 20,
		.guard = 4096,
		.nlanes = CONTROL_LANES_MAX,
		.secrets = secrets};
	struct control_started got;
	struct writer out = writer_on(bytes, CONTROL_BODY_MAX);

	memset(secrets, 0xa5, sizeof(secrets));
	memset(told.address, 'a', CONTROL_ADDRESS_MAX);
	control_put_result(&out, WIRE_OK, "");
	control_put_started(&out, &told);
	ok(!out.bad,
		"control_put_started: a reply about the largest number of lanes fits into one frame");
	struct reader in = reader_on(bytes, writer_length(&out));
	struct control_result result;
	is_int(control_get_result(&in, &result), 0,
		"control_get_result: the status and message at the start of a reply are read");
	is_int(control_get_started(&in, &got), 0,
		"control_get_started: the rest of the reply, behind its status, is read");
	ok(got.nlanes == told.nlanes && got.port == told.port &&
			!strcmp(got.address, told.address) &&
			!memcmp(got.secrets, secrets, sizeof(secrets)),
		"control_get_started: a reply reads back as it was written");
	int refused = 0;
	size_t length = writer_length(&out);
	for (size_t cut = 6; cut < length; cut += cut < 200 ? 1 : 1009) {
		in = reader_on(bytes, cut);
		refused += control_get_result(&in, &result) == 0 &&
			   control_get_started(&in, &got) == -EPROTO;
	}
	is_int(refused, 194 + (length - 200 + 1008) / 1009,
		"control_get_started: a reply that is truncated anywhere is refused");
}

/*
 * Tests messages with the counters of another session and the provider (transport) of that session.
 */
static void test_session_counters(const struct wire_counters *counters)
{
	static const uint8_t providers[] = {0, 1, 2, 3, 4, 5, 8, 255};
	uint8_t room[WIRE_SESSION_SIZE];
	unsigned accepted = 0;

	for (unsigned i = 0; i < sizeof(providers); i++) {
		struct wire_session session = {*counters, providers[i]}, got;
		struct writer out = writer_on(room, sizeof(room));
		counters_put_session(&out, &session);
		struct reader in = reader_on(room, sizeof(room));
		if (!counters_get_session(&in, &got) && got.provider == providers[i] &&
			!memcmp(&got.counters, counters, sizeof(*counters)))
			accepted |= 1u << i;
	}
	is_int(accepted, 0x17,
		"session counters: a message is accepted only if it names no provider or one known provider");
	struct wire_session got;
	struct reader in = reader_on(room, WIRE_COUNTERS_SIZE);
	is_int(counters_get_session(&in, &got), -EPROTO,
		"session counters: a message that ends before its provider is malformed");
}

static void test_counters(void)
{
	uint8_t room[WIRE_COUNTERS_SIZE + 1] = {0};
	struct writer out = writer_on(room, sizeof(room));
	struct wire_counters counters, got;
	uint64_t number = 0;

	for (size_t i = 0; i < sizeof(counters) / sizeof(number); i++) {
		number = number * 3 + 1;
		memcpy((char *)&counters + i * sizeof(number), &number, sizeof(number));
	}
	counters_put(&out, &counters);
	is_int(writer_length(&out), WIRE_COUNTERS_SIZE,
		"counters: a message with counters has the expected length");
	struct reader in = reader_on(room, WIRE_COUNTERS_SIZE);
	ok(!counters_get(&in, &got) && !memcmp(&counters, &got, sizeof(got)),
		"counters: written counters read back the same");
	for (size_t length = 0; length <= sizeof(room); length++) {
		if (length == WIRE_COUNTERS_SIZE)
			continue;
		in = reader_on(room, length);
		if (counters_get(&in, &got) != -EPROTO)
			number = 0;
	}
	ok(number, "counters: a message with counters of any other length is malformed");
	test_session_counters(&counters);
	is_str(control_type_name(CONTROL_COUNTERS | CONTROL_REPLY), "COUNTERS",
		"control_type_name: the reply to a request for counters is named after the request");
	is_str(control_type_name(CONTROL_SESSION_COUNTERS + 1), "?",
		"control_type_name: the first unused number has the name \"?\"");
}

/*
 * Lanes over ssh share the connection of the control channel: they have no port, address or
 * secrets, but limits (window and message size).
 */
static void test_started_by_ssh(void)
{
	const struct control_started right = {.provider = HOLDFAST_PROVIDER_SSH,
		.method = HOLDFAST_METHOD_MESSAGE,
		.pool_size = 16 << 20,
		.nlanes = 3,
		.window = 32,
		.message_size = CONTROL_DATA_MAX};
	struct control_started wrong[6], got;

	for (unsigned i = 0; i < 6; i++)
		wrong[i] = right;
	wrong[0].port = 1;
	strcpy(wrong[1].address, "::1");
	wrong[2].method = HOLDFAST_METHOD_WRITE_MESSAGE;
	wrong[3].window = 0;
	wrong[4].message_size = CONTROL_DATA_MAX + 1;
	wrong[5].message_size = DATA_MESSAGE_MIN - 1;
	for (unsigned i = 0; i < 7; i++) {
		struct writer out = writer_on(bytes, sizeof(bytes));
		control_put_started(&out, i ? &wrong[i - 1] : &right);
		struct reader in = reader_on(bytes, writer_length(&out));
		int rc = control_get_started(&in, &got);
		is_int(rc, i ? -EPROTO : 0,
			"control_get_started: reply number %u about lanes over ssh %s", i,
			i ? "is refused" : "is read");
	}
	ok(got.window == 32 && got.message_size == CONTROL_DATA_MAX && !got.secrets,
		"control_get_started: window and message size of lanes over ssh read back as they were written");
}

static void test_lanes(void)
{
	const struct control_lanes lanes = {7, HOLDFAST_PROVIDER_SSH};
	struct control_lanes got;
	struct writer out = writer_on(bytes, sizeof(bytes));

	control_put_lanes(&out, &lanes);
	is_int(control_get_lanes(bytes, writer_length(&out), &got), 0,
		"control_get_lanes: a request is read");
	ok(got.nlanes == 7 && got.providers == HOLDFAST_PROVIDER_SSH,
		"control_get_lanes: a request reads back as it was written");
	is_int(control_get_lanes(bytes, writer_length(&out) - 1, &got), -EPROTO,
		"control_get_lanes: a truncated request is refused");
	bytes[7] = 8;
	is_int(control_get_lanes(bytes, writer_length(&out), &got), -EPROTO,
		"control_get_lanes: an unknown provider is refused");
}

static void test_result(void)
{
	char message[2 * CONTROL_MESSAGE_MAX];
	struct control_result result;
	struct writer out = writer_on(bytes, sizeof(bytes));

	memset(message, 'm', sizeof(message));
	message[0] = '\033';
	message[sizeof(message) - 1] = '\0';
	control_put_result(&out, WIRE_BUSY, message);
	struct reader in = reader_on(bytes, writer_length(&out));
	is_int(control_get_result(&in, &result), 0,
		"control_get_result: a reply whose message was too long to be sent whole is accepted");
	is_int(strlen(result.message), CONTROL_MESSAGE_MAX,
		"control_put_result: a message that is too long is truncated to the largest length");
	is_int(result.message[0], '?',
		"control_put_result: a control character of a message becomes a question mark");
	bytes[6] = '\033';
	in = reader_on(bytes, writer_length(&out));
	is_int(control_get_result(&in, &result), 0,
		"control_get_result: a received message with a control character is accepted");
	is_int(result.message[0], '?',
		"control_get_result: a control character in a received message becomes a question mark");
	in = reader_on(bytes, writer_length(&out) - 1);
	is_int(control_get_result(&in, &result), -EPROTO,
		"control_get_result: a result without its last byte is refused");
	in = reader_on(bytes, writer_length(&out) + 1);
	is_int(control_get_result(&in, &result), -EPROTO,
		"control_get_result: a result with one byte too many is refused");
	bytes[3] = WIRE_STATUSES;
	in = reader_on(bytes, writer_length(&out));
	is_int(control_get_result(&in, &result), -EPROTO,
		"control_get_result: an unknown status is refused");
}

static void test_streams(void)
{
	struct control_head head = {CONTROL_DESCRIBE, 77, CONTROL_BODY_MAX}, got;
	struct frames frames;
	const uint8_t *body;
	size_t room;
	unsigned minor = 0;

	if (frames_init(&frames))
		bail("%s", err_get());
	struct writer out = writer_on(frames_room(&frames, &room), 16);
	control_put_greeting(&out);
	bytes[0] = 0;
	frames_fill(&frames, 15);
	is_int(frames_greeting(&frames, "it", &minor), 0,
		"frames_greeting: 15 of 16 bytes are not enough for a greeting");
	frames_fill(&frames, 1);
	ok(!memcmp(frames.bytes, "HOLDFAST\0\1\0\1\0\0\0", 16),
		"control: numbers are written with their highest byte first");
	is_int(frames_greeting(&frames, "it", &minor), 1,
		"frames_greeting: 16 bytes are a whole greeting");
	is_int(minor, CONTROL_MINOR, "frames_greeting: the minor version is read");
	uint8_t *at = frames_room(&frames, &room);
	ok(room >= CONTROL_FRAME_MAX, "frames_room: there is room for the largest frame");
	out = writer_on(at, room);
	control_put_head(&out, &head);
	frames_fill(&frames, CONTROL_FRAME_MAX - 1);
	is_int(frames_next(&frames, &got, &body), 0,
		"frames_next: a frame with a byte missing is not returned");
	frames_room(&frames, &room);
	is_int(room, 1, "frames_room: there is room for the missing byte of a frame");
	frames_fill(&frames, 1);
	is_int(frames_next(&frames, &got, &body), 1, "frames_next: a whole frame is returned");
	is_int(got.id, 77, "frames_next: the returned frame has the id that was written");
	out = writer_on(frames_room(&frames, &room), 12);
	head.length++;
	control_put_head(&out, &head);
	frames_fill(&frames, 12);
	is_int(frames_next(&frames, &got, &body), -EPROTO,
		"frames_next: a frame above the largest size is refused");
	frames_fini(&frames);

	memcpy(bytes, "HOLDFAST\0\3\0\4\0\0\0\0", 16);
	is_int(control_get_greeting(bytes, "it", &minor), -EPROTONOSUPPORT,
		"control_get_greeting: another major version is refused");
	has_str(err_get(), "3.4", "control_get_greeting: the message names the peer's version");
	has_str(err_get(), "1.1",
		"control_get_greeting: the message names this library's version of the protocol");
}

/* Tests the functions that write and read messages about the state of a pool. */
static void test_state(void)
{
	struct control_session session = {.generation = UINT64_MAX},
			       got_session = {.generation = 7};
	struct control_state state = {.known = true,
		.generation = 9,
		.unclosed = true,
		.inconsistent = true,
		.since = 10,
		.missing = UINT64_MAX - 1,
		.extent = UINT64_MAX};
	struct control_state got_state = {.since = 7};
	struct writer out = writer_on(bytes, sizeof(bytes));
	const struct control_mark mark = {123456789, 123456790}, lies[] = {{8, 7}, {0, 0}};
	struct control_mark got_mark = {7, 7};

	memset(session.identity, 'i', sizeof(session.identity));
	memset(session.secret, 's', sizeof(session.secret));
	memset(state.identity, 'j', sizeof(state.identity));
	control_put_session(&out, &session);
	struct reader in = reader_on(bytes, writer_length(&out));
	ok(!control_get_session(&in, &got_session) &&
			!memcmp(&got_session, &session, sizeof(session)),
		"control_get_session: a session reads back as it was written");
	memset(bytes + 16, 0, 8);
	in = reader_on(bytes, writer_length(&out));
	is_int(control_get_session(&in, &got_session), -EPROTO,
		"control_get_session: a session whose number (generation) is 0 is refused");

	out = writer_on(bytes, sizeof(bytes));
	control_put_state(&out, &state);
	size_t length = writer_length(&out);
	in = reader_on(bytes, length);
	ok(!control_get_state(&in, &got_state) && got_state.inconsistent && got_state.unclosed &&
			got_state.since == 10 && got_state.missing == UINT64_MAX - 1 &&
			got_state.extent == UINT64_MAX && got_state.generation == 9 &&
			!memcmp(got_state.identity, state.identity, sizeof(state.identity)),
		"control_get_state: a pool state reads back as it was written");
	int refused = 0;
	for (size_t cut = 0; cut < length; cut++) {
		in = reader_on(bytes, cut);
		refused += control_get_state(&in, &got_state) == -EPROTO;
	}
	is_int(refused, length,
		"control_get_state: a pool state that is truncated anywhere is refused");
	bytes[35] = 0;
	bytes[43] = 0;
	in = reader_on(bytes, length);
	is_int(control_get_state(&in, &got_state), 0,
		"control_get_state: a pool state is accepted if it says that all bytes before an offset (extent) are missing");
	bytes[35] = 1;
	in = reader_on(bytes, length);
	is_int(control_get_state(&in, &got_state), -EPROTO,
		"control_get_state: a pool state is refused if it says that more bytes are missing before an offset (extent) than there are");
	bytes[35] = 0;
	bytes[26] = 0;
	in = reader_on(bytes, length);
	is_int(control_get_state(&in, &got_state), -EPROTO,
		"control_get_state: a pool state is refused if it says that the pool is consistent, but has a time at which the pool became inconsistent");
	bytes[0] = 0;
	in = reader_on(bytes, length);
	is_int(control_get_state(&in, &got_state), -EPROTO,
		"control_get_state: a pool state is refused if it says that its values are unknown, and one of them is not 0");

	out = writer_on(bytes, sizeof(bytes));
	control_put_mark(&out, &mark);
	is_int(control_get_mark(bytes, CONTROL_MARK_SIZE - 1, &got_mark), -EPROTO,
		"control_get_mark: a truncated request is refused");
	is_int(got_mark.missing, 7, "control_get_mark: the output is unchanged on failure");
	ok(!control_get_mark(bytes, CONTROL_MARK_SIZE, &got_mark) &&
			got_mark.missing == mark.missing && got_mark.extent == mark.extent,
		"control_get_mark: a request reads back as it was written");
	for (unsigned i = 0; i < 2; i++) {
		out = writer_on(bytes, sizeof(bytes));
		control_put_mark(&out, &lies[i]);
		is_int(control_get_mark(bytes, CONTROL_MARK_SIZE, &got_mark), -EPROTO,
			i ? "control_get_mark: a request is refused if it says that the missing bytes are before the offset (extent) 0"
			  : "control_get_mark: a request is refused if it says that more bytes are missing before an offset (extent) than there are");
	}
}

static void test_resume(void)
{
	struct control_resume resume = {.session = {.generation = 5},
		.start = {.size = 4096, .nlanes = 2, .providers = WIRE_PROVIDERS, .name = "a.set"}};
	struct control_resume got = {.session = {.generation = 7}};
	struct writer out = writer_on(bytes, sizeof(bytes));
	int refused = 0;

	control_put_resume(&out, &resume);
	size_t length = writer_length(&out);
	for (size_t cut = 0; cut < length; cut++)
		refused += control_get_resume(bytes, cut, &got) == -EPROTO;
	is_int(refused, length,
		"control_get_resume: a request that is truncated anywhere is refused");
	is_int(got.session.generation, 7,
		"control_get_resume: the session is unchanged on failure");
	ok(!control_get_resume(bytes, length, &got) && got.session.generation == 5 &&
			got.start.nlanes == 2 && !strcmp(got.start.name, "a.set"),
		"control_get_resume: a request reads back as it was written");
}

int main(void)
{
	test_state();
	test_resume();
	test_statuses();
	test_start();
	test_started();
	test_counters();
	test_started_by_ssh();
	test_lanes();
	test_result();
	test_streams();
	return tap_done();
}
