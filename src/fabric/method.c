/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * method.c - the ways to make bytes durable, and the calls that use them
 */
#include <errno.h>

#include "fabric/client.h"

/* Shorter ones cost less in a message than a write and a message. */
#define WRITE_MIN ((size_t)16 << 10)

/* Whether the adapter can take bytes from the caller's memory. */
static bool can_write(const struct lane *lane)
{
	return !lane->client->must_register || lane->client->local_mr;
}

static int by_message(struct lane *lane, size_t offset, size_t length, bool alone)
{
	(void)alone;
	return lane_store(lane, offset, length);
}

static int by_write_and_message(struct lane *lane, size_t offset, size_t length, bool alone)
{
	(void)alone;
	if (length < WRITE_MIN || !can_write(lane))
		return lane_store(lane, offset, length);
	/* Each piece with its message: the target makes one durable while the next one arrives. */
	while (length) {
		size_t part = length < LANE_PIECE ? length : LANE_PIECE;
		int code = lane_write(lane, offset, part, 0);
		if (code || (code = lane_note(lane, DATA_COMMIT, offset, part)) ||
			(code = lane_send(lane)))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

/* Many small ones travel in one message, where each would be a write. */
static bool worth_gathering(const struct lane *lane, size_t length, bool alone)
{
	return !can_write(lane) || (length <= LANE_COPY_MAX && (!alone || lane->open));
}

static int by_write(struct lane *lane, size_t offset, size_t length, bool alone)
{
	if (worth_gathering(lane, length, alone))
		return lane_store(lane, offset, length);
	return lane_write(lane, offset, length, 0);
}

static int by_delivered_write(struct lane *lane, size_t offset, size_t length, bool alone)
{
	if (worth_gathering(lane, length, alone))
		return lane_store(lane, offset, length);
	return lane_write(lane, offset, length, FI_DELIVERY_COMPLETE);
}

static int nothing_more(struct lane *lane)
{
	(void)lane;
	return 0;
}

/* A read of what was written last is answered after all that was written before it is there. */
static int read_back(struct lane *lane)
{
	return lane->unconfirmed ? lane_read_back(lane) : 0;
}

static const struct fabric_method methods[] = {
	{FABRIC_MESSAGE, by_message, nothing_more},
	{FABRIC_WRITE_MESSAGE, by_write_and_message, nothing_more},
	{FABRIC_WRITE_READ, by_write, read_back},
	{FABRIC_WRITE_DELIVERED, by_delivered_write, nothing_more},
};

const struct fabric_method *fabric_method_find(enum fabric_method_id id)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (methods[i].id == id)
			return &methods[i];
	return NULL;
}

/* -- calls -- */

static int find_lane(struct fabric_client *client, unsigned number, struct lane **lane)
{
	if (number >= client->args.nlanes)
		return err_set(-EINVAL, "%s: lane %u: there are %u", client->name, number,
			client->args.nlanes);
	*lane = client->lanes[number];
	return client_check(client);
}

static int check_range(
	const struct fabric_client *client, size_t offset, size_t length, bool changes)
{
	size_t size = client->args.size;

	if (offset >= size || length > size - offset)
		return err_set(-EINVAL,
			"%s: %zu bytes at offset %zu are not in the pool of %zu bytes",
			client->name, length, offset, size);
	if (changes && length && offset < client->args.guard)
		return err_set(-EINVAL, "%s: offset %zu is in the pool's header of %zu bytes",
			client->name, offset, client->args.guard);
	return 0;
}

/* Everything on the lane, and what the target made of it. */
static int settle(struct lane *lane)
{
	int code = lane_send(lane);

	if (code || (code = lane->client->method->confirm(lane)) || (code = lane_wait(lane)))
		return code;
	if (unlikely(lane->failure)) {
		code = err_set(lane->failure, "%s: lane %u: the target says: %s",
			lane->client->name, lane->number,
			*lane->text ? lane->text : "it could not");
		lane->failure = 0;
	}
	return code;
}

static int begin(struct lane *lane, size_t offset, size_t length, bool relaxed, bool alone)
{
	if (relaxed)
		return lane->client->method->relaxed(lane, offset, length, alone);
	return lane_store(lane, offset, length);
}

int fabric_flush(
	struct fabric_client *client, unsigned number, size_t offset, size_t length, bool relaxed)
{
	struct lane *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (code || (code = check_range(client, offset, length, true)) || !length)
		return code;
	code = begin(lane, offset, length, relaxed, false);
	/* The caller may change the bytes now. */
	return code || relaxed || length <= LANE_COPY_MAX ? code : lane_wait_sent(lane);
}

int fabric_drain(struct fabric_client *client, unsigned number)
{
	struct lane *lane = NULL;
	int code = find_lane(client, number, &lane);

	return code ? code : settle(lane);
}

int fabric_persist(
	struct fabric_client *client, unsigned number, size_t offset, size_t length, bool relaxed)
{
	struct lane *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (code || (code = check_range(client, offset, length, true)) || !length)
		return code;
	code = begin(lane, offset, length, relaxed, true);
	return code ? code : settle(lane);
}

int fabric_deep_persist(struct fabric_client *client, unsigned number, size_t offset, size_t length)
{
	struct lane *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (code || (code = check_range(client, offset, length, true)) || !length)
		return code;
	if ((code = lane_store(lane, offset, length)) ||
		(code = lane_note(lane, DATA_DEEP, offset, length)))
		return code;
	return settle(lane);
}

int fabric_read(
	struct fabric_client *client, unsigned number, void *to, size_t offset, size_t length)
{
	struct lane *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (code || (code = check_range(client, offset, length, false)) || !length)
		return code;
	if (client->reads_by_adapter)
		code = lane_read(lane, to, offset, length);
	else
		code = lane_read_message(lane, to, offset, length);
	return code ? code : settle(lane);
}
