/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kinds_of_extent.c - mistakes in which too little becomes durable, or becomes durable in several
 * steps
 */
#include <sys/mman.h>

#include "kinds.h"

/*
 * ---- mistake "short": the flush has the length of a pointer to the text, not that of the text,
 * so it does not reach the second cache line of the text
 */

struct name {
	ALIGNED uint64_t count;
	ALIGNED char unused[40];
	char text[40]; /* in two lines */
};

static void short_work(bool is_bad)
{
	struct name *name = (struct name *)(void *)base;
	char *text = name->text;

	for (unsigned i = 0; i < sizeof(name->text); i++)
		text[i] = 'x'; /* short: lost */
	pmem_persist(text, is_bad ? sizeof(text) : sizeof(name->text));
	name->count = sizeof(name->text); /* short: early */
	pmem_persist(&name->count, sizeof(name->count));
	done();
}

static const char *short_check(unsigned count)
{
	const struct name *name = (const struct name *)(void *)base;

	for (unsigned i = 0; i < name->count; i++)
		if (name->text[i] != 'x')
			return "the end of the text is missing";
	return count && !name->count ? "the text is missing" : NULL;
}

/* ---- mistake "promise": an operation is acknowledged before it is durable */

static void promise_work(bool is_bad)
{
	uint64_t *value = (uint64_t *)(void *)base;

	for (unsigned i = 1; i <= 3; i++) {
		*value = i; /* promise: lost */
		pmem_flush(value, sizeof(*value));
		if (is_bad)
			done();
		pmem_drain();
		if (!is_bad)
			done();
	}
}

static const char *promise_check(unsigned count)
{
	return *(uint64_t *)(void *)base < count ? "an acknowledged value is missing" : NULL;
}

/*
 * ---- mistake "words": two words that must change at once are stored one by one
 */

struct order {
	ALIGNED uint64_t words[2]; /* one byte for each of 16 entries: its place in the order */
};

static void words_work(bool is_bad)
{
	struct order *orders = (struct order *)(void *)(base + 64);
	uint64_t *which = (uint64_t *)(void *)base; /* 1 or 2: orders[0] or orders[1] is valid */

	orders[0].words[0] = orders[0].words[1] = 1;
	pmem_persist(&orders[0], sizeof(orders[0]));
	*which = 1;
	pmem_persist(which, sizeof(*which));
	done();
	struct order *to = is_bad ? &orders[0] : &orders[1];
	to->words[0] = 2; /* words: early */
	to->words[1] = 2; /* words: lost */
	pmem_persist(to, sizeof(*to));
	*which = is_bad ? 1 : 2;
	pmem_persist(which, sizeof(*which));
	done();
}

static const char *words_check(unsigned count)
{
	uint64_t which = *(uint64_t *)(void *)base;
	const struct order *order = (const struct order *)(void *)(base + 64 * which);

	if (!which)
		return count ? "there is no order" : NULL;
	if (order->words[0] != order->words[1])
		return "half of the entries are in the new order";
	return order->words[0] < count ? "the order is old" : NULL;
}

/*
 * ---- mistake "straddle": a word lies across two cache lines, so a crash can tear it
 */

static void straddle_work(bool is_bad)
{
	uint64_t *word = (uint64_t *)(void *)(base + (is_bad ? 124 : 192));

	*(uint64_t *)(void *)base = is_bad ? 124 : 192;
	pmem_persist(base, 8);
	for (uint64_t i = 1; i <= 2; i++) {
		uint64_t value = i * UINT64_C(0x0000000100000001);
		*(volatile uint64_t *)word = value; /* straddle: lost half; straddle: early half */
		pmem_persist(word, sizeof(*word));
		done();
	}
}

static const char *straddle_check(unsigned count)
{
	uint64_t where = *(uint64_t *)(void *)base, word = 0;

	if (where)
		memcpy(&word, base + where, sizeof(word));
	if (word >> 32 != (uint32_t)word)
		return "half of a word is old";
	return (uint32_t)word < count ? "the word is old" : NULL;
}

/*
 * ---- mistake "clean": a flag says that a line needs no flush, but the line has changed again
 */

struct counters {
	ALIGNED uint64_t first;
	uint64_t second;
	ALIGNED uint64_t sum;
};

static void clean_work(bool is_bad)
{
	struct counters *counters = (struct counters *)(void *)base;
	bool is_clean = false;

	counters->first = 1;
	pmem_persist(counters, 64);
	is_clean = is_bad;
	counters->second = 2; /* clean: lost */
	if (!is_clean)
		pmem_persist(counters, 64);
	counters->sum = 3; /* clean: early */
	pmem_persist(&counters->sum, sizeof(counters->sum));
	done();
}

static const char *clean_check(unsigned count)
{
	const struct counters *counters = (const struct counters *)(void *)base;

	if (counters->sum && counters->first + counters->second != counters->sum)
		return "the sum is wrong";
	return count && !counters->sum ? "the sum is missing" : NULL;
}

/* ---- mistake "heap": the end of a heap moves before the header of the new block is durable */

struct heap {
	ALIGNED uint64_t end; /* in blocks of 64 bytes */
	struct {
		ALIGNED uint64_t size; /* in blocks */
	} blocks[16];
};

