/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notes.c - tests the notes, a list of those ranges of a pool that the target may lack: whatever
 * the order of calls, the list contains each range that was flushed and has not been drained
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "librpmem/notes.h"
#include "random.h"
#include "tap.h"

#define PAGES 4096u
#define SIZE  (PAGES * NOTES_PAGE)
#define GUARD NOTES_PAGE

static struct notes notes;

static uint64_t draw(uint64_t below)
{
	static uint64_t state = 88172645463325252u;

	return random_next(&state) % below;
}

static void begin(unsigned nlanes)
{
	if (notes_init(&notes, GUARD, SIZE, nlanes))
		bail("no memory");
}

/*
 * Empties the notes (the list of ranges that a target may lack), and sets pages[i] exactly if page
 * i was in it. Returns the number of bytes that were in the list.
 */
static uint64_t take(bool *pages)
{
	uint64_t bytes;
	size_t offset = 0, length;

	notes_unite(&notes);
	unsigned long *taken = notes_take(&notes, &bytes);
	if (!taken)
		bail("no memory");
	memset(pages, 0, PAGES * sizeof(*pages));
	for (; (length = notes_next(&notes, taken, &offset, 8 * NOTES_PAGE)); offset += length)
		for (size_t page = offset / NOTES_PAGE; page * NOTES_PAGE < offset + length; page++)
			pages[page] = true;
	free(taken);
	return bytes;
}

static void mark(bool *pages, size_t offset, size_t length)
{
	for (size_t page = offset / NOTES_PAGE; page * NOTES_PAGE < offset + length; page++)
		pages[page] = true;
}

static void test_calls(void)
{
	static bool pages[PAGES];

	begin(2);
	is_int(take(pages), 0, "notes (ranges that a target may lack): a new list is empty");
	notes_add(&notes, 0, 5 * NOTES_PAGE + 8, 8);
	notes_add(&notes, 1, 9 * NOTES_PAGE - 8, 16);
	notes_drained(&notes, 0);
	ok(take(pages) == 2 * NOTES_PAGE && pages[8] && pages[9],
		"notes_drained: the ranges of the drained lane leave the list of bytes that the target may lack; those of other lanes stay");
	is_int(take(pages), 0, "notes_take: empties the list of bytes that the target may lack");
	notes_add(&notes, 0, 3 * NOTES_PAGE, 1);
	notes_lost(&notes, 0);
	notes_drained(&notes, 0);
	ok(take(pages) == NOTES_PAGE && pages[3],
		"notes_lost: a later drain does not confirm ranges that the target may have lost");
	notes_missed(&notes, SIZE - 1, 1);
	ok(take(pages) == NOTES_PAGE && pages[PAGES - 1],
		"notes_missed: the last byte of the pool can be added to the list of bytes that the target may lack");
	notes_missed(&notes, GUARD, SIZE - GUARD);
	is_int(take(pages), SIZE - GUARD,
		"notes_missed: the whole pool can be added to the list of bytes that the target may lack");
	notes_missed(&notes, SIZE, 1);
	notes_missed(&notes, SIZE - 8, 9);
	notes_missed(&notes, 0, 8);
	notes_missed(&notes, 8192, 0);
	notes_missed(&notes, 8192, SIZE_MAX);
	notes_add(&notes, 0, 8192, SIZE_MAX);
	notes_add(&notes, 0, GUARD - 1, 8);
	notes_add(&notes, 2, 8192, 8);
	is_int(take(pages), 0,
		"notes (ranges that a target may lack): a range or a lane that does not exist is ignored");
	notes_enter(&notes, 1);
	notes_enter(&notes, 7);
	is_int(notes_calls(&notes), 2,
		"notes_calls: returns the number of calls in progress, with those that use no lane");
	notes_leave(&notes, 1);
	notes_leave(&notes, 7);
	is_int(notes_calls(&notes), 0, "notes_calls: does not count calls that have ended");
	notes_fini(&notes);
}

static void test_back(void)
{
	static bool pages[PAGES];
	uint64_t bytes;
	size_t offset = 0;

	begin(1);
	notes_add(&notes, 0, 100 * NOTES_PAGE, 70 * NOTES_PAGE);
	notes_unite(&notes);
	unsigned long *taken = notes_take(&notes, &bytes);
	is_int(bytes, 70 * NOTES_PAGE,
		"notes_take: returns the number of bytes that the target may lack");
	is_int(notes_next(&notes, taken, &offset, 4 * NOTES_PAGE), 4 * NOTES_PAGE,
		"notes_next: returns at most as many bytes as are asked for");
	is_int(offset, 100 * NOTES_PAGE,
		"notes_next: finds the first page that the target may lack");
	notes_missed(&notes, 300 * NOTES_PAGE, 1);
	notes_put_back(&notes, taken);
	free(taken);
	ok(take(pages) == 71 * NOTES_PAGE && pages[100] && pages[169] && pages[300],
		"notes_put_back: puts ranges back into the list of missing ranges, and keeps ranges that were added meanwhile");
	notes_fini(&notes);
}

