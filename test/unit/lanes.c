/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lanes.c - tests that several lanes work, each used by a thread of its own; that 8-byte words
 * arrive whole; and that idle lanes use no CPU time
 *
 * A lane is one of the connections between an initiator (client) and a target (server).
 */
#include <pthread.h>
#include <sys/resource.h>

#include "lanes/messages.h"
#include "unit/target.h"

#define LANES 4

/*
 * The thread sanitizer makes this test slow, and adds a thread to each process, which uses CPU
 * time.
 */
#ifdef __SANITIZE_THREAD__
#define WORD_ROUNDS 10
#define IDLE_TICKS  10
#else
#define WORD_ROUNDS 100
#define IDLE_TICKS  1
#endif

static uint8_t *local;

/* -- a thread per lane; initiator and target in one process, so that a sanitizer sees both -- */

static void *serve(void *context)
{
	target_serve(context);
	return NULL;
}

struct part {
	struct lanes_client *client;
	struct target *target;
	unsigned lane, failures;
	bool relaxed;
};

/* A thread that uses one lane, in a part of the pool that no other lane uses. */
static void *use_lane(void *context)
{
	struct part *part = context;
	size_t size = (TARGET_SIZE - 4096) / LANES & ~(size_t)4095;
	size_t start = 4096 + part->lane * size;
	uint8_t *copy = malloc(size);

	for (unsigned round = 1; round <= 20; round++) {
		size_t length = round % 4 ? round * 100 : size;
		memset(local + start, (int)(round * LANES + part->lane), length);
		for (size_t at = 0; at < length && round % 3 == 0; at += length / 2)
			part->failures += lanes_flush(part->client, part->lane, start + at,
						  length / 2, part->relaxed) != 0;
		if (round % 3 == 0)
			part->failures += lanes_drain(part->client, part->lane) != 0;
		part->failures +=
			lanes_persist(part->client, part->lane, start, length, part->relaxed) != 0;
		part->failures += lanes_read(part->client, part->lane, copy, start, length) != 0;
		part->failures += memcmp(copy, local + start, length) != 0;
	}
	free(copy);
	return NULL;
}

static void test_threads(enum holdfast_method method)
{
	struct target *target = target_new(method, LANES);
	struct lanes_client *client;
	struct part parts[LANES];
	pthread_t server, threads[LANES];
	unsigned failures = 0;

	target->args.nthreads = 2;
	pthread_create(&server, NULL, serve, target);
	target_wait_for(target, target_is_listening);
	struct fabric_client_args args = target_client(target, local);
	if (fabric_client_open(&args, &client))
		bail("%s", err_get());
	for (unsigned i = 0; i < LANES; i++) {
		parts[i] = (struct part){client, target, i, 0, i % 2};
		pthread_create(&threads[i], NULL, use_lane, &parts[i]);
	}
	for (unsigned i = 0; i < LANES; i++) {
		pthread_join(threads[i], NULL);
		failures += parts[i].failures;
	}
	is_int(failures, 0,
		"%s: %u lanes with a thread each, two threads at the target: no call fails",
		wire_method_name(method), LANES);
	lanes_close(client);
	pthread_join(server, NULL);
	is_int(target->result, -ECONNRESET,
		"lanes: the target ends because the initiator disconnects");
	target->pid = -1;
	target_stop(target);
}

/* -- aligned 8-byte words arrive whole -- */

struct watch {
	struct target *target;
	atomic_bool quit;
	uint64_t looked, torn;
};

/* Counts the torn words of the pool: those whose eight bytes are not all equal. */
static void *watch_words(void *context)
{
	struct watch *watch = context;

	while (!watch->quit)
		for (size_t at = 4096; at < TARGET_SIZE; at += 8) {
			uint64_t *word = (uint64_t *)(void *)(watch->target->pool + at);
			uint64_t value = __atomic_load_n(word, __ATOMIC_RELAXED);
			watch->torn += value != (value & 0xff) * 0x0101010101010101;
			watch->looked++;
		}
	return NULL;
}

static void test_words(enum holdfast_method method)
{
	struct lanes_client *client;
	struct target *target = target_with_client(method, 1, local, &client);
	struct watch watch = {.target = target};
	unsigned failures = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, watch_words, &watch);
	for (unsigned round = 1; round <= WORD_ROUNDS; round++) {
		size_t offset = 4096 + round * 8;
		size_t length = (TARGET_SIZE - offset - round * 1000) & ~(size_t)7;
		if (round % 2)
			length = 8 * round;
		memset(local + offset, (int)round, length);
		failures += lanes_persist(client, 0, offset, length, false) != 0;
		failures += memcmp(local + offset, target->pool + offset, length) != 0;
	}
	watch.quit = true;
	pthread_join(thread, NULL);
	is_int(failures, 0, "%s: persists of short and long ranges of aligned 8-byte words succeed",
		wire_method_name(method));
	ok(watch.looked > 1000 && !watch.torn,
		"8-byte words of the pool: of %llu reads during persists, %llu saw a torn word",
		(unsigned long long)watch.looked, (unsigned long long)watch.torn);
	lanes_close(client);
	target_stop(target);
}