static void heap_work(bool is_bad)
{
	struct heap *heap = (struct heap *)(void *)base;

	for (uint64_t size = 1; size <= 3; size++) {
		uint64_t at = heap->end;
		if (!is_bad) {
			heap->blocks[at].size = size;
			pmem_persist(&heap->blocks[at], 64);
		}
		heap->end = at + size; /* heap: early */
		pmem_persist(&heap->end, sizeof(heap->end));
		if (is_bad) {
			heap->blocks[at].size = size; /* heap: lost */
			pmem_persist(&heap->blocks[at], 64);
		}
		done();
	}
}

static const char *heap_check(unsigned count)
{
	const struct heap *heap = (const struct heap *)(void *)base;
	unsigned found = 0;

	for (uint64_t at = 0; at < heap->end; at += heap->blocks[at].size, found++)
		if (!heap->blocks[at].size)
			return "a block has no size";
	return found < count ? "a block is missing" : NULL;
}

/*
 * ---- mistake "halves": an object in two cache lines is changed in place instead of replaced
 */

struct object {
	ALIGNED uint64_t low;
	ALIGNED uint64_t high; /* always equal to low */
};

static void halves_work(bool is_bad)
{
	uint64_t *which = (uint64_t *)(void *)base;
	struct object *objects = (struct object *)(void *)(base + 64);

	for (uint64_t i = 1; i <= 2; i++) {
		struct object *object = &objects[is_bad ? 0 : i % 2];
		object->low = i; /* mistake halves: early store, or halves: lost store */
		pmem_persist(&object->low, sizeof(object->low));
		object->high = i; /* halves: lost */
		pmem_persist(&object->high, sizeof(object->high));
		*which = is_bad ? 0 : i % 2;
		pmem_persist(which, sizeof(*which));
		done();
	}
}

static const char *halves_check(unsigned count)
{
	const struct object *object =
		(const struct object *)(void *)(base + 64) + *(uint64_t *)(void *)base;

	if (object->low != object->high)
		return "half of an object is new";
	return object->low < count ? "the object is old" : NULL;
}

/*
 * ---- mistake "later": an entry and its flag become durable in this order only if they share a
 * cache line; the header of the second page has a wrong size, so that entry number 11 and its flag
 * are in different lines
 */

#define PAGE_ENTRIES 8u
#define ENTRIES      13u

/* Returns entry number `i`: a value, and a flag behind it. The first word is the header's size. */
static uint64_t *later_entry(unsigned i)
{
	uint64_t header = *(uint64_t *)(void *)base;

	return (uint64_t *)(void *)(base + 64 + 16 * i + (i < PAGE_ENTRIES ? 0 : header));
}

static void later_work(bool is_bad)
{
	*(uint64_t *)(void *)base = is_bad ? 8 : 16;
	pmem_persist(base, 8);
	for (unsigned i = 0; i < ENTRIES; i++) {
		uint64_t *entry = later_entry(i);
		entry[0] = 100 + i; /* later: lost */
		entry[1] = 1;       /* later: early */
		pmem_persist(entry, 2 * sizeof(*entry));
		done();
	}
}

static const char *later_check(unsigned count)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (later_entry(i)[1] ? later_entry(i)[0] != 100 + i : i < count)
			return "an entry is missing, or has no value";
	return NULL;
}

/*
 * ---- mistake "across": a copy begins at the end of one file's map, continues in the adjacent map
 * of another file, and is not drained
 */

#define ACROSS 64 /* bytes of the copy in each of the two files */

/* Moves the maps of both files so that they lie side by side. */
static bool move_together(void)
{
	int ways = MREMAP_MAYMOVE | MREMAP_FIXED;
	char *room = mmap(NULL, 2 * FILE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return false;
	base = mremap(base, FILE_SIZE, FILE_SIZE, ways, room);
	side = mremap(side, FILE_SIZE, FILE_SIZE, ways, room + FILE_SIZE);
	return base == room && side == room + FILE_SIZE;
}

static void across_work(bool is_bad)
{
	char text[2 * ACROSS];

	if (!move_together())
		return;
	memset(text, 'y', sizeof(text));
	/* across: lost */ pmem_memcpy(
		side - ACROSS, text, sizeof(text), is_bad ? PMEM_F_MEM_NODRAIN : 0);
	*base = 1; /* across: early */
	pmem_persist(base, 1);
	memset(side - ACROSS, 'z', sizeof(text));
	pmem_persist(side - ACROSS, sizeof(text));
	*base = 2;
	pmem_persist(base, 1);
	done();
}

static const char *across_check(unsigned count)
{
	const char *end = base + FILE_SIZE - ACROSS;

	for (unsigned i = 0; i < ACROSS && *base; i++)
		if (end[i] < 'y' || side[i] < 'y' || (*base == 2 && (end[i] + side[i] != 2 * 'z')))
			return "a part of the copy is missing";
	return count && *base != 2 ? "the text is missing" : NULL;
}

const struct kind kinds_of_extent[] = {
	{"short", short_work, short_check},
	{"promise", promise_work, promise_check},
	{"words", words_work, words_check},
	{"straddle", straddle_work, straddle_check},
	{"clean", clean_work, clean_check},
	{"heap", heap_work, heap_check},
	{"halves", halves_work, halves_check},
	{"later", later_work, later_check},
	{"across", across_work, across_check},
	{0},
};
