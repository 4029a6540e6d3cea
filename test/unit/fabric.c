/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.c - tests an initiator's flushes, persists and reads of a target's pool, by each method
 *
 * A method is a way of making bytes durable at the target: the bytes travel either in a message or
 * by RMA writes, which are completed by a message, by a read or by their own delivery. A lane is
 * one connection between initiator and target.
 */
#include "fabric/lane.h"
#include "unit/target.h"

static uint32_t seed = 1;

static uint8_t noise(void)
{
	seed = seed * 1103515245 + 12345;
	return (uint8_t)(seed >> 16);
}

static void change(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = noise();
}

struct way {
	const char *name;
	struct target *target;
	struct lanes_client *client;
	uint8_t *local;
};

static bool arrives(const struct way *way, size_t offset, size_t length, bool relaxed)
{
	change(way->local + offset, length);
	if (lanes_persist(way->client, 0, offset, length, relaxed))
		return false;
	return !memcmp(way->local + offset, way->target->pool + offset, length);
}

static void persists(const struct way *way)
{
	static const size_t lengths[] = {1, 7, 8, 64, 100, 4096, 4097, 10000, 65536, 65537, 70000,
		1 << 20, 3000001, TARGET_SIZE - 4096};

	for (unsigned relaxed = 0; relaxed < 2; relaxed++)
		for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
			size_t length = lengths[i];
			size_t offset = 4096 + (length < 1 << 20 ? i : 0);
			if (length == TARGET_SIZE - 4096)
				offset = 4096;
			ok(arrives(way, offset, length, relaxed),
				"method %s: a persist of %zu bytes at %zu%s reaches the pool",
				way->name, length, offset, relaxed ? " (relaxed)" : "");
		}
}

static void gathers(const struct way *way)
{
	unsigned before = way->target->drains;

	for (unsigned i = 0; i < 16; i++) {
		change(way->local + 8192 + i * 1000, 64);
		lanes_flush(way->client, 0, 8192 + i * 1000, 64, false);
	}
	ok(!lanes_drain(way->client, 0), "method %s: 16 small flushes and a drain succeed",
		way->name);
	is_int(way->target->drains - before, 1,
		"lanes_drain: 16 small flushes travel in one message");
	unsigned wrong = 0;
	for (unsigned i = 0; i < 16; i++)
		wrong += memcmp(way->local + 8192 + i * 1000, way->target->pool + 8192 + i * 1000,
				 64) != 0;
	is_int(wrong, 0, "lanes_drain: the bytes of all 16 small flushes are in the target's pool");
}

/*
 * Number of a lane's messages that the adapter is still sending, perhaps from the caller's memory.
 */
static unsigned unsent(const struct lane *lane)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lane->target.window; i++)
		count += lane->slots[i].sending;
	return count;
}

static void may_be_changed(const struct way *way)
{
	size_t length = 1 << 20;

	change(way->local + 8192, length);
	uint8_t *copy = malloc(length);
	memcpy(copy, way->local + 8192, length);
	lanes_flush(way->client, 0, 8192, length, false);
	is_int(unsent(fabric_client_of(way->client)->lanes[0]), 0,
		"lanes_flush: does not return before all of its messages are sent");
	lanes_flush(way->client, 0, 8192 + length, 64, false);
	memset(way->local + 8192, 0, length);
	ok(!lanes_drain(way->client, 0), "method %s: a drain after a flush of 1 MiB succeeds",
		way->name);
	ok(!memcmp(copy, way->target->pool + 8192, length),
		"lanes_flush: bytes that the caller changes after the call do not reach the pool");
	free(copy);
}

static void reads(const struct way *way)
{
	static const size_t lengths[] = {1, 64, 4096, 70000, 1 << 20, TARGET_SIZE};
	uint8_t *to = malloc(TARGET_SIZE);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t offset = i < 4 ? i * 4099 : 0;
		memset(to, 0x55, TARGET_SIZE);
		ok(!lanes_read(way->client, 0, to, offset, lengths[i]) &&
				!memcmp(to, way->target->pool + offset, lengths[i]),
			"method %s: a read of %zu bytes at %zu returns the bytes of the pool",
			way->name, lengths[i], offset);
		if (lengths[i] < TARGET_SIZE)
			is_int(to[lengths[i]], 0x55,
				"lanes_read: the byte behind the bytes that were read is unchanged in the caller's buffer");
	}
	free(to);
}

