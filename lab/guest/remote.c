/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote.c - tests each call of librpmem on a pool on another machine, also after a power cut
 *
 *	remote write WAY HOST SET NAME [cut]	at the initiator: make the pool, make all calls
 *	remote look WAY PATH [ROUNDS]		at the target: find all bytes in the file or device
 *
 * WAY is PROVIDER/METHOD/GRANULARITY, which the pool must have. Before `write' closes the pool, it
 * makes the file NAME.written, and waits for NAME.seen. With `cut', it then makes more calls,
 * which are numbered (rounds), until the target is lost. It writes the number of each call that has
 * made its bytes durable to NAME.acks.
 */
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <stdarg.h>
#include <time.h>

#include "guest.h"

#define HEADER ((size_t)4096)
#define POOL   ((size_t)8 << 20)
/* Relaxed calls of this length make each method write to memory directly, not send a message. */
#define ROUND  ((size_t)24 << 10)
#define ROUNDS 16 /* the pool has room for so many rounds (numbered calls), from offset FIRST */
#define FIRST  ((size_t)4 << 20)

static unsigned char *pool, *expected, *got;
static RPMEMpool *rpp;
static uint32_t way_seed;

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Fills `to` with bytes that differ from those of all other ranges, and from those that this range
 * gets on another way (provider, method and granularity).
 */
static void pattern(unsigned char *to, size_t length, uint32_t number)
{
	uint32_t state = (way_seed ^ number * 2654435761u) | 1;

	for (size_t i = 0; i < length; i++) {
		state = state * 1664525 + 1013904223;
		to[i] = (unsigned char)(state >> 24);
	}
}

/*
 * The kinds of call. Each has a lane of its own, so that no other call makes its bytes durable.
 */

static int persist(size_t offset, size_t length, unsigned lane)
{
	return rpmem_persist(rpp, offset, length, lane, 0);
}

static int persist_relaxed(size_t offset, size_t length, unsigned lane)
{
	return rpmem_persist(rpp, offset, length, lane, RPMEM_PERSIST_RELAXED);
}

/* Changes the source after the flush, as callers may do once the flush has returned. */
static int flush(size_t offset, size_t length, unsigned lane)
{
	int rc = rpmem_flush(rpp, offset, length, lane, 0);

	memset(pool + offset, 0, length);
	return rc ? rc : rpmem_drain(rpp, lane, 0);
}

static int flush_relaxed(size_t offset, size_t length, unsigned lane)
{
	size_t half = length / 2;
	int rc = rpmem_flush(rpp, offset, half, lane, RPMEM_FLUSH_RELAXED);

	if (!rc)
		rc = rpmem_flush(rpp, offset + half, length - half, lane, RPMEM_FLUSH_RELAXED);
	return rc ? rc : rpmem_drain(rpp, lane, 0);
}

static int deep_persist(size_t offset, size_t length, unsigned lane)
{
	return rpmem_deep_persist(rpp, offset, length, lane);
}

static const struct {
	const char *name;
	int (*make)(size_t offset, size_t length, unsigned lane);
} calls[] = {
	{"persist", persist},
	{"persist, relaxed", persist_relaxed},
	{"flush and drain", flush},
	{"flush and drain, relaxed", flush_relaxed},
	{"deep persist", deep_persist},
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]), READER = CALLS, LANES };

/* Lengths of calls, in bytes. The last length needs more than one direct write. */
static const size_t lengths[] = {1, 64, 5003, 70001, (1 << 20) + 4099};

enum { LENGTHS = sizeof(lengths) / sizeof(lengths[0]) };

/*
 * Returns whether this kind of call is made with this length. The longest calls are made only with
 * the flag RELAXED: without it bytes are sent in messages, whatever method the pool has.
 */
static bool is_made(int call, int length)
{
	return length < LENGTHS - 1 || call == 1 || call == 3;
}

/*
 * Returns a range's offset. There are no gaps between ranges, so that a store outside of its range
 * damages the next one, and is noticed.
 */
