/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls.c - the calls of librpmem on pools that a running rpmemd serves: the bytes that the target
 * has, the calls that fail, and errno after calls that succeed
 *
 * Environment variables:
 *
 *	RPMEM_SSH	the ssh to use: test/remote/ssh, which runs rpmemd on this machine, or a
 *			real ssh
 *	PROVIDER	number of the provider that the pools must have (default: tcp)
 *	GRANULARITY	number of the granularity that the pools must have (default: PAGE)
 *	METHOD		number of the persist method that the pools must have (default:
 *			HOLDFAST_METHOD_WRITE_MESSAGE)
 *	INTERRUPT_US	microseconds between two signals while errno is tested (default: 1000)
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "fixture.h"

static char *pool, *buffer;

/* The number in the environment variable `name`, or `otherwise` if it is not set. */
static int expected(const char *name, int otherwise)
{
	const char *set = getenv(name);

	return set ? atoi(set) : otherwise;
}

/*
 * Returns true if this range of the pool has the same bytes at the target as in `pool`, the local
 * memory.
 */
static bool same(RPMEMpool *rpp, size_t offset, size_t length)
{
	memset(buffer, 0x55, length);
	if (rpmem_read(rpp, buffer, offset, length, 0)) {
		diag("cannot read: %s", rpmem_errormsg());
		return false;
	}
	return !memcmp(buffer, pool + offset, length);
}

static void scribble(size_t offset, size_t length)
{
	static uint64_t state = 1;

	random_fill(pool + offset, length, &state);
}

static void test_persist(RPMEMpool *rpp)
{
	static const struct {
		size_t offset, length;
	} ranges[] = {{4096, 1}, {4097, 63}, {4101, 4096}, {8192, 64}, {POOL - 1, 1}, {5003, 70001},
		{MIB, 3 * MIB}, {MIB + 5, 2 * MIB + 3}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		size_t offset = ranges[i].offset, length = ranges[i].length;
		for (unsigned flags = 0; flags <= RPMEM_PERSIST_RELAXED; flags++) {
			scribble(offset, length);
			is_int(rpmem_persist(rpp, offset, length, 1, flags), 0,
				"persist: %zu bytes at offset %zu, flags %u: it succeeds", length,
				offset, flags);
			ok(same(rpp, offset, length),
				"persist: the target has the persisted bytes");
			scribble(offset, length);
			is_int(rpmem_flush(rpp, offset, length, 1, flags) || rpmem_drain(rpp, 1, 0),
				0,
				"flush and drain: %zu bytes at offset %zu, flags %u: they succeed",
				length, offset, flags);
			ok(same(rpp, offset, length),
				"flush and drain: the target has the flushed bytes");
		}
		scribble(offset, length);
		is_int(rpmem_deep_persist(rpp, offset, length, 0), 0,
			"deep_persist: %zu bytes at offset %zu: it succeeds", length, offset);
		ok(same(rpp, offset, length), "deep_persist: the target has the persisted bytes");
	}
}

/*
 * Persists a struct whose padding was never written. The test remote-watched runs this under
 * Memcheck, which must not report that the padding is sent.
 */
static void test_padding(RPMEMpool *rpp)
{
	static const size_t lengths[] = {
		16, 4096, 70000, MIB}; /* in bytes; short ones are sent inside a message */
	struct record {
		char kind;
		uint64_t number;
	} * record, got;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (unsigned flags = 0; flags <= RPMEM_PERSIST_RELAXED; flags++) {
			record = malloc(lengths[i]);
			if (!record)
				bail("no memory");
			record->kind = 'x';
			record->number = i;
			memcpy(pool + 8192, record, lengths[i]);
			is_int(rpmem_persist(rpp, 8192, lengths[i], 0, flags), 0,
				"rpmem_persist: it succeeds for a struct of %zu bytes with padding, flags %u",
				lengths[i], flags);
			ok(!rpmem_read(rpp, &got, 8192, sizeof(got), 0) && got.kind == 'x' &&
					got.number == i,
				"rpmem_persist: the target has the struct of %zu bytes, flags %u",
				lengths[i], flags);
			free(record);
		}
	memset(pool + 8192, 0, MIB);
}

/*
 * If flushes on one lane overlap, the target must keep the bytes of the last one, whether the
 * bytes travel inside a message or separately (rule L10 in src/lanes/messages.h).
 */
