/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * data.c - a fuzzer of the messages on a lane, the data connection between librpmem and rpmemd
 *
 * The input is decoded as each kind of message. All parts of an accepted message must lie within
 * the input, and the message must give the same bytes when it is encoded again. The input is also
 * executed on a small pool, as the target does with requests, and taken as a reply, as the
 * initiator does. Together these steps are all that the transport inside ssh does with a message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lanes/messages.h"
#include "lanes/serve.h"
#include "wire/data.h"

static bool within(const void *part, size_t length, const uint8_t *data, size_t size)
{
	const uint8_t *at = part;

	return at >= data && at <= data + size && length <= (size_t)(data + size - at);
}

/*
 * Reads all bytes of a part of a message: the address sanitizer reports a part that ends beyond the
 * input.
 */
static unsigned sum(const uint8_t *bytes, size_t length)
{
	unsigned all = 0;

	for (size_t i = 0; i < length; i++)
		all += bytes[i];
	return all;
}

static void take_connection(const uint8_t *data, size_t size)
{
	struct data_hello hello;
	struct data_welcome welcome;
	enum data_refusal reason;
	uint16_t version;
	uint8_t again[DATA_HELLO_SIZE];

	if (data_get_hello(&hello, data, size) && hello.version == DATA_VERSION) {
		data_put_hello(again, &hello);
		must(!memcmp(again, data, 6) && !memcmp(again + 8, data + 8, sizeof(again) - 8));
	}
	if (data_get_welcome(&welcome, data, size) && welcome.version == DATA_VERSION) {
		must(welcome.window && welcome.message_size >= DATA_MESSAGE_MIN);
		data_put_welcome(again, &welcome);
		must(!memcmp(again, data, DATA_WELCOME_SIZE));
	}
	must(!data_get_refusal(&reason, &version, data, size) || size >= DATA_REFUSAL_SIZE);
}

static void take_message(const uint8_t *data, size_t size)
{
	static uint8_t again[8192];
	struct reader in = reader_on(data, size);
	struct writer out = writer_on(again, sizeof(again));
	struct data_header header;
	struct data_record record;
	const uint8_t *bytes;

	if (!data_get_header(&header, &in))
		return;
	data_put_header(put_space(&out, DATA_HEADER_SIZE), &header);
	for (unsigned i = 0; i < header.records; i++) {
		const uint8_t *start = in.at;
		if (!data_get_record(&record, &bytes, &in, header.kind))
			return;
		must(!bytes == (record.action != DATA_STORE));
		if (bytes)
			must(within(bytes, record.length, data, size));
		data_put_record(&out, &record);
		put_bytes(
			&out, start + DATA_RECORD_SIZE, (size_t)(in.at - start) - DATA_RECORD_SIZE);
	}
	if (reader_done(&in) && !out.bad)
		must(writer_length(&out) == size && !memcmp(again, data, size));
}

static void take_reply(const uint8_t *data, size_t size)
{
	struct data_reply reply;
	uint8_t again[DATA_REPLY_SIZE];
	const char *text;
	const uint8_t *bytes;

	if (!data_get_reply(&reply, &text, &bytes, data, size))
		return;
	must(within(text, reply.text_length, data, size) &&
		within(bytes, reply.length, data, size));
	must(reply.text_length <= DATA_TEXT_MAX);
	must(sum((const uint8_t *)text, reply.text_length) + sum(bytes, reply.length) < UINT32_MAX);
	data_put_reply(again, &reply);
	must(!memcmp(again, data, sizeof(again)));
	must(data_errno_of(reply.status) >= 0);
}

#define POOL  ((size_t)8192)
#define GUARD ((size_t)4096)

static uint8_t pool[POOL];

static void in_pool(size_t offset, size_t length)
{
	must(offset >= GUARD && offset <= POOL && length <= POOL - offset);
}

static int store(void *context, size_t offset, const void *from, size_t length)
{
	(void)context;
	in_pool(offset, length);
	memcpy(pool + offset, from, length);
	return 0;
}

static int commit(void *context, size_t offset, size_t length)
{
	(void)context;
	in_pool(offset, length);
	return 0;
}

static void lane(void *context, uint64_t *mark)
{
	(void)context, (void)mark;
}

static int drain(void *context)
{
	(void)context;
	return 0;
}

/*
 * Executes the input as a request. The reply must be well-formed, and must not contain bytes from
 * outside of the pool.
 */
static void execute(const uint8_t *data, size_t size)
{
	static const struct lanes_store target = {.base = pool,
		.size = POOL,
		.guard = GUARD,
		.store = store,
		.commit = commit,
		.lane = lane,
		.drain = drain,
		.deep = commit};
	static const struct serve_limits limits = {&target, DATA_MESSAGE_MIN, false};
	uint8_t reply[SERVE_REPLY_SIZE + DATA_MESSAGE_MIN];
	uint64_t mark = 0;
	struct data_reply told;
	const char *text;
	const uint8_t *bytes;
	uint64_t *aligned = malloc(size ? size : 1);

	if (!aligned)
		return;
	if (size)
		memcpy(aligned, data, size);
	struct served served = {
		.mark = &mark, .message = (uint8_t *)aligned, .size = size, .reply = reply};
	bool good = serve_message(&limits, &served, 0);
	must(good == (served.failed != -EPROTO));
	serve_drain(&limits, &served);
	must(served.length <= DATA_MESSAGE_MIN && served.reply_length <= SERVE_REPLY_SIZE);
	if (served.length) {
		must(within(served.bytes, served.length, pool, POOL));
		memcpy(reply + served.reply_length, served.bytes, served.length);
	}
	must(data_get_reply(&told, &text, &bytes, reply, served.reply_length + served.length));
	free(aligned);
}

/* Decodes the input twice: as the reply to a read of 64 bytes, and as the reply to a store. */
static void take_answer(const uint8_t *data, size_t size)
{
	uint8_t to[64];

	for (unsigned reads = 0; reads < 2; reads++) {
		struct messages_wanted wanted[2] = {{reads ? to : NULL, sizeof(to)}};
		struct messages messages = {.window = 2, .wanted = wanted};
		const char *wrong = messages_take_reply(&messages, 1, data, size);
		must(wrong ? messages.answered == 0 : messages.answered == 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	execute(data, size);
	take_answer(data, size);
	take_connection(data, size);
	take_message(data, size);
	take_reply(data, size);
	return 0;
}