static size_t place(int call, int length)
{
	size_t at = HEADER;

	for (int c = 0; c <= call; c++)
		for (int l = 0; l < (c < call ? LENGTHS : length); l++)
			at += is_made(c, l) ? lengths[l] : 0;
	return at;
}

static size_t place_of_round(unsigned round)
{
	return FIRST + round % ROUNDS * ROUND;
}

/*
 * Returns the number from which pattern() makes the bytes of this call's range. It is 2^31 or more,
 * because smaller numbers are for the calls that are made until the target is lost (rounds).
 */
static uint32_t number(int call, int length)
{
	return 0x80000000u + (unsigned)(call * LENGTHS + length);
}

/* -- the initiator -- */

static const char *granularity_name(int granularity)
{
	static const char *const names[] = {"byte", "cache-line", "page"};

	return granularity >= 0 && granularity <= 2 ? names[granularity] : "?";
}

static void is_way(const char *way)
{
	struct holdfast_remote *remote;
	char told[64];

	if (holdfast_remote_info(rpp, &remote))
		bail("cannot get information about the pool: %s", rpmem_errormsg());
	snprintf(told, sizeof(told), "%s/%s/%s", holdfast_provider_name(remote->provider),
		holdfast_method_name(remote->method), granularity_name((int)remote->granularity));
	is_str(told, way, "remote_info: provider, method and granularity of the remote pool are %s",
		way);
	is_int(remote->nlanes, LANES,
		"remote_info: the remote pool has one lane for each kind of call that the test makes");
	diag("a message takes %u us", remote->round_trip_ns / 1000);
	holdfast_remote_free(&remote);
}

static void make_pool(const char *host, const char *set)
{
	struct rpmem_pool_attr attr = {.signature = "METHODS", .major = 1, .uuid = "a part of it"};
	unsigned lanes = LANES;
	long began = now_ms();

	rpp = rpmem_create(host, set, pool, POOL, &lanes, &attr);
	if (!rpp)
		bail("cannot make %s: %s", set, rpmem_errormsg());
	diag("the pool was made after %ld ms", now_ms() - began);
}

static void make_call(int call, int index)
{
	size_t offset = place(call, index), length = lengths[index];

	pattern(expected, length, number(call, index));
	memcpy(pool + offset, expected, length);
	if (!is_int(calls[call].make(offset, length, (unsigned)call), 0,
		    "%s: %zu bytes are durable", calls[call].name, length))
		diag("%s", rpmem_errormsg());
	memset(got, 0x55, length);
	if (!ok(!rpmem_read(rpp, got, offset, length, READER) && !memcmp(got, expected, length),
		    "rpmem_read: returns the bytes that were written"))
		diag("%s", rpmem_errormsg());
}

/* Returns the path of one of this program's files, which is NAME.ENDING. */
static const char *file(const char *name, const char *ending)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s.%s", name, ending);
	return path;
}

