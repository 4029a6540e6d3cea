/* SPDX-License-Identifier: BSD-3-Clause */
/* retire.c - copy stores that have become durable to `base`, and remove them from their units */
#include <stdlib.h>
#include <string.h>

#include "crash/pending.h"

void retire_remember(struct history *history, const struct element *newest, uint64_t line,
	const unsigned char *before)
{
	struct retired *retired = &history->retired[history->retired_count++ % HISTORY_RETIRED];

	retired->place = line;
	retired->newest = *newest;
	memcpy(retired->before, before, EVENT_LINE);
}

/* Notes that the line changed in `base`; `newest` is the newest of the stores that changed it. */
static void settle(struct history *history, uint64_t line, const unsigned char *before,
	const struct element *newest)
{
	retire_remember(history, newest, line, before);
	if (history->settled)
		history->settled(history->context, line, before);
}

/* ---- pieces */

/*
 * Copies the bytes of a piece to `base`, unless the piece is a change of names. Returns the last
 * element of the piece.
 */
static struct element apply(const struct history *history, const struct piece *piece)
{
	struct element elements[PIECE_ELEMENTS];
	uint32_t count = piece_unpack(history->trace, piece, elements);

	for (uint32_t i = 0; i < count && !(piece->flags & ELEMENT_NAMES); i++)
		element_apply(&elements[i], history->base);
	return elements[count - 1];
}

/*
 * Copies to `base` piece number `i`, and those directly after it that are in the same line, at most
 * up to piece number `end` - 1. Returns the number of the first piece that was not copied.
 */
static uint32_t retire_line(
	struct history *history, const struct piece *pieces, uint32_t i, uint32_t end)
{
	uint64_t line = pending_line_at(piece_place(history->trace, &pieces[i]));
	unsigned char before[EVENT_LINE];
	struct element newest;

	if (pieces[i].flags & ELEMENT_NAMES) {
		newest = apply(history, &pieces[i]);
		names_retire(history, &newest);
		return i + 1;
	}
	memcpy(before, history_line(history, line), EVENT_LINE);
	do {
		newest = apply(history, &pieces[i]);
		pending_count_line(history, line, -(int)piece_events(&pieces[i++]));
	} while (i < end && !(pieces[i].flags & ELEMENT_NAMES) &&
		 pending_line_at(piece_place(history->trace, &pieces[i])) == line);
	settle(history, line, before, &newest);
	return i;
}

static bool forget_stacks(struct history *history, const struct piece *piece)
{
	for (uint32_t i = 0; i < piece_events(piece); i++)
		if (!pending_count_stack(
			    history, piece_event(history->trace, piece, i)->stack, false))
			return false;
	return true;
}

int retire_pieces(struct history *history, uint32_t index)
{
	struct packed *unit = &history->pending[index];
	struct piece *pieces = packed_pieces(unit);
	uint32_t count = 0;

	for (; count < unit->count && pieces[count].flags & ELEMENT_DURABLE; count++)
		if (!forget_stacks(history, &pieces[count]))
			return pending_no_memory();
	for (uint32_t i = 0; i < count;) {
		pending_pass(history, pieces[i].event);
		i = retire_line(history, pieces, i, count);
	}
	packed_forget(unit, count);
	if (!unit->count)
		pending_drop(history, index);
	return 0;
}

/* ---- chains */

/* Does what retire_line() does, for the elements of a chain. */
static uint32_t retire_line_of_chain(
	struct history *history, const struct unit *unit, uint32_t i, uint32_t end)
{
	uint64_t line = pending_line_at(unit_element(unit, i).place);
	unsigned char before[EVENT_LINE];
	struct element newest;
	int count = 0;

	memcpy(before, history_line(history, line), EVENT_LINE);
	do {
		newest = unit_element(unit, i++);
		element_apply(&newest, history->base);
		count++;
	} while (i < end && pending_line_at(unit_element(unit, i).place) == line);
	pending_count_line(history, line, -count);
	settle(history, line, before, &newest);
	return i;
}

int retire_chain(struct history *history, uint32_t index, uint32_t count)
{
	struct chain *chain = &history->pending[index].chain;
	struct unit unit = history_pending(history, index);

	for (uint32_t i = 0; i < count; i++)
		if (!pending_count_stack(history, unit_element(&unit, i).stack, false))
			return pending_no_memory();
	for (uint32_t i = 0; i < count;)
		i = retire_line_of_chain(history, &unit, i, count);
	if (count == chain->count)
		pending_drop(history, index);
	else if (count)
		chain_forget(chain, count, (uint32_t)unit_at(&unit, count));
	return 0;
}

/* ---- very many chains */

#define SLICES  8u    /* a walk is repeated for each of this many slices of the files */
#define SAMPLES 1024u /* number of units by which the slices are found */

