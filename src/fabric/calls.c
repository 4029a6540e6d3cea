/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.c - the initiator's calls on a lane: they check the arguments, begin the work and wait for
 * it
 */
#include <errno.h>

#include "fabric/lane.h"
#include "fabric/method.h"

static int wrong_lane(const struct fabric_client *client, unsigned number)
{
	if (client->args.nlanes == 1)
		return err_set(
			-EINVAL, "%s: lane %u: the pool has lane 0 only", client->name, number);
	return err_set(-EINVAL, "%s: lane %u: the pool has lanes 0 to %u", client->name, number,
		client->args.nlanes - 1);
}

/*
 * Check lane number and range, for all calls: callers of librpmem get these error messages as they
 * are.
 */
static int find_lane(struct fabric_client *client, unsigned number, struct lane **lane)
{
	if (number >= client->args.nlanes)
		return wrong_lane(client, number);
	*lane = client->lanes[number];
	return link_check(client);
}

static int check_range(
	const struct fabric_client *client, size_t offset, size_t length, bool changes)
{
	size_t size = client->args.size;

	if (offset >= size || length > size - offset)
		return err_set(-EINVAL,
			"%s: %zu bytes at offset %zu are not in the pool of %zu bytes",
			client->name, length, offset, size);
	if (changes && offset < client->args.guard)
		return err_set(-EINVAL, "%s: offset %zu is in the pool's header of %zu bytes",
			client->name, offset, client->args.guard);
	return 0;
}

/*
 * Wait until all work under way is done, and report what the target could not do (L5, L6 of
 * lane.h).
 */
static int settle(struct lane *lane)
{
	int code = lane_send(lane);

	if (code || (code = lane->client->method->confirm(lane)) || (code = lane_wait(lane)))
		return code;
	if (unlikely(lane->failure)) {
		code = err_set(lane->failure, "%s: lane %u: the target says: %s",
			lane->client->name, lane->number,
			*lane->text ? lane->text : "no reason given");
		lane->failure = 0;
	}
	return code;
}

static int begin(struct lane *lane, size_t offset, size_t length, bool relaxed, bool alone)
{
	if (relaxed && !lane->client->args.prefers_messages)
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
	/* L4: after this call the caller may change the bytes. */
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

	if (!code)
		code = check_range(client, offset, length, true);
	/* An empty range flushes nothing, but earlier flushes still have to be made durable. */
	if (!code && length)
		code = begin(lane, offset, length, relaxed, true);
	return code ? code : settle(lane);
}

int fabric_deep_persist(struct fabric_client *client, unsigned number, size_t offset, size_t length)
{
	struct lane *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (!code)
		code = check_range(client, offset, length, true);
	if (!code && length)
		code = lane_store(lane, offset, length);
	if (!code && length)
		code = lane_note(lane, DATA_DEEP, offset, length);
	return code ? code : settle(lane);
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
