/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile.c - a peer with a valid secret sends malformed messages, which either side must refuse
 */
#include "unit/bare.h"
#include "unit/target.h"

static uint8_t *local;

/* -- a hostile initiator, played by unit/bare.h -- */

static bool connect_to(struct bare *bare, struct target *target)
{
	struct data_hello hello = {.lane = 0};
	uint8_t bytes[DATA_HELLO_SIZE];

	memcpy(hello.secret, target->secrets[0], sizeof(hello.secret));
	data_put_hello(bytes, &hello);
	return bare_connect(bare, target->port, bytes, sizeof(bytes));
}

/* Makes a message with one record and `length` bytes behind it; returns its size. */
static size_t make(uint8_t *bytes, enum data_kind kind, uint32_t sequence,
	const struct data_record *record, size_t length)
{
	struct data_header header = {kind, 1, sequence};
	struct writer out = writer_on(bytes, BARE_BUFFER);

	data_put_header(put_space(&out, DATA_HEADER_SIZE), &header);
	data_put_record(&out, record);
	memset(put_space(&out, length), 0x5a, length);
	return writer_length(&out);
}

/*
 * Waits for the next reply and returns its status, -1 if no reply comes. The text of the reply is
 * left in bare->in.
 */
static int status(struct bare *bare)
{
	struct data_reply reply;
	const char *text;
	const uint8_t *data;
	ssize_t length = bare_receive(bare);

	if (length < 0 || !data_get_reply(&reply, &text, &data, bare->in, (size_t)length))
		return -1;
	memmove(bare->in, text, reply.text_length);
	bare->in[reply.text_length] = '\0';
	return reply.status;
}

struct violation {
	const char *name;
	size_t (*make)(uint8_t *bytes);
	int status; /* status that the reply should have; -1: no reply */
};

static size_t nothing(uint8_t *bytes)
{
	(void)bytes;
	return 0;
}

static size_t half_a_header(uint8_t *bytes)
{
	struct data_header header = {DATA_BATCH, 0, 0};

	data_put_header(bytes, &header);
	return DATA_HEADER_SIZE / 2;
}

static size_t garbage(uint8_t *bytes)
{
	memset(bytes, 0xa5, 1000);
	return 1000;
}

static size_t too_long(uint8_t *bytes)
{
	size_t length =
		make(bytes, DATA_BATCH, 0, &(struct data_record){4096, 200000, DATA_STORE}, 200000);
	return length;
}

static size_t too_short(uint8_t *bytes)
{
	return make(bytes, DATA_BATCH, 0, &(struct data_record){4096, 65, DATA_STORE}, 64);
}

static size_t length_of_all(uint8_t *bytes)
{
	return make(bytes, DATA_BATCH, 0, &(struct data_record){4096, UINT32_MAX, DATA_STORE}, 64);
}

static size_t wrong_sequence(uint8_t *bytes)
{
	return make(bytes, DATA_BATCH, 7, &(struct data_record){4096, 64, DATA_STORE}, 64);
}

static size_t records_without_end(uint8_t *bytes)
{
	size_t length = make(bytes, DATA_BATCH, 0, &(struct data_record){4096, 64, DATA_STORE}, 64);
	struct data_header header = {DATA_BATCH, UINT16_MAX, 0};

	data_put_header(bytes, &header);
	return length;
}

static size_t huge_read(uint8_t *bytes)
{
	return make(bytes, DATA_READ, 0, &(struct data_record){0, 1 << 22, 0}, 0);
}

static const struct violation violations[] = {
	{"an empty message", nothing, DATA_PROTOCOL},
	{"half a header", half_a_header, DATA_PROTOCOL},
	{"garbage", garbage, DATA_PROTOCOL},
	{"a message that is too long", too_long, -1},
	{"a store without its last byte", too_short, DATA_PROTOCOL},
	{"a store of 4 GiB in 64 bytes", length_of_all, DATA_PROTOCOL},
	{"an unexpected sequence number", wrong_sequence, DATA_PROTOCOL},
	{"65535 records in 88 bytes", records_without_end, DATA_PROTOCOL},
	{"a read of more than a reply holds", huge_read, DATA_PROTOCOL},
};