static void deepens(const struct way *way)
{
	unsigned before = way->target->deeps;

	change(way->local + 4096, 200000);
	ok(!lanes_deep_persist(way->client, 0, 4096, 200000) &&
			!memcmp(way->local + 4096, way->target->pool + 4096, 200000),
		"method %s: a deep persist of 200000 bytes reaches the pool", way->name);
	is_int(way->target->deeps - before, 1,
		"lanes_deep_persist: the target does one deep flush");
}

/* Wrong arguments are refused, and do no harm. */
static void refuses(const struct way *way)
{
	struct lanes_client *client = way->client;
	char byte;

	is_int(lanes_persist(client, 1, 4096, 8, false), -EINVAL,
		"method %s: a lane that does not exist is refused", way->name);
	has_str(err_get(), "there is no lane 1: the pool has only lane 0",
		"lanes_persist: the message about a lane that does not exist says which lanes exist");
	is_int(lanes_drain(client, UINT32_MAX), -EINVAL,
		"lanes_drain: lane number UINT32_MAX is refused");
	is_int(lanes_persist(client, 0, 0, 8, false), -EINVAL,
		"lanes_persist: a range that begins in the header is refused");
	has_str(err_get(), "header",
		"lanes_persist: the message says that a range in the header is refused");
	is_int(lanes_flush(client, 0, 4095, 2, true), -EINVAL,
		"lanes_flush: a range that begins in the last byte of the header is refused");
	is_int(lanes_deep_persist(client, 0, 4095, 2), -EINVAL,
		"lanes_deep_persist: a range that begins in the header is refused");
	is_int(lanes_persist(client, 0, TARGET_SIZE, 0, false), -EINVAL,
		"lanes_persist: an empty range at the end of the pool is refused");
	is_int(lanes_persist(client, 0, TARGET_SIZE - 1, 2, true), -EINVAL,
		"lanes_persist: a range that ends a byte after the pool is refused");
	is_int(lanes_persist(client, 0, 8192, SIZE_MAX - 4096, true), -EINVAL,
		"lanes_persist: a range whose end overflows is refused");
	is_int(lanes_read(client, 0, &byte, TARGET_SIZE, 1), -EINVAL,
		"lanes_read: a range outside the pool is refused");
	is_int(lanes_persist(client, 0, 0, 0, false), -EINVAL,
		"lanes_persist: an empty range in the header is refused");
	change(way->local + 4096, 64);
	ok(!lanes_flush(client, 0, 4096, 64, true) && !lanes_persist(client, 0, 8192, 0, true) &&
			!memcmp(way->local + 4096, way->target->pool + 4096, 64),
		"method %s: a persist of an empty range completes earlier flushes", way->name);
	ok(arrives(way, 4096, 64, false),
		"lanes_persist: the lane still works after calls with wrong arguments were refused");
}

/* A failure at the target is reported once, with its reason. */
static void fails(const struct way *way)
{
	static const int errors[] = {EIO, ENOSPC, EDQUOT, ENOMEM, EACCES, EROFS};

	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		way->target->fail_drain = errors[i];
		is_int(lanes_persist(way->client, 0, 4096, 64, false), -errors[i],
			"method %s: a persist whose drain fails with \"%s\" at the target returns this error",
			way->name, strerror(errors[i]));
	}
	has_str(err_get(), "made up: no drain",
		"lanes_persist: the message contains the target's message");
	way->target->fail_drain = 0;
	ok(arrives(way, 4096, 64, false),
		"lanes_persist: a failure at the target is reported only once");

	way->target->fail_store = EIO;
	is_int(lanes_flush(way->client, 0, 4096, 64, false), 0,
		"lanes_flush: a small flush succeeds although the target will fail to store the bytes");
	is_int(lanes_flush(way->client, 0, 8192, 1 << 20, false), 0,
		"lanes_flush: a large flush succeeds although the target will fail to store the bytes");
	is_int(lanes_drain(way->client, 0), -EIO,
		"lanes_drain: a store that failed at the target is reported");
	way->target->fail_store = 0;
	is_int(lanes_drain(way->client, 0), 0,
		"lanes_drain: a store that failed is reported only once");

	way->target->fail_deep = EIO;
	is_int(lanes_deep_persist(way->client, 0, 4096, 64), -EIO,
		"lanes_deep_persist: a deep flush that failed at the target is reported");
	is_int(lanes_persist(way->client, 0, 4096, 64, false), 0,
		"lanes_persist: succeeds while deep flushes fail");
	way->target->fail_deep = 0;
	way->target->fail_drain = ENOTTY;
	is_int(lanes_persist(way->client, 0, 4096, 64, false), -EREMOTEIO,
		"lanes_persist: an error at the target for which the protocol has no status gives EREMOTEIO");
	way->target->fail_drain = 0;
}

