/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/differ.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/*
 * The maximum number of ranges of blocks that differ and for whose pages no hashes are requested
 * yet. Hashes of more blocks are requested only while there is no such range. So new ranges come
 * only from the replies that are outstanding then. Blocks that differ and are adjacent are one
 * range: at most every other block of a reply begins a range.
 */
#define RANGES_MAX (DIFFER_AHEAD * (COMPARE_RANGE_MAX / COMPARE_BLOCK / 2 + 1))

struct range {
	uint64_t offset;
	uint32_t length;
};

/* A request under way. */
struct flight {
	struct compare_ask ask;
	bool is_mark; /* true: `mark` has sent this request, and `ask` is unused */
};

struct run {
	const struct differ_calls *calls;
	const char *local;
	uint64_t next, end; /* hashes of blocks in [next, end) are still to be requested */
	uint64_t seed;
	bool must_mark, has_marked;
	struct flight flights[DIFFER_WINDOW];
	unsigned first, count;
	unsigned blocks;                 /* requests under way for hashes of blocks */
	struct range ranges[RANGES_MAX]; /* ranges that differ; their pages are to be requested */
	unsigned first_range, range_count;
};

static struct flight *new_flight(struct run *run)
{
	return &run->flights[(run->first + run->count++) % DIFFER_WINDOW];
}

static int ask(struct run *run, uint64_t offset, uint32_t length, uint32_t unit)
{
	struct flight *flight = new_flight(run);

	*flight = (struct flight){{offset, run->seed, length, unit}, false};
	run->blocks += unit == COMPARE_BLOCK;
	return run->calls->ask(run->calls->context, &flight->ask);
}

/*
 * Calls `mark` before the pages of the first range that differs are requested. Replies come in
 * order, so the oldest range holds the first difference.
 */
static int ask_to_mark(struct run *run)
{
	uint64_t offset = run->ranges[run->first_range].offset;

	new_flight(run)->is_mark = true;
	run->must_mark = false;
	run->has_marked = true;
	return run->calls->mark(run->calls->context, offset);
}

static int ask_for_pages(struct run *run)
{
	const struct range *range = &run->ranges[run->first_range];

	run->first_range = (run->first_range + 1) % RANGES_MAX;
	run->range_count--;
	return ask(run, range->offset, range->length, COMPARE_PAGE);
}

/* Ranges end at multiples of their longest length, so that blocks are aligned. */
static int ask_for_blocks(struct run *run)
{
	uint64_t offset = run->next;

	run->next = (offset / COMPARE_RANGE_MAX + 1) * COMPARE_RANGE_MAX;
	if (run->next > run->end)
		run->next = run->end;
	return ask(run, offset, (uint32_t)(run->next - offset), COMPARE_BLOCK);
}

/* Send requests until DIFFER_WINDOW are unanswered, or all hashes have been requested. */
static int ask_on(struct run *run)
{
	int rc = 0;

	while (!rc && run->count < DIFFER_WINDOW) {
		if (run->must_mark)
			rc = ask_to_mark(run);
		else if (run->range_count)
			rc = ask_for_pages(run);
		else if (run->next < run->end && run->blocks < DIFFER_AHEAD)
			rc = ask_for_blocks(run);
		else
			break;
	}
	return rc;
}

/* Remember a range of blocks that differ, to request the hashes of its pages later. */
static int add_range(struct run *run, uint64_t offset, uint32_t length)
{
	unsigned at = (run->first_range + run->range_count++) % RANGES_MAX;

	run->ranges[at] = (struct range){offset, length};
	run->must_mark = run->calls->mark && !run->has_marked;
	return 0;
}

static int found(struct run *run, const struct compare_ask *ask, uint64_t offset, uint64_t end)
{
	uint32_t length = (uint32_t)(end - offset);

	if (ask->unit == COMPARE_PAGE)
		return run->calls->differ(run->calls->context, offset, length);
	return add_range(run, offset, length);
}

/*
 * Compare the blocks or pages of a range with those of the target, by their hashes; treat adjacent
 * ones that differ as one range.
 */
static int judge(struct run *run, const struct compare_ask *ask, const uint8_t (*hashes)[HASH_SIZE])
{
	uint64_t end = ask->offset + ask->length, since = end;
	uint8_t own[HASH_SIZE];
	int rc = 0;

	for (uint64_t at = ask->offset; at < end && !rc; at += ask->unit, hashes++) {
		size_t length = end - at < ask->unit ? (size_t)(end - at) : ask->unit;
		hash_bytes(run->local + at, length, ask->seed, own);
		bool differs = memcmp(own, *hashes, HASH_SIZE);
		if (differs && since == end)
			since = at;
		if (!differs && since != end) {
			rc = found(run, ask, since, at);
			since = end;
		}
	}
	if (!rc && since != end)
		rc = found(run, ask, since, end);
	if (!rc && ask->unit == COMPARE_BLOCK)
		rc = run->calls->progress(run->calls->context, ask->length);
	return rc;
}

static int take(struct run *run)
{
	const struct flight flight = run->flights[run->first];
	const uint8_t(*hashes)[HASH_SIZE];

	run->first = (run->first + 1) % DIFFER_WINDOW;
	run->count--;
	run->blocks -= !flight.is_mark && flight.ask.unit == COMPARE_BLOCK;
	if (flight.is_mark)
		return run->calls->marked(run->calls->context);
	int rc = run->calls->take(run->calls->context, &flight.ask, &hashes);
	return rc ? rc : judge(run, &flight.ask, hashes);
}

int differ_run(const struct differ_calls *calls, const void *local, uint64_t begin, uint64_t end,
	uint64_t seed)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return err_set(-ENOMEM, "out of memory while comparing");
	run->calls = calls;
	run->local = local;
	run->next = begin;
	run->end = end;
	run->seed = seed;
	int rc = ask_on(run);
	while (!rc && run->count) {
		rc = take(run);
		if (!rc)
			rc = ask_on(run);
	}
	free(run);
	return rc;
}
