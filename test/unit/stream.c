/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream.c - test a client and a target whose lanes share one stream, in one process: bytes arrive,
 * errors are reported, and a lane whose drains are slow does not delay other lanes or the reader
 *
 * The stream is simulated. Messages to the target are put into a queue, from which a thread, the
 * reader, takes them. Replies are handed to the client by the target's threads, one at a time.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/tally.h"
#include "lanes/messages.h"
#include "lanes/serve.h"
#include "stream/stream.h"
#include "tap.h"

#define SIZE  ((size_t)8 << 20)
#define LANES 3

static uint8_t *local, *remote;

/* -- functions by which the target stores, drains and flushes -- */

static atomic_int fail_store, fail_drain, fail_deep, slow_lane_ms;
static atomic_uint drains, deeps;
static __thread bool slow; /* this thread has stored to SLOW_OFFSET since its last drain */

#define SLOW_OFFSET (SIZE - 8192) /* after a store to this offset a drain takes slow_lane_ms */

static int made_up(atomic_int *error, const char *what)
{
	return *error ? err_set(-*error, "made up: no %s", what) : 0;
}

static int store(void *context, size_t offset, const void *from, size_t length)
{
	(void)context;
	if ((uintptr_t)from % 8)
		return err_set(-EIO, "the message is not aligned");
	memcpy(remote + offset, from, length);
	slow |= offset >= SLOW_OFFSET;
	return made_up(&fail_store, "store");
}

static int commit(void *context, size_t offset, size_t length)
{
	(void)context, (void)offset, (void)length;
	return 0;
}

static void lane(void *context, uint64_t *mark)
{
	(void)context, (void)mark;
}

static int drain(void *context)
{
	(void)context;
	if (slow)
		usleep((useconds_t)slow_lane_ms * 1000);
	slow = false;
	drains++;
	return made_up(&fail_drain, "drain");
}

static int deep(void *context, size_t offset, size_t length)
{
	(void)context, (void)offset, (void)length;
	deeps++;
	return made_up(&fail_deep, "deep flush");
}

/* -- the stream -- */

struct message {
	struct message *next;
	unsigned lane;
	size_t length;
	_Alignas(8) uint8_t bytes[];
};

static struct stream {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct message *first, **end;
	bool stop;
	int ended;              /* the error code with which the target ended */
	atomic_int taken;       /* the first error of stream_server_take() */
	unsigned most, waiting; /* number of messages without a reply: maximum, and at present */
	_Atomic uint64_t longest_take_ns;
	const char *(*take)(void *client, unsigned lane, const void *bytes, size_t length);
	void *client;
	struct lanes_server *server;
	unsigned odd;      /* bytes by which messages are moved, so that they are unaligned */
	size_t granted;    /* largest message that the client may send; 0: as the target says */
	size_t longest;    /* the longest message that was sent */
	bool silent;       /* drop all messages, and let waits time out at once */
	unsigned answers;  /* if `silent`: number of made-up replies before waits time out */
	unsigned timeouts; /* number of waits that timed out because of `silent` */
	uint32_t replied;  /* replies to lane 0 */
	int waits;         /* number of times that each message waits for room in the stream */
	void (*spoil)(uint8_t *reply, size_t *length);
} stream = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct message *joined(unsigned number, const struct iovec *parts, unsigned count)
{
	struct message *message = malloc(sizeof(*message) + (1 << 17));

	if (!message)
		bail("no memory");
	*message = (struct message){.lane = number};
	for (unsigned i = 0; i < count; i++) {
		memcpy(message->bytes + message->length, parts[i].iov_base, parts[i].iov_len);
		message->length += parts[i].iov_len;
	}
	return message;
}

static int pipe_check(void *context)
{
	(void)context;
	return stream.ended;
}

