/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * differ.c - tests the comparison of memory with a pool of which only hashes are known: exactly the
 * pages that differ are found, few bytes are exchanged, and requests stay within their limits
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tap.h"
#include "wire/compare.h"
#include "wire/differ.h"

#define PAGE      ((size_t)COMPARE_PAGE)
#define SIZE      ((size_t)64 << 20)
#define PAGES     (SIZE / PAGE)
#define MARK_SENT 1
#define MARK_DONE 2

static uint8_t *local, *pool;

/* The target, in this process: it answers requests in order. */
static struct target {
	struct compare_ask asks[DIFFER_WINDOW];
	bool is_mark[DIFFER_WINDOW];
	unsigned first, count, most;
	uint64_t exchanged, compared;
	bool differs[PAGES];
	int wrong;       /* number of calls that break a rule of differ.h */
	int mark;        /* MARK_SENT, MARK_DONE */
	uint64_t marked; /* offset that was passed to mark() */
	int fails_after; /* answers; 0: never */
	uint8_t hashes[COMPARE_HASHES_MAX][HASH_SIZE];
} target;

static void add(const struct compare_ask *ask)
{
	unsigned at = (target.first + target.count++) % DIFFER_WINDOW;

	target.is_mark[at] = !ask;
	if (ask)
		target.asks[at] = *ask;
	if (target.count > target.most)
		target.most = target.count;
}

static int ask(void *context, const struct compare_ask *ask)
{
	uint8_t bytes[64];
	struct writer out = writer_on(bytes, sizeof(bytes));
	struct compare_ask got = *ask;

	(void)context;
	compare_put_ask(&out, ask);
	/* compare_get_ask() checks that a request stays within the target's limits. */
	target.wrong += compare_get_ask(bytes, writer_length(&out), &got) != 0 ||
			got.offset + got.length > SIZE || target.count >= DIFFER_WINDOW;
	target.wrong += ask->unit == COMPARE_PAGE && target.mark == 0;
	add(&got);
	target.exchanged += writer_length(&out) + 12;
	return 0;
}

static int take(void *context, const struct compare_ask *ask, const uint8_t (**hashes)[HASH_SIZE])
{
	const struct compare_ask *oldest = &target.asks[target.first];
	unsigned count = 0;

	(void)context;
	target.wrong += !target.count || target.is_mark[target.first] ||
			memcmp(oldest, ask, sizeof(*ask)) != 0;
	target.first = (target.first + 1) % DIFFER_WINDOW;
	target.count--;
	if (target.fails_after && !--target.fails_after)
		return err_set(-EIO, "the target fails");
	for (size_t at = 0; at < ask->length; at += ask->unit, count++)
		hash_bytes(pool + ask->offset + at,
			ask->length - at < ask->unit ? ask->length - at : ask->unit, ask->seed,
			target.hashes[count]);
	target.wrong += count != compare_count(ask);
	target.exchanged += 18 + count * HASH_SIZE;
	*hashes = (const uint8_t(*)[HASH_SIZE])target.hashes;
	return 0;
}

static int mark(void *context, uint64_t offset)
{
	(void)context;
	target.marked = offset;
	target.wrong += target.mark != 0;
	target.mark = MARK_SENT;
	add(NULL);
	return 0;
}

static int marked(void *context)
{
	(void)context;
	target.wrong += target.mark != MARK_SENT || !target.is_mark[target.first];
	target.mark = MARK_DONE;
	target.first = (target.first + 1) % DIFFER_WINDOW;
	target.count--;
	return 0;
}

static int differ(void *context, uint64_t offset, size_t length)
{
	(void)context;
	target.wrong += offset % PAGE || length % PAGE || !length || target.mark != MARK_DONE;
	for (uint64_t at = offset; at < offset + length; at += PAGE) {
		target.wrong += target.differs[at / PAGE];
		target.differs[at / PAGE] = true;
	}
	return 0;
}

static int progress(void *context, size_t length)
{
	(void)context;
	target.compared += length;
	return 0;
}

static int run(uint64_t begin, uint64_t end)
{
	const struct differ_calls calls = {.ask = ask,
		.take = take,
		.mark = mark,
		.marked = marked,
		.differ = differ,
		.progress = progress};

	return differ_run(&calls, local, begin, end, 42);
}

/*
 * Number of wrong results: pages of the range that differ and were not found, and pages that were
 * found and do not differ.
 */
static int mistakes(uint64_t begin, uint64_t end)
{
	int count = 0;

	for (uint64_t at = 0; at < SIZE; at += PAGE) {
		bool differs = at >= begin && at < end && memcmp(local + at, pool + at, PAGE);
		count += differs != target.differs[at / PAGE];
	}
	return count;
}

/*
 * True if the pool was marked as inconsistent from the first differing block to its end, or if no
 * block of the range differs and the pool was not marked.
 */
static bool marks_all(uint64_t begin, uint64_t end)
{
	uint64_t first = begin;

	while (first < end && !memcmp(local + first, pool + first, PAGE))
		first += PAGE;
	if (first == end)
		return !target.mark;
	first -= first % COMPARE_BLOCK;
	return target.mark && target.marked == (first < begin ? begin : first);
}

