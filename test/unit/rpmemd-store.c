/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rpmemd-store.c - how the daemon stores bytes that arrive: all bytes are copied, a drain makes
 * them durable, and a failed write-back is reported to each lane (connection) that it may concern
 *
 * The test replaces msync(2), so that it can make the next call fail, whatever its range is.
 */
#include <errno.h>
#include <stdatomic.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "pool/fault.h"
#include "pool/internal.h"
#include "rpmemd/store.h"
#include "unit/pooldir.h"

#define MIB ((size_t)1 << 20)

static struct pool *pool;
static struct store store;
static struct lanes_store calls;
static char *base;
static uint64_t lane; /* a number for the time of the last drain of the lane (connection) */

static atomic_int pending;            /* errno of the next call of msync(); 0: success */
static size_t synced_from, synced_to; /* range of the last msync(), as offsets in the pool */

int msync(void *addr, size_t length, int flags)
{
	int error = atomic_exchange(&pending, 0);

	synced_from = (size_t)((char *)addr - base);
	synced_to = synced_from + length;
	if (!error)
		return (int)syscall(SYS_msync, addr, length, flags);
	errno = error;
	return -1;
}

/* Drains the lane whose last drain was at the time *mark, and updates *mark. */
static int drain(uint64_t *mark)
{
	calls.lane(&store, mark);
	return calls.drain(&store);
}

static int deep(size_t offset, size_t length, uint64_t *mark)
{
	calls.lane(&store, mark);
	return calls.deep(&store, offset, length);
}

static void begin_with(const char *granularity, const char *parts)
{
	setenv("PMEM2_FORCE_GRANULARITY", granularity, 1);
	struct pool_set *set = pooldir_set("s.set", parts);
	if (pool_create(set, 4 * MIB, NULL, &pool))
		bail("pool_create: %s", err_get());
	pool_set_free(set);
	unsetenv("PMEM2_FORCE_GRANULARITY");
	store_init(&store, pool);
	lane = 0;
	calls = store_functions(&store);
	base = calls.base;
}

static void begin(const char *granularity)
{
	begin_with(granularity, "OPTION NOHDRS\n4M @/part\n");
}

/*
 * Drains the lane, so that its last drain is recent. Otherwise its next drain would report the
 * failures that earlier tests caused on files with the same inode number.
 */
static void forget_failures(void)
{
	calls.commit(&store, 0, 64);
	drain(&lane);
}

static void end(void)
{
	pool_discard(pool);
}

/* Stores ranges of many lengths and offsets. Each store must write its range, and no other byte. */
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
			failed |= calls.store(&store, offset, from, length) || drain(&lane);
			wrong += memcmp(base, want, 256) != 0;
		}
	}
	ok(!failed && !wrong,
		"granularity %s: stores of any length and offset write exactly those bytes",
		granularity);
	is_int(calls.commit(&store, 100, 5000) || drain(&lane), 0,
		"granularity %s: commit and drain succeed", granularity);
	is_int(deep(4096, 4096, &lane), 0, "granularity %s: a deep flush succeeds", granularity);
	is_int(deep(4 * MIB - 1, 2, &lane), -EINVAL,
		"granularity %s: a deep flush beyond the end of the pool is refused", granularity);
	is_int(drain(&lane), 0, "granularity %s: a drain without stores succeeds", granularity);
	end();
}

/*
 * Commits more ranges, far apart from each other, than a thread can remember for its next drain.
 * All must be written back.
 */
static void test_many(void)
{
	int failed = 0;

	begin("PAGE");
	for (size_t at = 0; at < 4 * MIB; at += 8192)
		failed |= calls.commit(&store, at, 1);
	ok(!failed && !drain(&lane),
		"drain: many ranges far apart are written back without an error");
	for (size_t at = 0; at < 4 * MIB; at += 128 * 1024)
		failed |= calls.commit(&store, at, 1);
	pending = ENOSPC;
	is_int(drain(&lane), -ENOSPC, "drain: one failure among many ranges is returned");
	is_int(drain(&lane), 0, "drain: the next drain of the lane after a failure succeeds");
	end();
}

/*
 * Two lanes of one target. The kernel reports a failed write-back to lane 1 only. A drain of lane 2
 * must fail, too: lane 2 has stored bytes since its previous drain, and they may be among those
 * that were not written back.
 */
static void test_lanes(void)
{
	begin("PAGE");
	uint64_t one = 0, two = 0;
	calls.commit(&store, 0, 64);
	pending = EIO;
	is_int(drain(&one), -EIO, "lane 1: a drain whose write-back fails returns the error");
	has_str(err_get(), "write back", "lane 1: the message says that a write-back failed");
	has_str(err_get(), "/holdfast-pool-",
		"lane 1: the message names the file whose write-back failed");
	calls.commit(&store, 2 * MIB, 64);
	is_int(drain(&two), -EIO, "lane 2: a drain after lane 1's failed write-back fails, too");
	has_str(err_get(), "/holdfast-pool-",
		"lane 2: the message names the file whose write-back failed");
	calls.commit(&store, 0, 64);
	is_int(drain(&one), 0, "lane 1: a drain after the bytes were sent again succeeds");
	calls.commit(&store, 2 * MIB, 64);
	is_int(drain(&two), 0, "lane 2: a drain after the bytes were sent again succeeds");
	end();
}