static void test_order(RPMEMpool *rpp)
{
	static const size_t lengths[] = {64, 5000, 100000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (unsigned flags = 0; flags <= RPMEM_FLUSH_RELAXED; flags++) {
			scribble(8192, MIB);
			int rc = rpmem_flush(rpp, 8192 + 300, lengths[i], 1, 0);
			scribble(8192, 200000);
			rc |= rpmem_flush(rpp, 8192, 200000, 1, flags);
			rc |= rpmem_drain(rpp, 1, 0);
			ok(!rc && same(rpp, 8192, 200000),
				"flush: an earlier flush of %zu bytes does not replace the bytes of a later "
				"flush with flags %u",
				lengths[i], flags);
		}
}

static void test_many_flushes(RPMEMpool *rpp)
{
	scribble(4096, 512 * 1024);
	int rc = 0;
	for (size_t at = 4096; at < 4096 + 512 * 1024; at += 512)
		rc |= rpmem_flush(rpp, at, 512, at / 512 % 2, 0);
	is_int(rc, 0, "flush: a thousand flushes on two lanes succeed");
	is_int(rpmem_drain(rpp, 0, 0) || rpmem_drain(rpp, 1, 0), 0,
		"drain: it succeeds on both lanes after a thousand flushes");
	ok(same(rpp, 4096, 512 * 1024), "drain: the target has all bytes of a thousand flushes");
	scribble(4096, 64);
	rpmem_flush(rpp, 4096, 64, 1, 0);
	is_int(rpmem_persist(rpp, 8192, 0, 1, 0), 0, "persist: an empty range succeeds");
	ok(same(rpp, 4096, 64),
		"persist: on an empty range, it makes earlier flushes of its lane durable");
}

static void test_mistakes(RPMEMpool *rpp, size_t guard)
{
	const size_t huge = SIZE_MAX - 4096;

	fails(rpmem_persist(rpp, 8192, 64, 99, 0), EINVAL,
		"mistakes: persist on lane 99, which the pool does not have, is EINVAL");
	fails(rpmem_flush(rpp, 8192, 64, 99, 0), EINVAL,
		"mistakes: flush on lane 99, which the pool does not have, is EINVAL");
	fails(rpmem_drain(rpp, 99, 0), EINVAL,
		"mistakes: drain of lane 99, which the pool does not have, is EINVAL");
	has_str(rpmem_errormsg(), ": there is no lane 99: the pool has ",
		"calls with mistakes: the message about the missing lane 99 says which lanes the pool has");
	fails(rpmem_deep_persist(rpp, 8192, 64, 99), EINVAL,
		"mistakes: deep persist on lane 99, which the pool does not have, is EINVAL");
	fails(rpmem_read(rpp, buffer, 8192, 64, 99), EINVAL,
		"mistakes: read on lane 99, which the pool does not have, is EINVAL");
	fails(rpmem_persist(rpp, POOL, 1, 0, 0), EINVAL,
		"mistakes: persist beyond the pool is EINVAL");
	fails(rpmem_flush(rpp, POOL - 1, 2, 0, 0), EINVAL,
		"mistakes: flush across the end of the pool is EINVAL");
	fails(rpmem_deep_persist(rpp, 8192, huge, 0), EINVAL,
		"mistakes: deep persist whose offset plus length overflows is EINVAL");
	fails(rpmem_persist(rpp, huge, 8192, 0, 0), EINVAL,
		"mistakes: persist at an offset far beyond the pool is EINVAL");
	fails(rpmem_read(rpp, buffer, POOL - 1, 2, 0), EINVAL,
		"mistakes: read across the end of the pool is EINVAL");
	fails(rpmem_read(rpp, buffer, huge, 8192, 0), EINVAL,
		"mistakes: read far beyond the pool is EINVAL");
	fails(rpmem_read(rpp, NULL, 8192, 1, 0), EINVAL, "mistakes: read into NULL is EINVAL");
	fails(rpmem_persist(rpp, 8192, 64, 0, 2), EINVAL,
		"mistakes: an unknown flag of persist is EINVAL");
	fails(rpmem_flush(rpp, 8192, 64, 0, 2), EINVAL,
		"mistakes: an unknown flag of flush is EINVAL");
	fails(rpmem_drain(rpp, 0, 1), EINVAL, "mistakes: a flag of drain is EINVAL");
	if (guard) {
		fails(rpmem_persist(rpp, 0, 64, 0, 0), EINVAL,
			"mistakes: persist in the header is EINVAL");
		fails(rpmem_flush(rpp, guard - 1, 64, 0, 0), EINVAL,
			"mistakes: flush that begins in the header is EINVAL");
		fails(rpmem_deep_persist(rpp, 8, 8, 0), EINVAL,
			"mistakes: deep persist in the header is EINVAL");
		has_str(rpmem_errormsg(), "pool.set",
			"calls with mistakes: the message names the pool set");
		has_str(rpmem_errormsg(), HOST,
			"calls with mistakes: the message names the target");
	}
	scribble(8192, 64);
	is_int(rpmem_persist(rpp, 8192, 64, 0, 0), 0,
		"after calls with mistakes: persist succeeds with the same handle");
	ok(same(rpp, 8192, 64),
		"after calls with mistakes: the target has the bytes of the next persist");
	is_int(rpmem_read(rpp, NULL, 8192, 0, 0), 0, "read: an empty range succeeds");
}

static void test_attributes(void)
{
	static const struct rpmem_pool_attr none;
	struct rpmem_pool_attr attr = attributes(1), got;
	RPMEMpool *rpp = opened("pool.set", pool, &got);

	ok(!memcmp(&attr, &got, sizeof(attr)),
		"open: it returns the attributes that were given to rpmem_create");
	attr = attributes(9);
	for (int i = 0; i < 50; i++)
		if (rpmem_set_attr(rpp, &attr) || rpmem_persist(rpp, 8192, 8, 0, 0))
			diag("round %d: %s", i, rpmem_errormsg());
	is_int(rpmem_set_attr(rpp, &attr), 0,
		"set_attr: it succeeds after fifty rounds of set_attr and persist");
	is_int(rpmem_close(rpp), 0, "close: it succeeds after attributes were set");
	rpp = opened("pool.set", pool, &got);
	ok(!memcmp(&attr, &got, sizeof(attr)), "open: it returns the attributes that were set");
	/*
	 * Attributes that are all zeros remove the pool's attributes, as NULL does, which
	 * test/unit/pool.c tests.
	 */
	is_int(rpmem_set_attr(rpp, &none), 0,
		"set_attr: it succeeds with zeros, which remove the pool's attributes");
	is_int(rpmem_persist(rpp, 8192, 8, 0, 0), 0,
		"set_attr: persist succeeds after the attributes were removed");
	is_int(rpmem_close(rpp), 0, "close: it succeeds after the attributes were removed");
	memset(&got, 1, sizeof(got));
	rpp = opened("pool.set", pool, &got);
	ok(!memcmp(&none, &got, sizeof(none)),
		"open: it returns zeros after the attributes were removed");
	fails(rpmem_persist(rpp, 0, 8, 0, 0), EINVAL,
		"header: persist into it is EINVAL after the attributes were removed, too");
	is_int(rpmem_set_attr(rpp, &attr), 0,
		"set_attr: attributes can be set again after they were removed");
	rpmem_close(rpp);
}

static uint64_t sum_of(const uint64_t *times)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < HOLDFAST_TIMES; i++)
		sum += times[i];
	return sum;
}