static int pipe_send(void *context, unsigned number, const struct iovec *parts, unsigned count)
{
	struct message *message = joined(number, parts, count);

	(void)context;
	if (stream.silent) {
		free(message);
		return 0;
	}
	pthread_mutex_lock(&stream.lock);
	if (message->length > stream.longest)
		stream.longest = message->length;
	*stream.end = message;
	stream.end = &message->next;
	if (++stream.waiting > stream.most)
		stream.most = stream.waiting;
	pthread_cond_broadcast(&stream.news);
	pthread_mutex_unlock(&stream.lock);
	return stream.waits;
}

/*
 * Waits for a reply while `silent` is set. Makes up a reply if `answers` allows another one;
 * otherwise times out at once.
 */
static int wait_in_vain(bool (*done)(void *argument), void *argument)
{
	uint8_t bytes[DATA_REPLY_SIZE];
	bool there = done(argument);

	if (!there && stream.answers) {
		data_put_reply(bytes, &(struct data_reply){.sequence = stream.replied++});
		stream.take(stream.client, 0, bytes, sizeof(bytes));
		stream.answers--;
		there = done(argument);
	}
	if (there)
		return 0;
	stream.timeouts++;
	return -ETIMEDOUT;
}

static int pipe_wait(void *context, bool (*done)(void *argument), void *argument)
{
	struct timespec until;
	int error = 0;

	(void)context;
	if (stream.silent)
		return wait_in_vain(done, argument);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 5;
	pthread_mutex_lock(&stream.lock);
	while (!done(argument) && !stream.ended && !error)
		error = pthread_cond_timedwait(&stream.news, &stream.lock, &until);
	int code = done(argument) ? 0 : stream.ended ? stream.ended : -ETIMEDOUT;
	pthread_mutex_unlock(&stream.lock);
	return code;
}

static int pipe_end(void *context, int code)
{
	(void)context;
	stream.ended = stream.ended ? stream.ended : code;
	return stream.ended;
}

static void pipe_attach(void *context,
	const char *(*take)(void *client, unsigned lane, const void *bytes, size_t length),
	void *client)
{
	(void)context;
	pthread_mutex_lock(&stream.lock);
	stream.take = take;
	stream.client = client;
	pthread_mutex_unlock(&stream.lock);
}

/* Passes a reply of the target directly to the client. */
static int reply(void *context, unsigned number, const struct iovec *parts, unsigned count)
{
	struct message *message = joined(number, parts, count);
	const char *wrong = NULL;

	(void)context;
	pthread_mutex_lock(&stream.lock);
	if (stream.spoil)
		stream.spoil(message->bytes, &message->length);
	if (stream.take)
		wrong = stream.take(stream.client, number, message->bytes, message->length);
	if (wrong && !stream.ended)
		stream.ended = err_set(-EPROTO, "%s", wrong);
	stream.replied += !number;
	stream.waiting--;
	pthread_cond_broadcast(&stream.news);
	pthread_mutex_unlock(&stream.lock);
	free(message);
	return 0;
}

static struct message *next_message(void)
{
	pthread_mutex_lock(&stream.lock);
	while (!stream.first && !stream.stop)
		pthread_cond_wait(&stream.news, &stream.lock);
	struct message *message = stream.first;
	if (message && !(stream.first = message->next))
		stream.end = &stream.first;
	pthread_mutex_unlock(&stream.lock);
	return message;
}

static void *reader(void *unused)
{
	struct message *message;

	(void)unused;
	while ((message = next_message())) {
		uint64_t start = now_ns();
		memmove(message->bytes + stream.odd, message->bytes, message->length);
		int code = stream_server_take(
			stream.server, message->lane, message->bytes + stream.odd, message->length);
		uint64_t took = now_ns() - start;
		if (took > stream.longest_take_ns)
			stream.longest_take_ns = took;
		if (code && !stream.taken)
			stream.taken = code;
		free(message);
	}
	return NULL;
}

static pthread_t reading;
static struct tally counted[LANES];
static struct tally *const tallies[LANES] = {&counted[0], &counted[1], &counted[2]};