static void test_deep(void)
{
	begin("PAGE");
	pending = EIO;
	is_int(deep(2 * MIB, 64, &lane), -EIO,
		"deep flush: if msync fails, the deep flush returns the error");
	is_int(deep(2 * MIB, 64, &lane), -EIO,
		"deep flush: fails again if the lane has not drained since a failed deep flush");
	calls.commit(&store, 0, 64);
	is_int(drain(&lane), -EIO,
		"drain: fails if a deep flush of the same lane has failed since the previous drain");
	is_int(deep(2 * MIB, 64, &lane), 0,
		"deep flush: succeeds again after the lane has drained");
	end();
}

/*
 * A pool with a DAX device between two files. Bytes of the device need only a cache flush: msync(2)
 * would fail for them.
 */
static void test_device_beside_files(void)
{
	begin_with("PAGE", "OPTION NOHDRS\n4M @/one\n4M @/device\n4M @/two\n");
	pool->parts[1].device.kind = DEVICE_DAX;
	store_init(&store, pool);
	forget_failures();
	calls.store(&store, 4 * MIB, "12345678", 8);
	synced_to = 0;
	is_int(drain(&lane), 0,
		"pool of a DAX device between two files: a drain of the device's bytes alone succeeds");
	is_int(synced_to, 0,
		"pool of a DAX device between two files: msync(2) is not called for the device");
	calls.commit(&store, 4 * MIB - 4096, 8192);
	is_int(drain(&lane), 0,
		"pool of a DAX device between two files: a drain of bytes of both a file and the device succeeds");
	ok(synced_from == 4 * MIB - 4096 && synced_to == 4 * MIB,
		"pool of a DAX device between two files: msync(2) is called for the first file's bytes only");
	calls.commit(&store, 8 * MIB - 64, 128);
	pending = EIO;
	is_int(drain(&lane), -EIO,
		"pool of a DAX device between two files: the error of a failed msync of the second file is returned");
	ok(synced_from == 8 * MIB,
		"pool of a DAX device between two files: msync(2) is called for the second file's bytes only");
	uint64_t other = 0;
	calls.store(&store, 4 * MIB, "12345678", 8);
	is_int(drain(&other), 0,
		"pool of a DAX device between two files: another lane drains the device's bytes");
	is_int(other, 0,
		"pool of a DAX device between two files: a drain of the device's bytes alone leaves the time of the lane's last drain unchanged");
	pool->parts[1].device.kind = DEVICE_FILE;
	end();
}

static void cut_file(size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/part", pooldir_root);
	if (truncate(path, (off_t)size))
		bail("truncate: %m");
}

/*
 * Stores behind the end of a truncated file. Each raises SIGBUS, as on a full disk; the daemon must
 * survive that.
 */
static void test_faults(const char *granularity)
{
	const struct rlimit small = {.rlim_cur = MIB, .rlim_max = RLIM_INFINITY};
	struct rlimit before;
	char found[8];

	begin(granularity);
	forget_failures();
	cut_file(0);
	is_int(calls.store(&store, 12284, "12345678", 8), 0,
		"granularity %s: bytes whose store to the map raises SIGBUS are written by write(2)",
		granularity);
	is_int(drain(&lane), 0,
		"granularity %s: a drain of bytes that were written by write(2) succeeds",
		granularity);
	memcpy(found, base + 12284, 8);
	ok(!memcmp(found, "12345678", 8),
		"granularity %s: bytes that were written by write(2) can be read through the map",
		granularity);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	setrlimit(RLIMIT_FSIZE, &small);
	is_int(calls.store(&store, 2 * MIB, "12345678", 8), -EFBIG,
		"granularity %s: a store fails if write(2) fails, too", granularity);
	has_str(err_get(), "/part: File too large",
		"granularity %s: the message names the part that cannot be written", granularity);
	is_int(calls.store(&store, 8192, "abcdefgh", 8), 0,
		"granularity %s: a store after a failed store succeeds", granularity);
	is_int(drain(&lane), 0, "granularity %s: a drain after a failed store succeeds",
		granularity);
	setrlimit(RLIMIT_FSIZE, &before);
	cut_file(4 * MIB);
	end();
}

int main(void)
{
	fault_init();
	pooldir_open(NULL);
	test_copies("PAGE");
	test_copies("CACHE_LINE");
	test_copies("BYTE");
	test_many();
	test_lanes();
	test_deep();
	test_device_beside_files();
	test_faults("PAGE");
	test_faults("CACHE_LINE");
	pooldir_close();
	return tap_done();
}