/* `rpp` must be a handle of the open set pool.set with the lanes 0 to 2. */
static void test_counters(RPMEMpool *rpp)
{
	struct holdfast_remote_counts *before, *after;
	struct holdfast_remote_set *set;

	if (holdfast_remote_stats(rpp, &before))
		bail("no counters: %s", rpmem_errormsg());
	is_int(before->struct_size, sizeof(*before),
		"counters: struct_size is the size of the struct");
	rpmem_flush(rpp, 8192, 100, 1, 0);
	rpmem_flush(rpp, 8192, 0, 1, 0);
	rpmem_drain(rpp, 1, 0);
	rpmem_persist(rpp, 8192, 64, 2, 0);
	rpmem_deep_persist(rpp, 8192, 8, 0);
	rpmem_read(rpp, buffer, 8192, 512, 0);
	rpmem_persist(rpp, 0, 64, 0, 0);
	rpmem_persist(rpp, 8192, 64, 3, 0);
	ok(!holdfast_remote_stats(rpp, &after),
		"counters: holdfast_remote_stats succeeds a second time");
	is_int(after->flushes - before->flushes, 3,
		"counters: flush, persist, deep persist are counted as flushes");
	is_int(after->bytes - before->bytes, 172,
		"counters: the bytes of flush, persist, deep persist are added up");
	is_int(after->drains - before->drains, 3,
		"counters: drain, persist, deep persist are counted as drains");
	is_int(after->reads - before->reads, 1, "counters: a read is counted");
	is_int(after->read_bytes - before->read_bytes, 512,
		"counters: the bytes of a read are counted");
	is_int(after->failures - before->failures, 0,
		"counters: calls with mistakes are not counted as failures");
	is_int(sum_of(after->times), after->drains,
		"counters: the numbers of drains by duration add up to the number of drains");
	holdfast_remote_stats_free(&before);
	is_int(holdfast_remote_describe(HOST, "pool.set", &set), 0,
		"counters: holdfast_remote_describe succeeds for a pool that is open");
	ok(set->busy && set->stats,
		"counters: the description of a pool that is open has counters");
	if (set->stats)
		ok(!memcmp(set->stats, after, sizeof(*after)),
			"counters: holdfast_remote_describe returns the same counters as holdfast_remote_stats");
	holdfast_remote_set_free(&set);
	holdfast_remote_stats_free(&after);
	ok(!after, "holdfast_remote_stats_free: the pointer becomes NULL");
}