static void test_violation(const struct violation *violation)
{
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	struct bare bare;

	target_start(target);
	ok(connect_to(&bare, target), "hostile initiator, %s: the initiator connects",
		violation->name);
	bare_send(&bare, bare.out, violation->make(bare.out));
	is_int(status(&bare), violation->status,
		"hostile initiator, %s: the reply has the expected status", violation->name);
	target_wait_for(target, target_is_through);
	is_int(target->result, -EPROTO,
		"protocol violation: the target ends its service with EPROTO");
	has_str(target->sentence, "the initiator broke the protocol",
		"protocol violation: the target's message says that the initiator broke the protocol");
	is_int(target->stored, 0, "protocol violation: the target has stored nothing");
	bare_close(&bare);
	is_int(target_stop(target), 0,
		"protocol violation: the target's process ends without an error");
}

/*
 * The target refuses each message about bytes that the initiator may not access, and the lane (the
 * connection) still works afterwards.
 */
static void test_ranges(void)
{
	static const struct data_record records[] = {
		{0, 64, DATA_STORE},
		{4095, 64, DATA_STORE},
		{0, 4096, DATA_COMMIT},
		{4095, 1, DATA_DEEP},
		{TARGET_SIZE - 32, 64, DATA_STORE},
		{TARGET_SIZE, 64, DATA_STORE},
		{UINT64_MAX - 31, 64, DATA_STORE},
		{UINT64_MAX, UINT32_MAX, DATA_COMMIT},
		{8192, (uint32_t)TARGET_SIZE, DATA_DEEP},
	};
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	struct bare bare;
	uint32_t sequence = 0;

	target_start(target);
	ok(connect_to(&bare, target), "ranges outside the pool: the initiator connects");
	for (size_t i = 0; i < sizeof(records) / sizeof(*records); i++) {
		size_t bytes = records[i].action == DATA_STORE ? 64 : 0;
		bare_send(&bare, bare.out,
			make(bare.out, DATA_BATCH, sequence++, &records[i], bytes));
		is_int(status(&bare), DATA_RANGE,
			"ranges outside the pool: action %u of %u bytes at %#llx is refused",
			records[i].action, records[i].length,
			(unsigned long long)records[i].offset);
	}
	has_str((char *)bare.in, "are not in the pool",
		"ranges outside the pool: the reply says that the bytes are not in the pool");
	struct data_record read = {TARGET_SIZE - 8, 16, 0};
	bare_send(&bare, bare.out, make(bare.out, DATA_READ, sequence++, &read, 0));
	is_int(status(&bare), DATA_RANGE,
		"ranges outside the pool: a read of bytes outside the pool is refused");
	is_int(target->stored + target->drains + target->deeps, 0,
		"ranges outside the pool: nothing was stored, drained or deeply flushed");
	struct data_record good = {4096, 64, DATA_STORE};
	bare_send(&bare, bare.out, make(bare.out, DATA_BATCH, sequence++, &good, 64));
	is_int(status(&bare), DATA_DONE,
		"ranges outside the pool: the lane still works after refused messages");
	is_int(target->stored, 64,
		"ranges outside the pool: a later store within the pool changes the pool");
	is_int(target->result, 0, "ranges outside the pool: the target keeps running");
	bare_close(&bare);
	target_stop(target);
}

/* If the second record of a message is out of range, its first is not stored either. */
static void test_whole(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	struct data_header header = {DATA_BATCH, 2, 0};
	struct bare bare;

	target_start(target);
	ok(connect_to(&bare, target),
		"message with a valid and an invalid record: the initiator connects");
	struct writer out = writer_on(bare.out, BARE_BUFFER);
	data_put_header(put_space(&out, DATA_HEADER_SIZE), &header);
	data_put_record(&out, &(struct data_record){8192, 8, DATA_STORE});
	put_bytes(&out, "good men", 8);
	data_put_record(&out, &(struct data_record){0, 8, DATA_STORE});
	put_bytes(&out, "bad ones", 8);
	bare_send(&bare, bare.out, writer_length(&out));
	is_int(status(&bare), DATA_RANGE,
		"message with a valid and an invalid record: it is refused because one record is out of range");
	is_int(target->stored, 0,
		"message with a valid and an invalid record: neither of the records is stored");
	bare_close(&bare);
	target_stop(target);
}

/*
 * RMA writes cannot change the header of the pool. RMA writes with the key that is meant for reads
 * cannot change any byte.
 */