static void wait_until_seen(const char *name)
{
	int fd = open(file(name, "written"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		bail("cannot make %s: %m", file(name, "written"));
	close(fd);
	for (int tries = 0; access(file(name, "seen"), F_OK); tries++) {
		if (tries == 4000)
			bail("the target's `remote look' has not made NAME.seen");
		usleep(50000);
	}
}

/*
 * Makes numbered calls (rounds) until one fails. Returns the errno of that call, and sets *began to
 * the time at which it began.
 */
static int write_rounds(const char *name, long *began)
{
	FILE *acks = fopen(file(name, "acks"), "we");

	if (!acks)
		bail("cannot write %s: %m", file(name, "acks"));
	for (unsigned round = 1;; round++) {
		size_t at = place_of_round(round);
		int call = (int)(round % CALLS);
		pattern(pool + at, ROUND, round);
		*began = now_ms();
		if (calls[call].make(at, ROUND, (unsigned)call)) {
			int error = errno;
			ok(round > CALLS,
				"target lost: each kind of call has succeeded before the first call fails (in round %u, a %s)",
				round, calls[call].name);
			fclose(acks);
			return error;
		}
		fprintf(acks, "%u\n", round);
		fflush(acks);
	}
}

static void write_until_lost(const char *name)
{
	const char *set = getenv("RPMEM_TIMEOUT_MS");
	long deadline = set ? atol(set) : 30000, began = 0;
	int error = write_rounds(name, &began);
	long took = now_ms() - began;

	ok(error == ECONNRESET || error == ETIMEDOUT,
		"target lost: errno is ECONNRESET or ETIMEDOUT");
	diag("%s: %s", strerror(error), rpmem_errormsg());
	ok(took < deadline + 5000,
		"target lost: the first failing call returns within the deadline of %ld ms: after %ld ms",
		deadline, took);
	began = now_ms();
	for (int call = 0; call < CALLS; call++) {
		errno = 0;
		ok(calls[call].make(FIRST, ROUND, (unsigned)call) && errno == error,
			"target lost: after the failure each %s fails, too", calls[call].name);
	}
	ok(now_ms() - began < 5000,
		"target lost: the calls after the first failure fail within 5 s");
	began = now_ms();
	is_int(rpmem_close(rpp), -1, "target lost: rpmem_close fails");
	ok(now_ms() - began < 10000, "target lost: rpmem_close returns within 10 s: after %ld ms",
		now_ms() - began);
}

static void write_pool(char **argv, bool cut)
{
	const char *name = argv[5];

	make_pool(argv[3], argv[4]);
	is_way(argv[2]);
	for (int call = 0; call < CALLS; call++)
		for (int length = 0; length < LENGTHS; length++)
			if (is_made(call, length))
				make_call(call, length);
	wait_until_seen(name);
	if (cut)
		write_until_lost(name);
	else
		is_int(rpmem_close(rpp), 0, "rpmem_close: succeeds if the target is alive");
}

/* -- the target -- */

static bool is_there(size_t offset, size_t length, uint32_t what)
{
	pattern(expected, length, what);
	return !memcmp(pool + offset, expected, length);
}

/*
 * Checks the bytes of the last durable calls (rounds). The call after them may have been cut short.
 * It has overwritten the bytes of the call whose number is smaller by ROUNDS, so those are not
 * checked.
 */
static void look_at_rounds(unsigned durable)
{
	unsigned from = durable > ROUNDS - 1 ? durable - (ROUNDS - 1) + 1 : 1, there = 0;

	for (unsigned round = from; round <= durable; round++)
		there += is_there(place_of_round(round), ROUND, round);
	ok(durable, "durable rounds of stores: the initiator has written at least one: %u",
		durable);
	is_int(there, durable - from + 1,
		"durable rounds of stores: the last %u of them are in the pool",
		durable - from + 1);
}

static void look_at_calls(void)
{
	for (int call = 0; call < CALLS; call++)
		for (int length = 0; length < LENGTHS; length++)
			if (is_made(call, length))
				ok(is_there(place(call, length), lengths[length],
					   number(call, length)),
					"%s: all %zu bytes are in the pool", calls[call].name,
					lengths[length]);
}

static void look(char **argv)
{
	int fd = open(argv[3], O_RDWR | O_CLOEXEC);

	if (fd < 0)
		bail("cannot open %s: %m", argv[3]);
	pool = mmap(NULL, POOL, PROT_READ, MAP_SHARED, fd, 0);
	if (pool == MAP_FAILED)
		bail("cannot map %s: %m", argv[3]);
	close(fd);
	look_at_calls();
	if (argv[4])
		look_at_rounds((unsigned)strtoul(argv[4], NULL, 10));
}

static unsigned char *memory(void)
{
	void *at = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		bail("no memory: %m");
	return at;
}

int main(int argc, char **argv)
{
	bool writes = argc > 1 && !strcmp(argv[1], "write");

	if (writes ? argc < 6 : argc < 4)
		bail("usage: remote write WAY HOST SET NAME [cut] | remote look WAY PATH [ROUNDS]");
	for (const char *at = argv[2]; *at; at++)
		way_seed = way_seed * 31 + (unsigned char)*at;
	expected = memory();
	if (writes) {
		pool = memory();
		got = memory();
		write_pool(argv, argc > 6);
	} else {
		look(argv);
	}
	return tap_done();
}
