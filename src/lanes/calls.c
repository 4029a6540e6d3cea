/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.c - the initiator's calls on a lane: they check the arguments, begin the work and wait
 * until it is done
 */
#include <errno.h>
#include <time.h>

#include "base/attr.h"
#include "base/err.h"
#include "lanes/messages.h"

/* Number of round trips that are measured; one more comes first, to warm up. */
#define ROUND_TRIPS 8

static int wrong_lane(const struct lanes_client *client, unsigned number)
{
	if (client->nlanes == 1)
		return err_set(-EINVAL, "%s: there is no lane %u: the pool has only lane 0",
			client->name, number);
	return err_set(-EINVAL, "%s: there is no lane %u: the pool has lanes 0 to %u", client->name,
		number, client->nlanes - 1);
}

/*
 * Check the lane's number and the range. All calls do this here, because programs that use
 * librpmem print these error messages unchanged.
 */
static int find_lane(struct lanes_client *client, unsigned number, struct messages **lane)
{
	if (number >= client->nlanes)
		return wrong_lane(client, number);
	int code = client->transport->check(client);
	if (unlikely(code))
		return code;
	*lane = client->transport->lane(client, number);
	if (unlikely(atomic_load_explicit(&(*lane)->started, memory_order_relaxed)))
		return err_set(-EBUSY,
			"%s: lane %u: the program has not yet waited for the persist that it started",
			client->name, number);
	return 0;
}

static int check_range(
	const struct lanes_client *client, size_t offset, size_t length, bool changes)
{
	size_t size = client->size;

	if (offset >= size || length > size - offset)
		return err_set(-EINVAL,
			"%s: %zu bytes at offset %zu are not in the pool of %zu bytes",
			client->name, length, offset, size);
	if (changes && offset < client->guard)
		return err_set(-EINVAL, "%s: offset %zu is in the pool's header of %zu bytes",
			client->name, offset, client->guard);
	return 0;
}

/*
 * Wait until all work under way is done. Report an error if the target could not do a part of it
 * (L6 of messages.h).
 */
static int settle(struct messages *lane)
{
	const struct lanes_transport *transport = lane->client->transport;
	int code = messages_send(lane);

	if (code || (code = transport->confirm(lane)) || (code = transport->wait(lane)))
		return code;
	lane->to = 0;
	if (unlikely(lane->failure)) {
		code = err_set(lane->failure, "%s: lane %u: the target says: %s",
			lane->client->name, lane->number,
			*lane->text ? lane->text : "no reason given");
		lane->failure = 0;
	}
	return code;
}

/*
 * Begin to send a range. Ranges of a lane must arrive in the order of their flushes (L10 of
 * messages.h): so a range that overlaps with an unanswered message is sent as a message, too.
 */
static int begin(struct messages *lane, size_t offset, size_t length, bool relaxed, bool alone)
{
	if (relaxed && !messages_overlap(lane, offset, length))
		return lane->client->transport->relaxed(lane, offset, length, alone);
	return messages_store(lane, offset, length);
}

int lanes_flush(
	struct lanes_client *client, unsigned number, size_t offset, size_t length, bool relaxed)
{
	struct messages *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (code || (code = check_range(client, offset, length, true)) || !length)
		return code;
	code = begin(lane, offset, length, relaxed, false);
	/*
	 * If the flush is not relaxed, the caller may change the bytes again when this function
	 * returns.
	 */
	return code || relaxed || length <= MESSAGES_COPY_MAX ? code
							      : client->transport->wait_sent(lane);
}

int lanes_drain(struct lanes_client *client, unsigned number)
{
	struct messages *lane = NULL;
	int code = find_lane(client, number, &lane);

	return code ? code : settle(lane);
}

static int begin_persist(struct lanes_client *client, unsigned number, size_t offset, size_t length,
	bool relaxed, struct messages **lane)
{
	int code = find_lane(client, number, lane);

	if (!code)
		code = check_range(client, offset, length, true);
	/*
	 * A persist of an empty range flushes nothing, but earlier flushes of the lane still have
	 * to be made durable.
	 */
	return code || !length ? code : begin(*lane, offset, length, relaxed, true);
}

int lanes_persist(
	struct lanes_client *client, unsigned number, size_t offset, size_t length, bool relaxed)
{
	struct messages *lane = NULL;
	int code = begin_persist(client, number, offset, length, relaxed, &lane);

	return code ? code : settle(lane);
}

int lanes_start(
	struct lanes_client *client, unsigned number, size_t offset, size_t length, bool relaxed)
{
	struct messages *lane = NULL;
	int code = begin_persist(client, number, offset, length, relaxed, &lane);

	if (!code)
		code = messages_send(lane);
	if (!code)
		code = client->transport->confirm(lane);
	if (!code)
		atomic_store_explicit(&lane->started, true, memory_order_relaxed);
	return code;
}

int lanes_finish(struct lanes_client *client, unsigned number)
{
	if (number >= client->nlanes)
		return wrong_lane(client, number);
	struct messages *lane = client->transport->lane(client, number);
	if (!atomic_load_explicit(&lane->started, memory_order_relaxed))
		return err_set(-EINVAL, "%s: lane %u: there is no started persist to wait for",
			client->name, number);
	int code = client->transport->check(client);
	if (!code)
		code = settle(lane);
	atomic_store_explicit(&lane->started, false, memory_order_relaxed);
	return code;
}

int lanes_deep_persist(struct lanes_client *client, unsigned number, size_t offset, size_t length)
{
	struct messages *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (!code)
		code = check_range(client, offset, length, true);
	if (!code && length)
		code = messages_store(lane, offset, length);
	if (!code && length)
		code = messages_note(lane, DATA_DEEP, offset, length);
	return code ? code : settle(lane);
}

int lanes_read(struct lanes_client *client, unsigned number, void *to, size_t offset, size_t length)
{
	struct messages *lane = NULL;
	int code = find_lane(client, number, &lane);

	if (code || (code = check_range(client, offset, length, false)) || !length)
		return code;
	code = client->transport->read(lane, to, offset, length);
	return code ? code : settle(lane);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int lanes_measure(struct lanes_client *client)
{
	struct messages *lane = client->transport->lane(client, 0);
	uint64_t shortest = UINT32_MAX;

	for (int i = 0; i <= ROUND_TRIPS; i++) {
		uint64_t start = now_ns();
		int code = messages_ask(lane);
		if (code || (code = client->transport->wait(lane)))
			return code;
		uint64_t took = now_ns() - start;
		if (i && took < shortest)
			shortest = took;
	}
	client->round_trip_ns = (unsigned)shortest;
	return 0;
}