static void test_guard(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	struct data_welcome welcome = {0};
	struct bare bare;

	target_start(target);
	ok(connect_to(&bare, target) &&
			data_get_welcome(&welcome, bare.event->data, bare.event_data),
		"RMA: the initiator connects and reads the target's welcome message");
	memset(bare.out, 0xee, 64);
	bare_must(fi_write(bare.ep, bare.out, 64, NULL, 0, welcome.write_base + 4096,
		welcome.write_key, bare.out));
	struct data_record commit = {4096, 64, DATA_COMMIT};
	while (bare_completion(&bare) != bare.out)
		;
	bare_send(&bare, bare.out, make(bare.out, DATA_BATCH, 0, &commit, 0));
	is_int(status(&bare), DATA_DONE,
		"RMA: a commit of a range behind the pool's header is accepted");
	is_int(target->pool[4096], 0xee, "RMA: a write behind the pool's header changes the pool");
	memset(bare.out, 0xee, 64);
	if (!fi_write(bare.ep, bare.out, 64, NULL, 0, welcome.write_base, welcome.write_key,
		    bare.out))
		bare_completion(&bare);
	target_wait_for(target, target_is_through);
	is_int(target->pool[0], 0, "RMA: a write to the pool's header does not change the header");
	is_int(target_stop(target), 0,
		"RMA: the target ends without an error after a write to the pool's header");
	bare_close(&bare);

	target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	target_start(target);
	ok(connect_to(&bare, target) &&
			data_get_welcome(&welcome, bare.event->data, bare.event_data),
		"RMA write with the key for RMA reads: the initiator connects");
	memset(bare.out, 0xee, 64);
	if (!fi_write(bare.ep, bare.out, 64, NULL, 0, welcome.read_base + 4096, welcome.read_key,
		    bare.out))
		bare_completion(&bare);
	target_wait_for(target, target_is_through);
	is_int(target->pool[4096], 0,
		"RMA write with the key for RMA reads: the pool is not changed");
	is_int(target_stop(target), 0,
		"RMA write with the key for RMA reads: the target ends without an error");
	bare_close(&bare);
}

/* Malformed hellos, which are the data of a connection request, are refused. */
static void test_hellos(void)
{
	static const struct {
		const char *name;
		size_t at;
		uint8_t value;
		size_t length;
	} wrong[] = {
		{"an empty hello", 0, 'H', 0},
		{"a hello without its last byte", 0, 'H', DATA_HELLO_SIZE - 1},
		{"another magic word", 0, 'X', DATA_HELLO_SIZE},
		{"another version of the protocol", 5, 99, DATA_HELLO_SIZE},
		{"a lane that does not exist", 8, 0x80, DATA_HELLO_SIZE},
	};
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);

	target_start(target);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct data_hello hello = {.lane = 0};
		uint8_t bytes[DATA_HELLO_SIZE];
		struct bare bare;
		memcpy(hello.secret, target->secrets[0], sizeof(hello.secret));
		data_put_hello(bytes, &hello);
		bytes[wrong[i].at] = wrong[i].value;
		ok(!bare_connect(&bare, target->port, bytes, wrong[i].length),
			"hello message: %s is refused", wrong[i].name);
		bare_close(&bare);
	}
	struct bare bare;
	ok(connect_to(&bare, target),
		"hello message: a valid hello is accepted after malformed ones");
	bare_close(&bare);
	target_stop(target);
}

/* -- a hostile target, played by unit/bare.h -- */

static pid_t play_target(uint16_t *port, const void *welcome, size_t size,
	size_t (*reply)(const uint8_t *message, size_t length, uint8_t *bytes))
{
	int ends[2];

	fflush(stdout);
	if (pipe(ends))
		bail("pipe: %m");
	pid_t pid = fork();
	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		struct bare bare;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bare_listen(&bare);
		if (write(ends[1], &bare.port, sizeof(bare.port)) < 0)
			_exit(1);
		bare_accept(&bare, welcome, size);
		for (;;) {
			ssize_t length = bare_receive(&bare);
			if (length < 0)
				_exit(0);
			bare_send(&bare, bare.out, reply(bare.in, (size_t)length, bare.out));
		}
	}
	if (read(ends[0], port, sizeof(*port)) != sizeof(*port))
		bail("the child has sent no port");
	close(ends[0]);
	close(ends[1]);
	return pid;
}