static struct lanes_client *begin(bool slow_drain)
{
	const struct stream_server_args server = {.nlanes = LANES,
		.nthreads = LANES,
		.store = {.base = remote,
			.size = SIZE,
			.guard = 4096,
			.slow_drain = slow_drain,
			.store = store,
			.commit = commit,
			.lane = lane,
			.drain = drain,
			.deep = deep},
		.send = reply};
	struct lanes_client *client;

	stream.end = &stream.first;
	stream.stop = false;
	stream.ended = 0;
	stream.taken = 0;
	stream.most = stream.waiting = 0;
	stream.spoil = NULL;
	stream.longest = 0;
	stream.silent = false;
	stream.answers = stream.timeouts = 0;
	stream.replied = 0;
	if (stream_server_open(&server, &stream.server))
		bail("no server: %s", err_get());
	pthread_create(&reading, NULL, reader, NULL);
	const struct stream_client_args args = {.name = "here:set",
		.nlanes = LANES,
		.local = local,
		.size = SIZE,
		.guard = 4096,
		.window = stream_server_window(stream.server),
		.message_size =
			stream.granted ? stream.granted : stream_server_message_size(stream.server),
		.timeout_ms = 5000,
		.tallies = tallies,
		.pipe = {pipe_check, pipe_send, pipe_wait, pipe_end, pipe_attach, NULL}};
	if (stream_client_open(&args, &client))
		bail("no client: %s", err_get());
	return client;
}

static void finish(struct lanes_client *client)
{
	lanes_close(client);
	pthread_mutex_lock(&stream.lock);
	stream.stop = true;
	pthread_cond_broadcast(&stream.news);
	pthread_mutex_unlock(&stream.lock);
	pthread_join(reading, NULL);
	lanes_server_close(stream.server);
}

/* -- tests -- */

static void change(size_t offset, size_t length)
{
	static uint32_t seed = 1;

	for (size_t i = 0; i < length; i++)
		local[offset + i] = (uint8_t)((seed = seed * 1103515245 + 12345) >> 16);
}

static bool arrived(size_t offset, size_t length)
{
	return !memcmp(local + offset, remote + offset, length);
}

static void moves_bytes(struct lanes_client *client, const char *how)
{
	static const size_t lengths[] = {
		1, 7, 8, 64, 4096, 4097, 61440, 65473, 1 << 20, SIZE - 4096};
	uint8_t *to = malloc(SIZE);

	if (!to)
		bail("no memory");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t length = lengths[i], offset = length < 1 << 20 ? 4096 + 3 * i : 4096;
		change(offset, length);
		ok(!lanes_persist(client, 1, offset, length, i % 2) && arrived(offset, length),
			"%s: a persist of %zu bytes reaches the pool", how, length);
		memset(to, 0x55, SIZE);
		ok(!lanes_read(client, 1, to, offset, length) &&
				!memcmp(to, local + offset, length),
			"%s: a read of %zu bytes returns the bytes of the pool", how, length);
	}
	free(to);
	change(4096, 100000);
	unsigned before = deeps;
	ok(!lanes_deep_persist(client, 2, 4096, 100000) && arrived(4096, 100000) &&
			deeps == before + 1,
		"%s: a deep persist does one deep flush at the target", how);
}

static void test_bytes(void)
{
	struct lanes_client *client = begin(false);

	ok(client->round_trip_ns > 0, "stream: the client measures the time of a round trip");
	moves_bytes(client, "quick drains");
	stream.odd = 4;
	moves_bytes(client, "messages that are not aligned");
	stream.odd = 0;
	is_int(stream.taken, 0, "stream: the target accepted all messages");
	finish(client);
	client = begin(true);
	moves_bytes(client, "slow drains");
	unsigned window = stream_server_window(stream.server);
	slow_lane_ms = 30;
	stream.most = 0;
	for (unsigned i = 0; i < 3 * window; i++)
		lanes_flush(client, 0, SLOW_OFFSET, 8192, true);
	ok(!lanes_drain(client, 0) && stream.most <= window && stream.most > 1,
		"window: a lane has at most %u messages without a reply at a time (the most were %u)",
		window, stream.most);
	finish(client);
}

