/* SPDX-License-Identifier: BSD-3-Clause */
/* lane_message.c - messages of a lane: gather records, send them, and request bytes */
#include "fabric/lane.h"

#include <string.h>

#include "base/memcheck.h"

static struct lane_slot *next_slot(struct lane *lane)
{
	return &lane->slots[lane->next % lane->target.window];
}

static int open_message(struct lane *lane)
{
	if (lane->open)
		return 0;
	int code = lane_wait_slot(lane);
	if (code)
		return code;
	lane->out = writer_on(next_slot(lane)->bytes, lane->gather);
	put_space(&lane->out, DATA_HEADER_SIZE);
	lane->records = 0;
	lane->open = true;
	return 0;
}

/* Send the open message followed by `length` bytes of the caller's memory. */
static int send_with(struct lane *lane, enum data_kind kind, const void *bytes, size_t length)
{
	struct lane_slot *slot = next_slot(lane);
	size_t start = writer_length(&lane->out);
	struct data_header header = {kind, lane->records, lane->next};
	struct iovec parts[2] = {{slot->bytes, start}, {(void *)bytes, length}};
	void *desc[2] = {lane->mr ? fi_mr_desc(lane->mr) : NULL, lane_local_desc(lane)};
	bool inject = !length && start <= lane->client->inject;
	int again;

	data_put_header(slot->bytes, &header);
	do {
		memcheck_pause();
		ssize_t code =
			inject ? fi_inject(lane->ep, slot->bytes, start, 0)
			       : fi_sendv(lane->ep, parts, desc, length ? 2 : 1, 0, &slot->op);
		memcheck_resume();
		again = lane_posted(lane, code, "send");
	} while (again > 0);
	if (again)
		return again;
	slot->sending = !inject;
	lane->next++;
	lane->open = false;
	return 0;
}

int lane_send(struct lane *lane)
{
	return lane->open ? send_with(lane, DATA_BATCH, NULL, 0) : 0;
}

int lane_ask(struct lane *lane)
{
	int code = open_message(lane);

	return code ? code : lane_send(lane);
}

/*
 * Make room for a record and `length` bytes in the open message; if it is too full, send it first.
 */
static int make_room(struct lane *lane, size_t length)
{
	int code;

	if (lane->open &&
		(writer_room(&lane->out) < DATA_RECORD_SIZE + length ||
			lane->records == UINT16_MAX) &&
		(code = lane_send(lane)))
		return code;
	return open_message(lane);
}

static void add_record(struct lane *lane, enum data_action action, size_t offset, uint32_t length)
{
	struct data_record record = {offset, length, (uint16_t)action};

	data_put_record(&lane->out, &record);
	lane->records++;
}

static int copy_store(struct lane *lane, size_t offset, size_t length)
{
	int code = make_room(lane, data_padded(length));

	if (code)
		return code;
	add_record(lane, DATA_STORE, offset, (uint32_t)length);
	uint8_t *to = put_space(&lane->out, data_padded(length));
	size_t padding = data_padded(length) - length;
	memcpy(to, (const char *)lane->client->args.local + offset, length);
	memset(to + length, 0, padding);
	return 0;
}

/*
 * Bytes of a range for the next message. A range without enough room is cut at a page of the pool,
 * or, if there is little room, at a word.
 */
static size_t cut(size_t offset, size_t length, size_t room)
{
	size_t grain = room >= 8192 ? 4096 : 8;

	return length <= room ? length : ((offset + room) & ~(grain - 1)) - offset;
}

/* Store by a message that takes the bytes from the caller's memory, without copying them. */
static int refer_store(struct lane *lane, size_t offset, size_t length)
{
	const char *from = (const char *)lane->client->args.local;
	size_t most = lane->target.message_size - DATA_RECORD_SIZE;

	while (length) {
		/* Send the gathered records first if they leave too little room. */
		int code = lane->open && writer_length(&lane->out) > DATA_MESSAGE_MIN / 4
				   ? lane_send(lane)
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

/* Store by copying the bytes, because the caller's memory is not registered. */
static int copy_all(struct lane *lane, size_t offset, size_t length)
{
	size_t most = (lane->gather - DATA_HEADER_SIZE - DATA_RECORD_SIZE) & ~(size_t)7;

	while (length) {
		size_t part = cut(offset, length, most);
		int code = copy_store(lane, offset, part);
		if (code || (part == most && (code = lane_send(lane))))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

int lane_store(struct lane *lane, size_t offset, size_t length)
{
	if (length <= LANE_COPY_MAX && length + DATA_HEADER_SIZE + DATA_RECORD_SIZE <= lane->gather)
		return copy_store(lane, offset, length);
	if (lane->client->must_register && !lane->client->local_mr)
		return copy_all(lane, offset, length);
	return refer_store(lane, offset, length);
}

int lane_note(struct lane *lane, enum data_action action, size_t offset, size_t length)
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

int lane_read_message(struct lane *lane, void *to, size_t offset, size_t length)
{
	char *at = to;
	int code = lane_send(lane);

	while (!code && length) {
		size_t part =
			length < lane->target.message_size ? length : lane->target.message_size;
		if ((code = open_message(lane)))
			break;
		struct lane_slot *slot = next_slot(lane);
		add_record(lane, (enum data_action)0, offset, (uint32_t)part);
		slot->to = (uint8_t *)at;
		slot->length = part;
		code = send_with(lane, DATA_READ, NULL, 0);
		at += part;
		offset += part;
		length -= part;
	}
	return code;
}
