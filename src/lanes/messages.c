/* SPDX-License-Identifier: BSD-3-Clause */
#include "lanes/messages.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/usdt.h"

static int open_message(struct messages *lane)
{
	uint8_t *bytes = NULL;

	if (lane->open)
		return 0;
	int code = lane->client->transport->slot(lane, &bytes);
	if (code)
		return code;
	lane->out = writer_on(bytes, lane->gather);
	put_space(&lane->out, DATA_HEADER_SIZE);
	lane->records = 0;
	lane->open = true;
	return 0;
}

/*
 * Send the open message (the one that is still being filled), followed by `length` bytes of the
 * caller's memory.
 */
static int send_with(struct messages *lane, enum data_kind kind, const void *bytes, size_t length)
{
	struct data_header header = {kind, lane->records, lane->next};

	data_put_header(lane->out.bytes, &header);
	int code = lane->client->transport->post(lane, writer_length(&lane->out), bytes, length);
	if (code)
		return code;
	lane->next++;
	lane->open = false;
	return 0;
}

int messages_send(struct messages *lane)
{
	return lane->open ? send_with(lane, DATA_BATCH, NULL, 0) : 0;
}

int messages_ask(struct messages *lane)
{
	int code = open_message(lane);

	return code ? code : messages_send(lane);
}

/*
 * Make room for a record and `length` bytes in the open message, which is the one that is still
 * being filled. If it does not have enough room left, send it, and begin another one.
 */
static int make_room(struct messages *lane, size_t length)
{
	int code;

	if (lane->open &&
		(writer_room(&lane->out) < DATA_RECORD_SIZE + length ||
			lane->records == UINT16_MAX) &&
		(code = messages_send(lane)))
		return code;
	return open_message(lane);
}

static void add_record(
	struct messages *lane, enum data_action action, size_t offset, uint32_t length)
{
	struct data_record record = {offset, length, (uint16_t)action};

	data_put_record(&lane->out, &record);
	lane->records++;
}

static int copy_store(struct messages *lane, size_t offset, size_t length)
{
	int code = make_room(lane, data_padded(length));

	if (code)
		return code;
	add_record(lane, DATA_STORE, offset, (uint32_t)length);
	uint8_t *to = put_space(&lane->out, data_padded(length));
	size_t padding = data_padded(length) - length;
	memcpy(to, lane->client->local + offset, length);
	memset(to + length, 0, padding);
	return 0;
}

/*
 * Returns how many bytes of a range go into the next message, which has `room` bytes left. A range
 * that does not fit is divided at the end of a page of the pool; if the room is less than two
 * pages, at the end of a word.
 */
static size_t cut(size_t offset, size_t length, size_t room)
{
	size_t grain = room >= 8192 ? 4096 : 8;

	return length <= room ? length : ((offset + room) & ~(grain - 1)) - offset;
}

/*
 * Store a range by a message that is sent with the bytes from the caller's memory, without copying
 * them.
 */
static int refer_store(struct messages *lane, size_t offset, size_t length)
{
	const char *from = lane->client->local;
	size_t most = lane->message_size - DATA_RECORD_SIZE;

	while (length) {
		/* If the records gathered so far leave too little room, send them first. */
		int code = lane->open && writer_length(&lane->out) > DATA_MESSAGE_MIN / 4
				   ? messages_send(lane)
				   : 0;
		if (code || (code = make_room(lane, 0)))
			return code;
		size_t part = cut(offset, length, most - writer_length(&lane->out));
		add_record(lane, DATA_STORE, offset, (uint32_t)part);
		if ((code = send_with(lane, DATA_BATCH, from + offset, part)))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

/* Store a range by copying its bytes to messages, because the caller's memory is not registered. */
static int copy_all(struct messages *lane, size_t offset, size_t length)
{
	size_t most = (lane->gather - DATA_HEADER_SIZE - DATA_RECORD_SIZE) & ~(size_t)7;

	while (length) {
		size_t part = cut(offset, length, most);
		int code = copy_store(lane, offset, part);
		if (code || (part == most && (code = messages_send(lane))))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

static void widen(struct messages *lane, size_t offset, size_t length)
{
	if (!lane->to || offset < lane->from)
		lane->from = offset;
	if (offset + length > lane->to)
		lane->to = offset + length;
}

int messages_store(struct messages *lane, size_t offset, size_t length)
{
	widen(lane, offset, length);
	if (length <= MESSAGES_COPY_MAX &&
		length + DATA_HEADER_SIZE + DATA_RECORD_SIZE <= lane->gather)
		return copy_store(lane, offset, length);
	if (lane->copies)
		return copy_all(lane, offset, length);
	return refer_store(lane, offset, length);
}

int messages_note(struct messages *lane, enum data_action action, size_t offset, size_t length)
{
	while (length) {
		uint32_t part = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX & ~7u;
		int code = make_room(lane, 0);
		if (code)
			return code;
		add_record(lane, action, offset, part);
		offset += part;
		length -= part;
	}
	return 0;
}

int messages_read(struct messages *lane, void *to, size_t offset, size_t length)
{
	char *at = to;
	int code = messages_send(lane);

	while (!code && length) {
		size_t part = length < lane->message_size ? length : lane->message_size;
		if ((code = open_message(lane)))
			break;
		add_record(lane, (enum data_action)0, offset, (uint32_t)part);
		lane->wanted[lane->next % lane->window] =
			(struct messages_wanted){(uint8_t *)at, part};
		code = send_with(lane, DATA_READ, NULL, 0);
		at += part;
		offset += part;
		length -= part;
	}
	return code;
}

static void keep_failure(struct messages *lane, const struct data_reply *reply, const char *text)
{
	if (lane->failure)
		return;
	lane->failure = -data_errno_of(reply->status);
	memcpy(lane->text, text, reply->text_length);
	lane->text[reply->text_length] = '\0';
}

const char *messages_take_reply(
	struct messages *lane, uint32_t sent, const void *bytes, size_t length)
{
	struct messages_wanted *wanted = &lane->wanted[lane->answered % lane->window];
	struct data_reply reply;
	const char *text;
	const uint8_t *content;

	if (!data_get_reply(&reply, &text, &content, bytes, length))
		return "a reply is malformed";
	if (lane->answered == sent || reply.sequence != lane->answered)
		return "a reply without a message";
	if (reply.length != (wanted->to && !reply.status ? wanted->length : 0))
		return "a reply of a wrong length";
	if (reply.status)
		keep_failure(lane, &reply, text);
	if (reply.status == DATA_PROTOCOL)
		return lane->text;
	if (reply.length)
		memcpy(wanted->to, content, reply.length);
	wanted->to = NULL;
	lane->answered++;
	return NULL;
}

void messages_count_retry(struct messages *lane)
{
	struct tally *const *tallies = lane->client->tallies;

	if (tallies)
		tally_add(tallies[lane->number], TALLY_RETRIES, 1);
	USDT1(remote_retry, lane->number);
}