/*
 * Tests a pool whose size is not a multiple of NOTES_PAGE, which can happen on machines whose pages
 * are smaller than NOTES_PAGE.
 */
static void test_end(void)
{
	size_t offset = 0;
	uint64_t bytes;

	if (notes_init(&notes, 0, 3 * NOTES_PAGE + 100, 1))
		bail("no memory");
	notes_add(&notes, 0, 0, 3 * NOTES_PAGE + 100);
	notes_unite(&notes);
	unsigned long *taken = notes_take(&notes, &bytes);
	is_int(notes_next(&notes, taken, &offset, SIZE_MAX), 3 * NOTES_PAGE + 100,
		"notes_next: the last range ends at the end of the pool");
	free(taken);
	notes_fini(&notes);
}

/*
 * As long as the notes (the list of ranges that a target may lack) have at most 64 ranges, they
 * have no page that was not flushed.
 */
static void test_exact(void)
{
	static bool pages[PAGES], want[PAGES];

	begin(1);
	memset(want, 0, sizeof(want));
	for (unsigned i = 0; i < NOTES_RANGES; i++) {
		size_t offset = (1 + 60 * i) * NOTES_PAGE + 8 * i;

		notes_add(&notes, 0, offset, 4096);
		mark(want, offset, 4096);
	}
	take(pages);
	ok(!memcmp(pages, want, sizeof(want)),
		"notes (ranges that a target may lack): after 64 flushes, the list has exactly the flushed pages");
	for (unsigned i = 0; i < 1000; i++)
		notes_add(&notes, 0, GUARD + 64 * i, 64);
	is_int(take(pages), 16 * NOTES_PAGE,
		"notes (ranges that a target may lack): adjacent flushed ranges become one range");
	notes_fini(&notes);
}

/*
 * Makes random calls on three lanes, and compares the notes (the list of ranges that a target may
 * lack) with a model: a set of pages for each lane, and one for the whole pool.
 */
static void test_random(void)
{
	static bool lane_pages[3][PAGES], map_pages[PAGES], pages[PAGES];
	unsigned missing = 0, rounds = 0;

	begin(3);
	for (unsigned i = 0; i < 60000; i++) {
		unsigned lane = (unsigned)draw(3), what = (unsigned)draw(1000);
		size_t offset = GUARD + draw(SIZE - GUARD), length = 1 + draw(3 * NOTES_PAGE);

		if (length > SIZE - offset)
			length = SIZE - offset;
		if (what < 960) {
			notes_add(&notes, lane, offset, length);
			mark(lane_pages[lane], offset, length);
		} else if (what < 980) {
			notes_drained(&notes, lane);
			memset(lane_pages[lane], 0, PAGES);
		} else if (what < 990) {
			notes_missed(&notes, offset, length);
			mark(map_pages, offset, length);
		} else if (what < 998) {
			notes_lost(&notes, lane);
			for (unsigned page = 0; page < PAGES; page++)
				map_pages[page] |= lane_pages[lane][page];
			memset(lane_pages[lane], 0, PAGES);
		} else {
			take(pages);
			rounds++;
			for (unsigned page = 0; page < PAGES; page++)
				missing += !pages[page] &&
					   (map_pages[page] || lane_pages[0][page] ||
						   lane_pages[1][page] || lane_pages[2][page]);
			memset(map_pages, 0, sizeof(map_pages));
			memset(lane_pages, 0, sizeof(lane_pages));
		}
	}
	ok(rounds > 20 && !missing,
		"notes (ranges that a target may lack): after random calls, the list has all pages that were flushed and not drained");
	notes_fini(&notes);
}

static void *miss(void *argument)
{
	unsigned first = *(unsigned *)argument;

	for (unsigned page = 1 + first; page < PAGES; page += 4)
		notes_missed(&notes, page * NOTES_PAGE, 8);
	return NULL;
}

static void test_threads(void)
{
	static bool pages[PAGES];
	unsigned first[4] = {0, 1, 2, 3};
	pthread_t thread[4];

	begin(1);
	for (unsigned i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, miss, &first[i]))
			bail("no thread");
	for (unsigned i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	is_int(take(pages), SIZE - GUARD,
		"notes_missed: threads can add pages to the list of missing ranges at the same time");
	notes_fini(&notes);
}

int main(void)
{
	test_calls();
	test_back();
	test_end();
	test_exact();
	test_random();
	test_threads();
	return tap_done();
}