static _Atomic pid_t waiter_id;

static void *wait_for_lane_1(void *rpp)
{
	waiter_id = (pid_t)syscall(SYS_gettid);
	int rc = holdfast_remote_persist_wait(rpp, 1);

	return (void *)(intptr_t)(rc ? errno : 0);
}

/*
 * Returns when the thread that calls holdfast_remote_persist_wait() has been asleep for some time,
 * which means that it waits for its lane. Bails out if it does not fall asleep.
 */
static void await_sleep(void)
{
	char path[64], state;

	for (int asleep = 0, looks = 0; asleep < 5; asleep += state == 'S') {
		if (++looks == 2000)
			bail("the thread that waits has ended, or does not sleep");
		usleep(10000);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)waiter_id);
		FILE *stat = waiter_id ? fopen(path, "r") : NULL;
		if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
			state = '?';
		if (stat)
			fclose(stat);
	}
}

static bool has_mapped(const char *process, const char *path)
{
	char name[300], line[1024];
	bool found = false;

	snprintf(name, sizeof(name), "/proc/%s/maps", process);
	FILE *maps = fopen(name, "r");
	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, path);
	if (maps)
		fclose(maps);
	return found;
}

/* Returns the id of the process that has mapped the part file of pool.set, or 0. */
static pid_t find_target(void)
{
	char part[300];
	struct dirent *entry;
	pid_t found = 0;
	DIR *processes = opendir("/proc");

	snprintf(part, sizeof(part), "%s/pool.part", folder);
	while (processes && !found && (entry = readdir(processes)))
		if (*entry->d_name >= '1' && *entry->d_name <= '9' &&
			has_mapped(entry->d_name, part))
			found = atoi(entry->d_name);
	if (processes)
		closedir(processes);
	return found;
}

static void *continue_it(void *target)
{
	usleep(300000);
	kill(*(pid_t *)target, SIGCONT);
	return NULL;
}

