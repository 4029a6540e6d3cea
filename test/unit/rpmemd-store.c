/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the target does with bytes that arrive: they are copied whole, they are durable after a
 * drain, and a write-back that fails is heard by everybody who may have been meant.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "rpmemd/store.h"
#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

static struct pool *pool;
static struct store store;
static struct fabric_store calls;
static char *base;

static void begin(const char *granularity)
{
	setenv("PMEM2_FORCE_GRANULARITY", granularity, 1);
	struct pool_set *set = pooldir_set("s.set", "OPTION NOHDRS\n4M @/part\n");
	if (pool_create(set, 4 * MIB, NULL, &pool))
		bail("pool_create: %s", err_get());
	pool_set_free(set);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	store_init(&store, pool);
	calls = store_functions(&store);
	base = calls.base;
}

static void end(void)
{
	store_fini(&store);
	pool_discard(pool);
}

/* Nothing beside them is touched. */
static void test_copies(const char *granularity)
{
	char from[256 + 8], want[256];
	int wrong = 0, failed = 0;

	begin(granularity);
	for (size_t offset = 0; offset < 16; offset++) {
		for (size_t length = 0; length < 200; length += 3) {
			memset(base, 0, 256);
			memset(want, 0, 256);
			for (size_t i = 0; i < length; i++)
				want[offset + i] = from[i] = (char)(i + length + 1);
			failed |= calls.store(&store, offset, from, length) || calls.drain(&store);
			wrong += memcmp(base, want, 256) != 0;
		}
	}
	ok(!failed && !wrong, "%s: any bytes at any offset", granularity);
	is_int(calls.commit(&store, 100, 5000) || calls.drain(&store), 0, "%s: commit",
		granularity);
	is_int(calls.deep(&store, 4096, 4096), 0, "%s: deep", granularity);
	is_int(calls.deep(&store, 4 * MIB - 1, 2), -EINVAL, "%s: deep, beyond the end",
		granularity);
	is_int(calls.drain(&store), 0, "%s: a drain of nothing", granularity);
	end();
}

/* Far apart and more of them than a thread can note: all are written back. */
static void test_many(void)
{
	int failed = 0;

	begin("PAGE");
	for (size_t at = 0; at < 4 * MIB; at += 8192)
		failed |= calls.commit(&store, at, 1);
	ok(!failed && !calls.drain(&store), "many ranges");
	munmap(base + 2 * MIB, 4096);
	for (size_t at = 0; at < 4 * MIB; at += 128 * 1024)
		failed |= calls.commit(&store, at, 1);
	is_int(calls.drain(&store), -ENOMEM, "one of which fails");
	is_int(calls.drain(&store), 0, "which is told once");
	end();
}

static pthread_barrier_t barrier;
static int outcome[3];

static void *other_thread(void *unused)
{
	(void)unused;
	char word[8] = "other";

	outcome[0] = calls.store(&store, 0, word, 8);
	pthread_barrier_wait(&barrier); /* noted */
	pthread_barrier_wait(&barrier); /* the failure */
	outcome[1] = calls.drain(&store);
	calls.store(&store, 0, word, 8);
	outcome[2] = calls.drain(&store);
	return NULL;
}

/*
 * The kernel tells one waiter of a page that could not be written: it may have been another's. What
 * fails here is a hole in the mapping.
 */
static void test_failure_of_another(void)
{
	pthread_t thread;

	begin("PAGE");
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, other_thread, NULL))
		bail("no thread");
	pthread_barrier_wait(&barrier);
	munmap(base + 2 * MIB, 4096);
	calls.commit(&store, 2 * MIB, 64);
	is_int(calls.drain(&store), -ENOMEM, "R6: a write-back fails");
	has_str(err_get(), "write back", "and says what");
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	is_int(outcome[0], 0, "who had stored something before");
	is_int(outcome[1], -EIO, "R6: is not told that it is durable");
	is_int(outcome[2], 0, "who stores it again is");
	calls.commit(&store, 2 * MIB, 64);
	is_int(calls.deep(&store, 2 * MIB, 64) != 0, true, "R6: a deep flush that fails");
	is_int(calls.drain(&store) != 0, true, "R6: counts, too");
	pthread_barrier_destroy(&barrier);
	end();
}

int main(void)
{
	pooldir_open(NULL);
	test_copies("PAGE");
	test_copies("CACHE_LINE");
	test_copies("BYTE");
	test_many();
	test_failure_of_another();
	pooldir_close();
	return tap_done();
}