/*
 * Length of a flush in bytes: too long to share a message with others, and short enough for four
 * to be sent while the target does not read.
 */
#define LONG ((size_t)8 << 10)

/*
 * Flushes four times while the target is paused, so that the target then finds four messages at
 * once, and drains.
 */
static int four_at_once(struct target *target, struct lanes_client *client, uint8_t *local)
{
	target_pause(target);
	for (size_t i = 0; i < 4; i++) {
		change(local + (i + 1) * LONG, LONG);
		lanes_flush(client, 0, (i + 1) * LONG, LONG, false);
	}
	target_resume(target);
	return lanes_drain(client, 0);
}

static void test_sharing(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	uint8_t *local = target_local();
	struct lanes_client *client;

	target->args.store.slow_drain = true;
	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	if (fabric_client_open(&args, &client))
		bail("no client: %s", err_get());
	unsigned before = target->drains, stores = target->stores;
	is_int(four_at_once(target, client, local), 0,
		"shared drain: four flushes whose messages reach the target at the same time succeed");
	is_int(target->stores - stores, 4,
		"shared drain: the target stores the bytes of all four messages");
	is_int(target->drains - before, 1,
		"shared drain: the target drains once for four messages");
	ok(!memcmp(local + LONG, target->pool + LONG, 4 * LONG),
		"shared drain: the bytes of all four messages have arrived");
	target->fail_drain = EIO;
	is_int(four_at_once(target, client, local), -EIO,
		"shared drain: a failure of the drain is reported");
	has_str(err_get(), "made up: no drain",
		"shared drain: the message has the reason of the failure");
	target->fail_drain = 0;
	is_int(four_at_once(target, client, local), 0,
		"shared drain: a failure of the drain is reported only once");
	lanes_close(client);
	target_stop(target);
	munmap(local, TARGET_SIZE);
}

/*
 * An initiator that prefers messages sends all bytes in messages: also relaxed ranges, whose words
 * need not arrive whole, and which other initiators send by RMA writes.
 */
static void test_preference(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 1);
	uint8_t *local = target_local();
	struct lanes_client *client;

	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	args.prefers_messages = true;
	if (fabric_client_open(&args, &client))
		bail("no client: %s", err_get());
	change(local + LONG, 4 * LONG);
	is_int(lanes_persist(client, 0, LONG, 4 * LONG, true), 0,
		"an initiator that prefers messages: a persist whose words need not arrive whole succeeds");
	is_int(target->commits, 0, "an initiator that prefers messages: nothing is written by RMA");
	ok(!memcmp(local + LONG, target->pool + LONG, 4 * LONG),
		"an initiator that prefers messages: the bytes have arrived");
	lanes_close(client);
	target_stop(target);
	munmap(local, TARGET_SIZE);
}

static void test_method(enum holdfast_method method)
{
	struct way way = {.name = wire_method_name(method), .local = target_local()};

	way.target = target_with_client(method, 1, way.local, &way.client);
	ok(way.client->round_trip_ns > 100,
		"method %s: the time of a round trip is measured: %u ns", way.name,
		way.client->round_trip_ns);
	persists(&way);
	gathers(&way);
	may_be_changed(&way);
	deepens(&way);
	reads(&way);
	refuses(&way);
	fails(&way);
	for (size_t i = 0, wrong = 0; i < 4096; i++) {
		wrong += way.target->pool[i];
		if (i == 4095)
			is_int(wrong, 0,
				"method %s: none of the test's calls wrote to the pool's header",
				way.name);
	}
	lanes_close(way.client);
	target_wait_for(way.target, target_is_through);
	is_int(way.target->result, -ECONNRESET,
		"method %s: the target notices that the initiator has gone", way.name);
	is_int(target_stop(way.target), 0, "target: the target's process ends without an error");
	munmap(way.local, TARGET_SIZE);
}

/*
 * Tests all methods, or only the one that is named: with an adapter a process can test only one
 * (target.h).
 */
int main(int argc, char **argv)
{
	for (int id = HOLDFAST_METHOD_MESSAGE; id <= HOLDFAST_METHOD_WRITE_DELIVERED; id++)
		if (argc < 2 || !strcmp(argv[1], wire_method_name((enum holdfast_method)id)))
			test_method((enum holdfast_method)id);
	if (!tap_points)
		bail("no method is called %s", argv[1]);
	if (argc < 2) {
		test_sharing();
		test_preference();
	}
	return tap_done();
}