/* `rpp` must be a handle of the open set pool.set with the lanes 0 to 2. */
static void test_started(RPMEMpool *rpp)
{
	fails(holdfast_remote_persist_wait(rpp, 0), EINVAL,
		"persist_wait: without a start it is EINVAL");
	fails(holdfast_remote_persist_wait(rpp, 3), EINVAL,
		"persist_wait: a lane that the pool does not have is EINVAL");
	fails(holdfast_remote_persist_start(rpp, 0, 64, 0, 0), EINVAL,
		"persist_start: a range in the header is EINVAL");
	fails(holdfast_remote_persist_start(rpp, 8192, 64, 0, 2), EINVAL,
		"persist_start: an unknown flag is EINVAL");
	scribble(8192, 3 * MIB);
	is_int(holdfast_remote_persist_start(rpp, 8192, 100, 0, 0), 0,
		"persist_start: it succeeds");
	is_int(holdfast_remote_persist_start(rpp, 8292, MIB, 1, RPMEM_PERSIST_RELAXED), 0,
		"persist_start: it succeeds on a second lane, with RPMEM_PERSIST_RELAXED");
	is_int(holdfast_remote_persist_start(rpp, 8292 + MIB, 2 * MIB - 100, 2, 0), 0,
		"persist_start: it succeeds for more bytes than librpmem sends before it waits for an answer");
	fails(holdfast_remote_persist_start(rpp, 8192, 64, 0, 0), EBUSY,
		"persist_start: a second one on the lane is EBUSY");
	fails(rpmem_persist(rpp, 8192, 64, 0, 0), EBUSY,
		"persist_start: a persist on the lane is EBUSY");
	fails(rpmem_flush(rpp, 8192, 64, 0, 0), EBUSY,
		"persist_start: a flush on the lane is EBUSY");
	fails(rpmem_drain(rpp, 0, 0), EBUSY, "persist_start: a drain of the lane is EBUSY");
	fails(rpmem_deep_persist(rpp, 8192, 64, 0), EBUSY,
		"persist_start: a deep persist on the lane is EBUSY");
	fails(rpmem_read(rpp, buffer, 8192, 64, 0), EBUSY,
		"persist_start: a read on the lane is EBUSY");
	has_str(rpmem_errormsg(), "lane 0: the program has not yet waited for the persist",
		"persist_start: the message about a busy lane says that a persist was started on it");
	for (unsigned lane = 3; lane--;)
		is_int(holdfast_remote_persist_wait(rpp, lane), 0,
			"persist_wait: it succeeds on lane %u", lane);
	ok(same(rpp, 8192, 3 * MIB),
		"persist_wait: the target has all bytes of three persists that were waited for");
	fails(holdfast_remote_persist_wait(rpp, 0), EINVAL, "persist_wait: a second one is EINVAL");
	rpmem_flush(rpp, 8192, 8, 0, 0);
	is_int(holdfast_remote_persist_start(rpp, 8192, 0, 0, 0), 0,
		"persist_start: it succeeds for an empty range after a flush");
	is_int(holdfast_remote_persist_wait(rpp, 0), 0,
		"persist_wait: it succeeds for an empty range");
}

static void test_closed_without_wait(void)
{
	RPMEMpool *rpp = opened("pool.set", pool, NULL);

	is_int(holdfast_remote_persist_start(rpp, 8192, 64, 0, 0), 0,
		"close without persist_wait: a persist is started on the pool");
	fails(rpmem_close(rpp), ECANCELED, "close without persist_wait: it is ECANCELED");
	has_str(rpmem_errormsg(), "lane 0",
		"close without persist_wait: the message names the lane of the started persist");
}

/* Closes a pool while a thread waits for a persist that a stopped target does not answer. */
static void test_closed_while_waiting(void)
{
	unsigned nlanes = 2;
	pthread_t waiter, continuer;
	void *error;
	RPMEMpool *rpp = rpmem_open(HOST, "pool.set", pool, POOL, &nlanes, NULL);

	if (!rpp)
		bail("cannot open: %s", rpmem_errormsg());
	/*
	 * The first store of a session needs an answer of the target, so make it before the target
	 * is stopped.
	 */
	is_int(rpmem_persist(rpp, 8192, 64, 0, 0), 0,
		"close while a thread waits: a persist succeeds before the target is stopped");
	pid_t target = find_target();
	if (!target)
		bail("cannot find the target");
	stop_process(target);
	is_int(holdfast_remote_persist_start(rpp, 8192, 64, 1, 0), 0,
		"close while a thread waits: a persist is started while the target is stopped");
	if (pthread_create(&waiter, NULL, wait_for_lane_1, rpp))
		bail("cannot start a thread");
	await_sleep();
	if (pthread_create(&continuer, NULL, continue_it, &target))
		bail("cannot start a thread");
	is_int(rpmem_close(rpp), 0, "close: it succeeds if a thread waits for the persist");
	pthread_join(waiter, &error);
	is_int((intptr_t)error, ECANCELED, "close: the thread that waits gets ECANCELED");
	pthread_join(continuer, NULL);
}

static void test_guard_without_attributes(void)
{
	RPMEMpool *rpp = opened("pool.set", pool, NULL);

	memset(pool, 0xff, 4096);
	fails(rpmem_persist(rpp, 0, 4096, 0, 0), EINVAL,
		"header: persist into it is EINVAL if open does not ask for attributes");
	is_int(rpmem_read(rpp, buffer, 0, 4096, 0), 0,
		"header: read of the first page of the pool succeeds");
	ok(!memcmp(buffer, "HOLDFAST", 8), "header: the page begins with the signature");
	is_int(rpmem_close(rpp), 0, "close: it succeeds after the header was read");
}

