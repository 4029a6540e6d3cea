/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/method.h"

/*
 * Minimum length in bytes of a range that is sent by a write. A shorter range costs less when it
 * is copied into a message.
 */
#define WRITE_MIN ((size_t)16 << 10)

/* True if the adapter can read the caller's memory. */
static bool can_write(const struct lane *lane)
{
	return !lane->client->must_register || lane->client->local_mr;
}

static int by_message(struct lane *lane, size_t offset, size_t length, bool alone)
{
	(void)alone;
	return messages_store(&lane->messages, offset, length);
}

static int by_write_and_message(struct lane *lane, size_t offset, size_t length, bool alone)
{
	(void)alone;
	if (length < WRITE_MIN || !can_write(lane))
		return messages_store(&lane->messages, offset, length);
	/*
	 * Send a message after each piece: the target makes this piece durable while the next one
	 * arrives.
	 */
	while (length) {
		size_t part = length < LANE_PIECE ? length : LANE_PIECE;
		int code = lane_write(lane, offset, part, 0);
		if (code || (code = messages_note(&lane->messages, DATA_COMMIT, offset, part)) ||
			(code = messages_send(&lane->messages)))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

/*
 * Returns true if the range should be sent in messages: one message takes many short ranges, each
 * of which would be a write of its own.
 */
static bool worth_gathering(const struct lane *lane, size_t length, bool alone)
{
	return !can_write(lane) || (length <= MESSAGES_COPY_MAX && (!alone || lane->messages.open));
}

static int by_write(struct lane *lane, size_t offset, size_t length, bool alone)
{
	if (worth_gathering(lane, length, alone))
		return messages_store(&lane->messages, offset, length);
	return lane_write(lane, offset, length, 0);
}

static int by_delivered_write(struct lane *lane, size_t offset, size_t length, bool alone)
{
	if (worth_gathering(lane, length, alone))
		return messages_store(&lane->messages, offset, length);
	return lane_write(lane, offset, length, FI_DELIVERY_COMPLETE);
}

static int nothing_more(struct lane *lane)
{
	(void)lane;
	return 0;
}

/*
 * Read the last written bytes back from the target: the reply shows that these bytes and all
 * earlier writes have arrived.
 */
static int read_back(struct lane *lane)
{
	return lane->unconfirmed ? lane_read_back(lane) : 0;
}

static const struct method methods[] = {
	{HOLDFAST_METHOD_MESSAGE, by_message, nothing_more},
	{HOLDFAST_METHOD_WRITE_MESSAGE, by_write_and_message, nothing_more},
	{HOLDFAST_METHOD_WRITE_READ, by_write, read_back},
	{HOLDFAST_METHOD_WRITE_DELIVERED, by_delivered_write, nothing_more},
};

const struct method *method_find(enum holdfast_method id)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].id == id)
			return &methods[i];
	return NULL;
}