/* Retires in slices, so that the table of what is pending becomes smaller as `base` grows. */
struct retiring {
	struct history *history;
	struct walk *walk;
	uint64_t bounds[SLICES + 1]; /* numbers of the units with which the slices begin */
	/*
	 * The newest stores that were copied: those of earlier slices, sorted by age, then those of
	 * this slice, entry n of which is at n % HISTORY_RETIRED.
	 */
	struct retired earlier[HISTORY_RETIRED], now[HISTORY_RETIRED];
	uint64_t earlier_count, now_count;
};

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Divides the pending units into slices of about the same size, by their place. */
static void find_slices(struct retiring *retiring)
{
	const struct history *history = retiring->history;
	uint64_t samples[SAMPLES];

	/* random units: equal steps may meet a pattern in the order of the units */
	for (uint64_t i = 0; i < SAMPLES; i++)
		samples[i] = history->pending[mix(i + 1) % history->count].number;
	qsort(samples, SAMPLES, sizeof(*samples), by_number);
	for (unsigned i = 1; i < SLICES; i++)
		retiring->bounds[i] = samples[i * SAMPLES / SLICES];
	retiring->bounds[0] = 0;
	retiring->bounds[SLICES] = UINT64_MAX;
}

static int retire_store(void *context, uint32_t index, uint32_t event, bool is_within)
{
	struct retiring *retiring = context;
	struct history *history = retiring->history;
	struct chain *chain = &history->pending[index].chain;
	struct retired *retired = &retiring->now[retiring->now_count % HISTORY_RETIRED];

	if (!is_within) {
		chain->first = event;
		retiring->walk->limits[index] = WALK_NONE;
		return 0;
	}
	struct element element = packed_element(
		history->trace, event, chain_group(chain, 0), chain->flushed ? ELEMENT_FLUSHED : 0);
	unsigned char *line = history_line(history, pending_line_at(element.place));
	retired->place = pending_line_at(element.place);
	retired->newest = element;
	memcpy(retired->before, line, EVENT_LINE);
	retiring->now_count++;
	element_apply(&element, history->base);
	chain_forget(chain, 1, event); /* the call for the next store sets `first` */
	if (!pending_count_line(history, retired->place, -1) ||
		!pending_count_stack(history, element.stack, false))
		return pending_no_memory();
	if (history->settled)
		history->settled(history->context, retired->place, retired->before);
	return 0;
}

static int by_age(const void *a, const void *b)
{
	uint64_t x = ((const struct retired *)a)->newest.at;
	uint64_t y = ((const struct retired *)b)->newest.at;

	return (x > y) - (x < y);
}

/* Adds the newest stores of this slice to those of earlier slices. */
static void keep_newest(struct retiring *retiring)
{
	struct retired both[2 * HISTORY_RETIRED];
	uint64_t now = retiring->now_count, count = retiring->earlier_count;

	now = now < HISTORY_RETIRED ? now : HISTORY_RETIRED;
	memcpy(both, retiring->earlier, count * sizeof(*both));
	memcpy(both + count, retiring->now, now * sizeof(*both));
	count += now;
	qsort(both, count, sizeof(*both), by_age);
	uint64_t left_out = count < HISTORY_RETIRED ? 0 : count - HISTORY_RETIRED;
	memcpy(retiring->earlier, both + left_out, (count - left_out) * sizeof(*both));
	retiring->earlier_count = count - left_out;
	retiring->now_count = 0;
}

/* Removes the units that have no store left. */
static void drop_empty(struct history *history, const struct walk *walk)
{
	for (uint32_t i = history->count; i-- > 0;)
		if (packed_is_chain(&history->pending[i]) && !history->pending[i].chain.count) {
			walk->limits[i] = walk->limits[history->count - 1];
			pending_drop(history, i);
		}
}

int retire_by_walk(struct history *history, struct walk *walk)
{
	struct retiring *retiring = calloc(1, sizeof(*retiring));
	int error = 0;

	if (!retiring)
		return pending_no_memory();
	retiring->history = history;
	retiring->walk = walk;
	find_slices(retiring);
	for (unsigned i = 0; i < SLICES && !error; i++) {
		const uint64_t *bounds = &retiring->bounds[i];
		if (bounds[0] == bounds[1])
			continue;
		error = walk_go(walk, bounds[0], bounds[1], retire_store, retiring);
		keep_newest(retiring);
		drop_empty(history, walk);
	}
	for (uint64_t i = 0; i < retiring->earlier_count; i++) {
		const struct retired *retired = &retiring->earlier[i];
		retire_remember(history, &retired->newest, retired->place, retired->before);
	}
	free(retiring);
	return error;
}