static void test_pool_of_headers(void)
{
	unsigned nlanes = 3;
	struct rpmem_pool_attr attr = attributes(1);
	struct holdfast_remote *remote;
	RPMEMpool *rpp = created("pool.set", pool, 3, true);

	ok(!holdfast_remote_info(rpp, &remote), "holdfast_remote_info: it succeeds");
	is_int(remote->nlanes, 3,
		"holdfast_remote_info: the number of lanes is the one that was asked for");
	is_int(remote->provider, expected("PROVIDER", HOLDFAST_PROVIDER_TCP),
		"holdfast_remote_info: the provider is %s",
		holdfast_provider_name(remote->provider));
	ok(!remote->port == (remote->provider == HOLDFAST_PROVIDER_SSH),
		"holdfast_remote_info: the port is 0 if the data goes inside ssh, else it is set");
	is_int(remote->granularity, expected("GRANULARITY", PMEM2_GRANULARITY_PAGE),
		"holdfast_remote_info: the granularity is %d", remote->granularity);
	is_int(remote->method, expected("METHOD", HOLDFAST_METHOD_WRITE_MESSAGE),
		"holdfast_remote_info: the method is %s", holdfast_method_name(remote->method));
	is_int(remote->header_size, 4096, "holdfast_remote_info: the header has 4096 bytes");
	is_int(remote->pool_size, 2 * POOL, "pool size: the header counts as part of the pool");
	ok(remote->round_trip_ns > 0,
		"holdfast_remote_info: the time of a message's round trip is set, %u ns",
		remote->round_trip_ns);
	is_str(remote->address, HOST,
		"holdfast_remote_info: the address is that of the host that ssh reached");
	holdfast_remote_free(&remote);
	ok(!remote, "holdfast_remote_free: the pointer becomes NULL");
	test_persist(rpp);
	test_padding(rpp);
	test_order(rpp);
	test_many_flushes(rpp);
	test_mistakes(rpp, 4096);
	test_started(rpp);
	test_counters(rpp);

	unsigned untouched = nlanes;
	RPMEMpool *second = rpmem_open(HOST, "pool.set", pool, POOL, &nlanes, &attr);
	is_int(second ? 0 : errno, EBUSY,
		"open: it fails with EBUSY for a pool that is open already");
	has_str(rpmem_errormsg(), "open", "open: the message names the step that failed");
	is_int(nlanes, untouched, "open: the number of lanes is unchanged on failure");
	is_int(rpmem_close(rpp), 0, "close: it succeeds after another open failed");

	rpp = rpmem_create(HOST, "pool.set", pool, POOL, &nlanes, &attr);
	is_int(rpp ? 0 : errno, EEXIST, "create: it fails with EEXIST for a pool that exists");
	rpp = rpmem_create(HOST, "pool.set", pool, 4 * POOL, &nlanes, &attr);
	ok(!rpp, "create: a size that is larger than the set is refused");
	rpp = rpmem_open(HOST, "pool.set", pool, 4 * POOL, &nlanes, &attr);
	is_int(rpp ? 0 : errno, EFBIG,
		"open: it fails with EFBIG for a size that is larger than the set");
	rpp = rpmem_open(HOST, "absent.set", pool, POOL, &nlanes, &attr);
	is_int(rpp ? 0 : errno, ENOENT, "open: it fails with ENOENT for a missing set");
	rpp = rpmem_open(HOST, "/etc/passwd", pool, POOL, &nlanes, &attr);
	is_int(rpp ? 0 : errno, EINVAL, "open: it fails with EINVAL for an absolute name of a set");
	rpp = rpmem_open(HOST, "../no/such.set", pool, POOL, &nlanes, &attr);
	is_int(rpp ? 0 : errno, EINVAL,
		"open: it fails with EINVAL for a set name that leads out of the folder of sets");
}