static void begin_case(void)
{
	memset(&target, 0, sizeof(target));
	memcpy(pool, local, SIZE);
}

static void check(const char *what, uint64_t begin, uint64_t end)
{
	is_int(run(begin, end), 0, "%s: the comparison succeeds", what);
	is_int(mistakes(begin, end), 0,
		"%s: exactly the pages that differ from the target's are found", what);
	is_int(target.wrong, 0, "%s: all requests and callbacks are made as differ.h demands",
		what);
	is_int(target.compared, end - begin, "%s: all bytes are compared", what);
	ok(marks_all(begin, end),
		"%s: the pool is marked as inconsistent from its first differing block; if none differs, it is not marked",
		what);
}

static void test_few(void)
{
	begin_case();
	for (unsigned i = 0; i < PAGES / 1000; i++)
		pool[(size_t)rand() % PAGES * PAGE + (size_t)rand() % PAGE] ^= 1;
	check("one page in a thousand differs", 0, SIZE);
	/*
	 * At most 0.4 KiB are sent for each MiB: the hashes of all blocks, and those of the pages
	 * in blocks that differ.
	 */
	ok(target.exchanged < SIZE / 2500,
		"one page in a thousand differs: less than 0.04 %% of the bytes are exchanged");
	ok(target.most > DIFFER_AHEAD,
		"one page in a thousand differs: requests for pages are pipelined");
}

static void test_all(void)
{
	begin_case();
	for (size_t page = 0; page < PAGES; page++)
		pool[page * PAGE] ^= 1;
	check("all pages differ", 0, SIZE);
	begin_case();
	for (size_t at = 0; at < SIZE; at += 2 * COMPARE_BLOCK)
		pool[at + 17] ^= 1;
	check("every other block differs", 0, SIZE);
}

static void test_edges(void)
{
	begin_case();
	check("equal bytes", 0, SIZE);
	is_int(target.mark, 0, "equal bytes: the pool is not marked as inconsistent");
	begin_case();
	pool[0] ^= 1;
	pool[SIZE - 1] ^= 1;
	check("first and last byte differ", 0, SIZE);
	begin_case();
	memset(pool, 0, PAGE);
	memset(pool + SIZE - PAGE, 0, PAGE);
	check("the header and the last page differ, and are left out", PAGE, SIZE - PAGE);
	is_int(target.mark, 0,
		"only pages outside of the compared range differ: the pool is not marked as inconsistent");
	begin_case();
	pool[SIZE / 2 + 3 * COMPARE_BLOCK + 5 * PAGE] ^= 1;
	pool[SIZE - PAGE] ^= 1;
	check("the first difference is in the middle", 0, SIZE);
	begin_case();
	pool[PAGE] ^= 1;
	pool[5 * PAGE - 1] ^= 1;
	check("a range shorter than a block", PAGE, 5 * PAGE);
	begin_case();
	check("an empty range", PAGE, PAGE);
}

static void test_failure(void)
{
	begin_case();
	pool[0] ^= 1;
	target.fails_after = 3;
	is_int(run(0, SIZE), -EIO, "failing target: the comparison ends with the target's error");
}

/* Hashes by `xxhsum -H2` of xxhash 0.8, which implements the same algorithm. */
static void test_hash(void)
{
	static const uint8_t empty[HASH_SIZE] = {0x99, 0xaa, 0x06, 0xd3, 0x01, 0x47, 0x98, 0xd8,
		0x60, 0x01, 0xc3, 0x24, 0x46, 0x8d, 0x49, 0x7f};
	static const uint8_t page[HASH_SIZE] = {0x3e, 0xe8, 0xdc, 0x4f, 0x9e, 0x7e, 0xe4, 0x95,
		0x93, 0xd7, 0x6f, 0xe1, 0x48, 0xc6, 0x89, 0xba};
	static const uint8_t zeros[COMPARE_PAGE];
	uint8_t one[HASH_SIZE], two[HASH_SIZE];

	hash_bytes("", 0, 0, one);
	ok(!memcmp(one, empty, HASH_SIZE),
		"hash_bytes: the hash of no bytes is that of XXH3 with 128 bits");
	hash_bytes(zeros, sizeof(zeros), 0, one);
	ok(!memcmp(one, page, HASH_SIZE),
		"hash_bytes: the hash of a page of zeros is that of XXH3 with 128 bits");
	hash_bytes(local, PAGE, 1, one);
	hash_bytes(local, PAGE, 2, two);
	ok(memcmp(one, two, HASH_SIZE), "hash_bytes: another seed gives another hash");
}

int main(void)
{
	local = malloc(SIZE);
	pool = malloc(SIZE);
	if (!local || !pool)
		bail("no memory");
	for (size_t at = 0; at < SIZE; at += sizeof(int))
		memcpy(local + at, &(int){rand()}, sizeof(int));
	test_few();
	test_all();
	test_edges();
	test_failure();
	test_hash();
	free(local);
	free(pool);
	return tap_done();
}
