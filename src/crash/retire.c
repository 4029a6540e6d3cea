/* SPDX-License-Identifier: BSD-3-Clause */
/* retire.c - copy stores that have become durable to `base`, and remove them from their units */
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