static void test_pool_without_headers(void)
{
	struct rpmem_pool_attr attr = attributes(1), got;
	unsigned nlanes = 1;
	RPMEMpool *rpp = rpmem_create(HOST, "plain.set", pool, POOL, &nlanes, &attr);

	is_int(rpp ? 0 : errno, EINVAL,
		"create: it fails with EINVAL for attributes of a set without headers");
	ok(!file_exists("plain.part"), "create: a refused call leaves no part file");
	rpp = created("plain.set", pool, 1, false);
	scribble(0, 8192);
	is_int(rpmem_persist(rpp, 0, 8192, 0, 0), 0,
		"persist: offset 0 is accepted in a pool without a header");
	ok(same(rpp, 0, 8192),
		"persist: the target has the bytes at offset 0 of a pool without a header");
	is_int(rpmem_deep_persist(rpp, 0, 64, 0), 0,
		"deep_persist: offset 0 is accepted in a pool without a header");
	test_mistakes(rpp, 0);
	fails(rpmem_set_attr(rpp, &attr), EINVAL,
		"set_attr: it fails with EINVAL for attributes of a pool without headers");
	memset(&got, 0, sizeof(got));
	is_int(rpmem_set_attr(rpp, &got), 0,
		"set_attr: zeros are accepted for a pool without headers");
	is_int(rpmem_close(rpp), 0, "close: it succeeds for a pool without a header");
	memset(&got, 1, sizeof(got));
	rpp = opened("plain.set", pool, &got);
	memset(&attr, 0, sizeof(attr));
	ok(!memcmp(&attr, &got, sizeof(got)), "open: it returns zeros for a pool without a header");
	ok(same(rpp, 0, 8192),
		"open: a pool without a header still has the bytes that were persisted");
	is_int(rpmem_close(rpp), 0,
		"close: it succeeds for a pool without a header that was opened again");
}

static void test_describe(void)
{
	struct holdfast_remote_set *set = NULL;

	is_int(holdfast_remote_describe(HOST, "pool.set", &set), 0, "describe: it succeeds");
	is_int(set->created && !set->busy, true, "describe: the pool exists and is not busy");
	is_int(set->size, 2 * POOL, "describe: the size is that of the whole pool");
	is_int(set->header_size, 4096, "describe: the header has 4096 bytes");
	ok(!memcmp(set->attr.signature, "HOLDFAST", 8),
		"describe: the signature is the one that create was given");
	is_int(set->part_count, 1, "describe: there is one part");
	has_str(set->parts[0]->path, "pool.part",
		"describe: the path of the part ends with its name");
	if (set->provider == HOLDFAST_PROVIDER_TCP)
		is_int(set->method_tcp, expected("METHOD", HOLDFAST_METHOD_WRITE_MESSAGE),
			"describe: the method over tcp is the one that this test run expects");
	is_int(set->method_ssh, HOLDFAST_METHOD_MESSAGE,
		"describe: the method over ssh is \"message\"");
	is_int(set->provider, expected("PROVIDER", HOLDFAST_PROVIDER_TCP),
		"describe: the provider is the one that an open pool has");
	is_str(set->version, "1.1", "describe: the version of the protocol is 1.1");
	ok(!set->stats, "describe: a pool that nobody has open has no counters");
	holdfast_remote_set_free(&set);
	fails(holdfast_remote_describe(HOST, "absent.set", &set), ENOENT,
		"describe: a missing set is ENOENT");
	ok(!set, "describe: the output is NULL on failure");
}

/* -- errno: successful calls leave errno unchanged, also if signals interrupt their waits -- */

static volatile sig_atomic_t interruptions;

static void on_alarm(int signal)
{
	(void)signal;
	interruptions = interruptions + 1;
}