static void test_failures(bool slow_drain)
{
	struct lanes_client *client = begin(slow_drain);
	const char *how = slow_drain ? "slow drains" : "quick drains";

	fail_store = ENOSPC;
	is_int(lanes_persist(client, 0, 4096, 64, false), -ENOSPC,
		"%s: a persist whose store fails at the target returns the error", how);
	has_str(err_get(), "made up: no store",
		"%s: the error message of a failed store comes from the target", how);
	fail_store = 0;
	is_int(lanes_persist(client, 0, 4096, 64, false), 0,
		"%s: a persist of the same lane succeeds after a failed one", how);
	fail_drain = EIO;
	is_int(lanes_persist(client, 1, 4096, 64, false), -EIO,
		"%s: a persist whose drain fails at the target returns the error", how);
	fail_drain = 0;
	fail_deep = EIO;
	is_int(lanes_deep_persist(client, 1, 4096, 64), -EIO,
		"%s: a deep persist whose deep flush fails at the target returns the error", how);
	fail_deep = 0;
	is_int(lanes_drain(client, 1), 0,
		"%s: a drain after a failure was reported does not report the failure again", how);
	finish(client);
}

static void test_waits_for_room(void)
{
	struct lanes_client *client = begin(false);
	_Atomic uint64_t *retries = &counted[1].counts[TALLY_RETRIES];

	is_int(lanes_persist(client, 1, 4096, 64, false), 0, "stream: a persist succeeds");
	is_int((int)*retries, 0,
		"retries: a message that is sent without waiting for room in the stream does not count as a retry");
	stream.waits = 3;
	is_int(lanes_persist(client, 1, 4096, 64, false), 0,
		"stream: a persist that has to wait for room succeeds");
	is_int((int)*retries, 3, "retries: each wait for room in the stream counts as a retry");
	stream.waits = 0;
	finish(client);
}

static uint8_t spoiled_at;

static void spoil_byte(uint8_t *bytes, size_t *length)
{
	(void)length;
	bytes[spoiled_at] ^= 0x40;
}

static void cut_reply(uint8_t *bytes, size_t *length)
{
	(void)bytes;
	*length -= 1;
}

/* Sends malformed replies to the client. Each must end its connection with an error. */
static void test_malformed(void)
{
	static const struct {
		const char *what;
		uint8_t at;
		void (*spoil)(uint8_t *bytes, size_t *length);
	} rows[] = {{"another number", 3, spoil_byte},
		{"bytes that were not asked for", 10, spoil_byte},
		{"a byte that must be 0", 12, spoil_byte}, {"a byte too few", 0, cut_reply}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lanes_client *client = begin(false);
		spoiled_at = rows[i].at;
		stream.spoil = rows[i].spoil;
		is_int(lanes_persist(client, 0, 4096, 64, false), -EPROTO,
			"malformed reply: %s ends the client's connection", rows[i].what);
		finish(client);
	}
}

static void *persist_slowly(void *client)
{
	return lanes_persist(client, 0, SLOW_OFFSET, 64, false) ? client : NULL;
}

