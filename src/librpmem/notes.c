/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/notes.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

int notes_init(struct notes *notes, size_t guard, size_t size, unsigned nlanes)
{
	size_t pages = (size + NOTES_PAGE - 1) / NOTES_PAGE;
	size_t bytes = nlanes * sizeof(struct notes_lane);

	*notes = (struct notes){.guard = guard, .size = size, .nlanes = nlanes};
	notes->words = (pages + WORD_BITS - 1) / WORD_BITS;
	notes->map = calloc(notes->words, sizeof(*notes->map));
	notes->lanes = aligned_alloc(_Alignof(struct notes_lane), bytes);
	if (!notes->map || !notes->lanes) {
		notes_fini(notes);
		return err_set(-ENOMEM, "out of memory to track the persists of %u lanes", nlanes);
	}
	memset(notes->lanes, 0, bytes);
	return 0;
}

void notes_fini(struct notes *notes)
{
	free(notes->map);
	free(notes->lanes);
	*notes = (struct notes){.nlanes = 0};
}

/* -- a lane's list of ranges that the target may lack -- */

static void sort(struct notes_lane *lane)
{
	for (unsigned i = 1; i < lane->count; i++) {
		struct notes_range range = lane->at[i];
		unsigned k = i;

		for (; k && lane->at[k - 1].from > range.from; k--)
			lane->at[k] = lane->at[k - 1];
		lane->at[k] = range;
	}
}

/* Join range k of a sorted list with the range after it. */
static void join_at(struct notes_lane *lane, unsigned k)
{
	if (lane->at[k].to < lane->at[k + 1].to)
		lane->at[k].to = lane->at[k + 1].to;
	lane->count--;
	memmove(&lane->at[k + 1], &lane->at[k + 2], (lane->count - k - 1) * sizeof(lane->at[0]));
}

/* The number of bytes between range k and the range after it; 0 if they touch. */
static size_t gap(const struct notes_lane *lane, unsigned k)
{
	return lane->at[k + 1].from > lane->at[k].to ? lane->at[k + 1].from - lane->at[k].to : 0;
}

/*
 * Make room in a full list of ranges by joining neighbours. Half of the list is emptied at once,
 * so that not each of the next flushes has to join ranges again.
 */
void notes_join(struct notes_lane *lane)
{
	sort(lane);
	while (lane->count > NOTES_RANGES / 2) {
		unsigned best = 0;

		for (unsigned k = 1; k + 1 < lane->count; k++)
			if (gap(lane, k) < gap(lane, best))
				best = k;
		join_at(lane, best);
	}
}

/* -- the map -- */

static void set_pages(struct notes *notes, struct notes_range range)
{
	for (size_t page = range.from / NOTES_PAGE; page * NOTES_PAGE < range.to; page++)
		atomic_fetch_or_explicit(&notes->map[page / WORD_BITS], 1UL << page % WORD_BITS,
			memory_order_relaxed);
}

void notes_missed(struct notes *notes, size_t offset, size_t length)
{
	if (notes_fits(notes, offset, length))
		set_pages(notes, (struct notes_range){offset, offset + length});
}

static void to_map(struct notes *notes, struct notes_lane *lane)
{
	for (unsigned i = 0; i < lane->count; i++)
		set_pages(notes, lane->at[i]);
	lane->count = 0;
}

void notes_lost(struct notes *notes, unsigned lane)
{
	if (lane < notes->nlanes)
		to_map(notes, &notes->lanes[lane]);
}

void notes_unite(struct notes *notes)
{
	for (unsigned i = 0; i < notes->nlanes; i++)
		to_map(notes, &notes->lanes[i]);
}

unsigned notes_calls(const struct notes *notes)
{
	unsigned calls = atomic_load(&notes->others);

	for (unsigned i = 0; i < notes->nlanes; i++)
		calls += atomic_load(&notes->lanes[i].calls);
	return calls;
}

/* -- a copy of the map of pages that the target may lack -- */

unsigned long *notes_take(struct notes *notes, uint64_t *bytes)
{
	unsigned long *taken = malloc(notes->words * sizeof(*taken));
	size_t offset = 0, length;

	if (!taken)
		return NULL;
	for (size_t i = 0; i < notes->words; i++)
		taken[i] = atomic_exchange_explicit(&notes->map[i], 0, memory_order_relaxed);
	for (*bytes = 0; (length = notes_next(notes, taken, &offset, SIZE_MAX)); offset += length)
		*bytes += length;
	return taken;
}

void notes_put_back(struct notes *notes, const unsigned long *taken)
{
	for (size_t i = 0; i < notes->words; i++)
		atomic_fetch_or_explicit(&notes->map[i], taken[i], memory_order_relaxed);
}

static bool is_set(const unsigned long *taken, size_t page)
{
	return taken[page / WORD_BITS] >> page % WORD_BITS & 1;
}

size_t notes_next(
	const struct notes *notes, const unsigned long *taken, size_t *offset, size_t most)
{
	size_t pages = notes->words * WORD_BITS, page = (*offset + NOTES_PAGE - 1) / NOTES_PAGE;

	while (page < pages && !is_set(taken, page))
		page += taken[page / WORD_BITS] ? 1 : WORD_BITS - page % WORD_BITS;
	if (page >= pages)
		return 0;
	size_t from = page * NOTES_PAGE, to = from;
	for (; page < pages && to - from < most && is_set(taken, page); page++)
		to += NOTES_PAGE;
	if (from < notes->guard)
		from = notes->guard;
	if (to > notes->size)
		to = notes->size;
	*offset = from;
	return to - from;
}