/* Makes the reply of a well-behaved target, which a test then spoils. */
static size_t answer(const uint8_t *message, uint8_t *bytes)
{
	struct reader in = reader_on(message + 4, 4);
	struct data_reply reply = {.sequence = get_u32(&in)};

	data_put_reply(bytes, &reply);
	return DATA_REPLY_SIZE;
}

static size_t answer_garbage(const uint8_t *message, size_t length, uint8_t *bytes)
{
	size_t size = answer(message, bytes);

	(void)length;
	memset(bytes, 0xff, size);
	return size;
}

static size_t answer_half(const uint8_t *message, size_t length, uint8_t *bytes)
{
	(void)length;
	return answer(message, bytes) / 2;
}

static size_t answer_much(const uint8_t *message, size_t length, uint8_t *bytes)
{
	(void)length;
	answer(message, bytes);
	return 300000;
}

static size_t answer_another(const uint8_t *message, size_t length, uint8_t *bytes)
{
	size_t size = answer(message, bytes);

	(void)length;
	bytes[0] ^= 0x80;
	return size;
}

static size_t answer_with_bytes(const uint8_t *message, size_t length, uint8_t *bytes)
{
	size_t size = answer(message, bytes);

	(void)length;
	bytes[11] = 64;
	return size + 64;
}

static size_t answer_escapes(const uint8_t *message, size_t length, uint8_t *bytes)
{
	size_t size = answer(message, bytes);

	(void)length;
	bytes[5] = DATA_IO;
	bytes[7] = 4;
	memcpy(bytes + size, "\033[1m", 4);
	return size + 4;
}

static void test_reply(
	const char *name, size_t (*reply)(const uint8_t *message, size_t length, uint8_t *bytes))
{
	struct data_welcome welcome = {DATA_VERSION, 8, 65536, 0, 1, 0, 2};
	uint8_t bytes[DATA_WELCOME_SIZE];
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	struct lanes_client *client;
	uint16_t port = 0;

	data_put_welcome(bytes, &welcome);
	pid_t pid = play_target(&port, bytes, sizeof(bytes), reply);
	target->port = port;
	struct fabric_client_args args = target_client(target, local);
	is_int(fabric_client_open(&args, &client), -EPROTO,
		"reply: the initiator refuses a target that sends %s", name);
	has_str(err_get(), "here:set: lane 0: the target broke the protocol: a reply",
		"reply: the message says that the target broke the protocol");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	target_stop(target);
}

static void test_welcome(const char *name, size_t at, uint8_t value, size_t length, int code)
{
	struct data_welcome welcome = {DATA_VERSION, 8, 65536, 0, 1, 0, 2};
	uint8_t bytes[DATA_WELCOME_SIZE];
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	struct lanes_client *client;
	uint16_t port = 0;

	data_put_welcome(bytes, &welcome);
	bytes[at] = value;
	pid_t pid = play_target(&port, bytes, length, answer_half);
	target->port = port;
	struct fabric_client_args args = target_client(target, local);
	is_int(fabric_client_open(&args, &client), code,
		"welcome: the initiator refuses a target that welcomes with %s", name);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	target_stop(target);
}

int main(void)
{
	local = target_local();
	for (size_t i = 0; i < sizeof(violations) / sizeof(*violations); i++)
		test_violation(&violations[i]);
	test_ranges();
	test_whole();
	test_guard();
	test_hellos();
	test_reply("garbage", answer_garbage);
	test_reply("half a reply", answer_half);
	test_reply("a reply that is too long", answer_much);
	test_reply("a reply to another message", answer_another);
	test_reply("a reply with data to a request without data", answer_with_bytes);
	test_reply("a reply with terminal escapes in its text", answer_escapes);
	test_welcome("nothing", 0, 'H', 0, -EPROTO);
	test_welcome("another magic word", 0, 'X', DATA_WELCOME_SIZE, -EPROTO);
	test_welcome("half a welcome", 0, 'H', DATA_WELCOME_SIZE / 2, -EPROTO);
	test_welcome("a window of 0 messages", 7, 0, DATA_WELCOME_SIZE, -EPROTO);
	test_welcome("another version of the protocol", 5, 9, DATA_WELCOME_SIZE, -EPROTONOSUPPORT);
	has_str(err_get(), "the data protocol has version 1 here, but 9 on the target",
		"welcome: the message names both versions of the protocol");
	munmap(local, TARGET_SIZE);
	return tap_done();
}