/* Replaces the target's store(): fails if a message begins or ends within an aligned word. */
static int store_words_only(void *context, size_t offset, const void *from, size_t length)
{
	struct target *target = context;

	if ((offset % 8 && offset != 4099) || ((offset + length) % 8 && offset + length != 504100))
		target->fail_drain = EPROTO;
	if ((uintptr_t)from % 8)
		target->fail_drain = EPROTO;
	return target_store(context, offset, from, length);
}

static void test_seams(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	struct lanes_client *client;

	target->args.store.store = store_words_only;
	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	if (fabric_client_open(&args, &client))
		bail("%s", err_get());
	is_int(lanes_persist(client, 0, 4099, 500001, false), 0,
		"long range with unaligned ends: messages divide it between aligned 8-byte words, not within one");
	ok(target->stores > 1,
		"long range with unaligned ends: it is sent in %u messages, more than one",
		target->stores);
	lanes_close(client);
	target_stop(target);
}

/* -- CPU time while idle -- */

static long cpu_us(int whose)
{
	struct rusage usage;

	getrusage(whose, &usage);
	return usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec;
}

/* CPU time of all threads of a process, in clock ticks, as /proc shows it. */
static long ticks_of(pid_t pid)
{
	char path[64];
	unsigned long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	FILE *file = fopen(path, "r");
	if (!file ||
		fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system) != 2)
		bail("%s: %m", path);
	fclose(file);
	return (long)(user + system);
}

static void test_idle(enum holdfast_method method)
{
	struct target *target = target_new(method, LANES);
	struct lanes_client *client;

	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	if (fabric_client_open(&args, &client))
		bail("%s", err_get());
	for (unsigned lane = 0; lane < LANES; lane++) {
		size_t offset = 4096 + lane * (size_t)1536 * 1024; /* a range for each lane */
		lanes_persist(client, lane, offset, 1 << 20, true);
		lanes_read(client, lane, local + offset, offset, 1 << 20);
	}
	usleep(1000000);
	long ours = cpu_us(RUSAGE_SELF), theirs = ticks_of(target->pid);
	usleep(1000000);
	ours = cpu_us(RUSAGE_SELF) - ours;
	/*
	 * The target's process also runs a loop of this test, which wakes 50 times a second and
	 * costs less than a tick.
	 */
	theirs = ticks_of(target->pid) - theirs;
	ok(ours < 5000, "%s: an idle initiator uses %ld us of CPU time in a second, less than 5000",
		wire_method_name(method), ours);
	ok(theirs <= IDLE_TICKS, "idle target: it uses %ld clock ticks of CPU time in a second",
		theirs);
	ok(!lanes_persist(client, LANES - 1, TARGET_SIZE - 4096, 64, false),
		"idle lane: a persist succeeds after a pause without calls");
	lanes_close(client);
	target_stop(target);
}

/*
 * A message that a transport has to send again is counted on the lane that it belongs to. A lane
 * number that does not exist is ignored.
 */
static void test_retries(void)
{
	struct tally tallies[2] = {0}, *const list[] = {&tallies[0], &tallies[1]};
	struct lanes_client client = {.nlanes = 2, .tallies = list};
	struct messages lane = {.client = &client, .number = 1};

	messages_count_retry(&lane);
	messages_count_retry(&lane);
	client.tallies = NULL;
	messages_count_retry(&lane);
	is_int(tallies[1].counts[TALLY_RETRIES], 2,
		"retries: a message that is sent again counts as a retry of its lane");
	is_int(tallies[0].counts[TALLY_RETRIES], 0,
		"retries: a message that is sent again does not count as a retry of another lane");
}

int main(void)
{
	local = target_local();
	test_retries();
	test_threads(HOLDFAST_METHOD_MESSAGE);
	test_threads(HOLDFAST_METHOD_WRITE_MESSAGE);
	test_threads(HOLDFAST_METHOD_WRITE_READ);
	test_threads(HOLDFAST_METHOD_WRITE_DELIVERED);
	test_words(HOLDFAST_METHOD_MESSAGE);
	test_words(HOLDFAST_METHOD_WRITE_MESSAGE);
	test_seams();
	test_idle(HOLDFAST_METHOD_MESSAGE);
	test_idle(HOLDFAST_METHOD_WRITE_DELIVERED);
	munmap(local, TARGET_SIZE);
	return tap_done();
}