/* Has SIGALRM interrupt this thread's waits every `us` microseconds; 0 stops the signals. */
static void interrupt_every(suseconds_t us)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval timer = {{0, us}, {0, us}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void test_errno_of_data(RPMEMpool *rpp)
{
	interruptions = 0;
	interrupt_every(expected("INTERRUPT_US", 1000));
	for (unsigned flags = 0; flags <= RPMEM_PERSIST_RELAXED; flags++) {
		leaves_errno(!rpmem_persist(rpp, 8192, 64, 0, flags),
			"errno: unchanged by a successful persist, flags %u", flags);
		leaves_errno(!rpmem_persist(rpp, 8192, 4 * MIB, 1, flags),
			"errno: unchanged by a successful persist of 4 MiB, flags %u", flags);
		leaves_errno(!rpmem_flush(rpp, 8192, 4 * MIB, 0, flags),
			"errno: unchanged by a successful flush, flags %u", flags);
		leaves_errno(!rpmem_drain(rpp, 0, 0), "errno: unchanged by a successful drain");
	}
	leaves_errno(!rpmem_flush(rpp, 8192, 0, 0, 0),
		"errno: unchanged by a successful flush of an empty range");
	leaves_errno(!rpmem_persist(rpp, 8192, 0, 0, 0),
		"errno: unchanged by a successful persist of an empty range");
	leaves_errno(!rpmem_deep_persist(rpp, 8192, 4 * MIB, 1),
		"errno: unchanged by a successful deep persist");
	leaves_errno(!rpmem_read(rpp, buffer, 8192, 4 * MIB, 0),
		"errno: unchanged by a successful read");
	interrupt_every(0);
	ok(interruptions,
		"errno: signals arrived during the calls that must leave errno unchanged");
}

static void test_errno(void)
{
	struct rpmem_pool_attr attr = attributes(1), got;
	struct holdfast_remote *remote = NULL;
	struct holdfast_remote_counts *stats = NULL;
	struct holdfast_remote_set *set = NULL;
	unsigned nlanes = 2;
	RPMEMpool *rpp;

	leaves_errno((rpp = rpmem_create(HOST, "errno.set", pool, POOL, &nlanes, &attr)),
		"errno: unchanged by a successful create");
	test_errno_of_data(rpp);
	leaves_errno(!rpmem_set_attr(rpp, &attr), "errno: unchanged by a successful set_attr");
	leaves_errno(!holdfast_remote_info(rpp, &remote),
		"errno: unchanged by a successful holdfast_remote_info");
	leaves_errno(!holdfast_remote_stats(rpp, &stats),
		"errno: unchanged by a successful holdfast_remote_stats");
	holdfast_remote_stats_free(&stats);
	leaves_errno((holdfast_remote_free(&remote), true),
		"errno: unchanged by a successful holdfast_remote_free");
	leaves_errno(!rpmem_close(rpp), "errno: unchanged by a successful close");
	leaves_errno((rpp = rpmem_open(HOST, "errno.set", pool, POOL, &nlanes, &got)),
		"errno: unchanged by a successful open");
	leaves_errno(!rpmem_close(rpp), "errno: unchanged by a successful close after open");
	leaves_errno(!holdfast_remote_describe(HOST, "errno.set", &set),
		"errno: unchanged by a successful holdfast_remote_describe");
	leaves_errno((holdfast_remote_set_free(&set), true),
		"errno: unchanged by a successful holdfast_remote_set_free");
	leaves_errno(
		!rpmem_remove(HOST, "errno.set", 0), "errno: unchanged by a successful remove");
	leaves_errno(!rpmem_check_version(RPMEM_MAJOR_VERSION, RPMEM_MINOR_VERSION),
		"errno: unchanged by a successful check_version");
}

static void test_remove(void)
{
	fails(rpmem_remove(HOST, "pool.set", 8), EINVAL, "remove: an unknown flag is EINVAL");
	is_int(rpmem_remove(HOST, "pool.set", 0), 0, "remove: it succeeds");
	ok(!file_exists("pool.part") && file_exists("pool.set"),
		"remove: the part is removed, and the pool set file is kept");
	fails(rpmem_remove(HOST, "pool.set", 0), ENOENT,
		"remove: a pool that was removed is ENOENT");
	is_int(rpmem_remove(HOST, "pool.set", RPMEM_REMOVE_FORCE), 0,
		"remove: RPMEM_REMOVE_FORCE accepts a pool whose parts are missing");
	is_int(rpmem_remove(HOST, "plain.set", RPMEM_REMOVE_POOL_SET), 0,
		"remove: RPMEM_REMOVE_POOL_SET succeeds");
	ok(!file_exists("plain.part") && !file_exists("plain.set"),
		"remove: RPMEM_REMOVE_POOL_SET removes part and pool set file");
	fails(rpmem_remove(HOST, "plain.set", 0), ENOENT, "remove: a missing set is ENOENT");
	is_int(rpmem_remove(HOST, "plain.set", RPMEM_REMOVE_FORCE), 0,
		"remove: RPMEM_REMOVE_FORCE accepts a missing set");
	fails(rpmem_remove(HOST, "it's $HOME & *.set", 0), ENOENT,
		"remove: a missing set whose name has characters special to a shell is ENOENT");
	has_str(rpmem_errormsg(), "it's $HOME & *.set",
		"remove: the message has a name with characters special to a shell, unchanged");
}

int main(int argc, char **argv)
{
	set_up(argv);
	pool = memory(4 * POOL);
	buffer = memory(POOL);
	test_pool_of_headers();
	test_guard_without_attributes();
	test_closed_without_wait();
	test_closed_while_waiting();
	test_attributes();
	test_pool_without_headers();
	test_describe();
	test_errno();
	test_remove();
	return tap_done();
}