static void test_side_by_side(void)
{
	struct lanes_client *client = begin(true);
	pthread_t thread;
	void *failed;

	slow_lane_ms = 400;
	stream.longest_take_ns = 0;
	pthread_create(&thread, NULL, persist_slowly, client);
	usleep(100000);
	uint64_t start = now_ns();
	int code = 0;
	for (unsigned i = 0; i < 20; i++)
		code |= lanes_persist(client, 1, 4096, 64, false);
	uint64_t took = now_ns() - start;
	ok(!code && took < 200000000,
		"slow lane: 20 persists on another lane do not wait for the slow lane's drain: %llu us",
		(unsigned long long)took / 1000);
	pthread_join(thread, &failed);
	ok(!failed, "slow lane: a persist on the slow lane succeeds");
	ok(stream.longest_take_ns < 200000000,
		"slow lane: the target takes each message within %llu us, without waiting for the slow lane's drain",
		(unsigned long long)stream.longest_take_ns / 1000);
	finish(client);
}

/*
 * Sends more messages on a slow lane than the target allows without a reply (the window). The
 * target must refuse that.
 */
static void test_window(void)
{
	struct lanes_client *client = begin(true);
	unsigned window = stream_server_window(stream.server);
	uint64_t message[16];
	struct writer out = writer_on(message, sizeof(message));
	const struct data_record record = {SLOW_OFFSET, 8, DATA_STORE};
	const struct data_header header = {DATA_BATCH, 1, 0};
	int code = 0;
	unsigned sent = 0;

	data_put_header(put_space(&out, DATA_HEADER_SIZE), &header);
	data_put_record(&out, &record);
	put_u64(&out, 1);
	slow_lane_ms = 500;
	pipe_attach(NULL, NULL, NULL);
	while (!code && sent < 3 * window) {
		code = stream_server_take(stream.server, 2, message, writer_length(&out));
		sent++;
	}
	is_int(code, -EPROTO,
		"window: one message more than the target allows without a reply is refused");
	/* The target's worker may have taken one or two messages; then as many more are allowed. */
	ok(sent > window && sent <= window + 2,
		"window: %u messages were accepted before one was refused", sent - 1);
	finish(client);
}

/*
 * The target allows messages of at most 4097 bytes, which is not a multiple of 8. The client must
 * not round this limit up: no message may be longer.
 */
static void test_message_size(void)
{
	stream.granted = 4097;
	struct lanes_client *client = begin(false);
	int code = 0;

	stream.longest = 0;
	/* One message with all of the following 128 ranges would have 4104 bytes. */
	for (size_t i = 0; i < 128; i++)
		code |= lanes_flush(client, 0, 4096 + 16 * i, 16, false);
	code |= lanes_drain(client, 0);
	ok(!code && stream.longest > 4000 && stream.longest <= stream.granted,
		"message size: the longest message has %zu bytes, and the target allows at most %zu",
		stream.longest, stream.granted);
	stream.granted = 0;
	finish(client);
}

/* The target stops replying after some replies. A drain must then time out after one time limit. */
static void test_silence(unsigned answers)
{
	struct lanes_client *client = begin(false);

	stream.silent = true;
	stream.answers = answers;
	int code = lanes_flush(client, 0, 8192, 100000, true);
	is_int(code ? code : lanes_drain(client, 0), -ETIMEDOUT,
		"target silent after %u replies: the drain times out", answers);
	is_int((int)stream.timeouts, 1,
		"target silent after %u replies: the drain waits for one time limit only", answers);
	finish(client);
}

/* The time limit of a drain begins again with each reply of the target. */
static void test_slow_answers(void)
{
	struct lanes_client *client = begin(false);

	stream.silent = true;
	stream.answers = 8;
	int code = lanes_flush(client, 0, 8192, 300000, true);
	is_int(code ? code : lanes_drain(client, 0), 0,
		"a target that sends one reply within each time limit: the drain succeeds");
	finish(client);
}

int main(void)
{
	local = calloc(1, SIZE);
	remote = calloc(1, SIZE);
	if (!local || !remote)
		bail("no memory");
	test_bytes();
	test_failures(false);
	test_failures(true);
	test_waits_for_room();
	test_malformed();
	test_side_by_side();
	test_window();
	test_message_size();
	test_silence(0);
	test_silence(1);
	test_slow_answers();
	free(local);
	free(remote);
	return tap_done();
}
