/* SPDX-License-Identifier: BSD-3-Clause */
/* pending.c - a table of the units with pending stores, and of the call stacks of these stores */
#include "crash/pending.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

unsigned char *history_line(const struct history *history, uint64_t place)
{
	return history->base[place_file(place) - 1] + place_offset(place);
}

struct packed *pending_find(const struct history *history, uint64_t number)
{
	const uint32_t *index = sheet_find(&history->units, number);

	return index ? &history->pending[*index] : NULL;
}

struct packed *pending_make(struct history *history, uint64_t number)
{
	if (history->count == history->capacity) {
		uint32_t capacity = history->capacity ? history->capacity * 2 : 256;
		struct packed *grown = realloc(history->pending, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		history->pending = grown;
		history->capacity = capacity;
	}
	uint32_t *index = sheet_add(&history->units, number);
	if (!index)
		return NULL;
	*index = history->count;
	history->pending[history->count] = (struct packed){.number = number};
	return &history->pending[history->count++];
}

#define SPARE (1u << 16) /* if fewer elements than this are unused, none are given back */

/*
 * Returns half of the table's unused memory to the system. Elements become unused when bytes become
 * durable, and the copies of these bytes in `base` then need memory.
 */
static void give_back(struct history *history)
{
	uint32_t spare = history->capacity - history->count;
	uint32_t capacity = history->capacity - spare / 2;

	if (spare < SPARE)
		return;
	struct packed *less = realloc(history->pending, capacity * sizeof(*less));
	if (less) {
		history->pending = less;
		history->capacity = capacity;
	}
}

void pending_drop(struct history *history, uint32_t index)
{
	struct packed *unit = &history->pending[index];

	sheet_remove(&history->units, unit->number);
	packed_free(unit);
	*unit = history->pending[--history->count];
	if (index < history->count)
		*sheet_find(&history->units, unit->number) = index;
	if (!history->count)
		links_forget(&history->links);
	give_back(history);
}

bool pending_count_stack(struct history *history, uint32_t stack, bool more)
{
	uint64_t *count = table_add(&history->stacks, stack + 1);

	if (!count)
		return false;
	if (more ? !(*count)++ : !--*count)
		history->stack_sum += more ? mix(stack + 1) : -mix(stack + 1);
	return true;
}

uint64_t pending_number(const struct history *history, uint64_t place)
{
	return model_unit(history->model, history->is_torn, place);
}

void pending_pass(const struct history *history, uint64_t to)
{
	uint64_t from = history->unpacked->at;

	history->unpacked->at = to;
	trace_turn(history->trace, from, to);
}

struct unit history_pending(const struct history *history, uint32_t index)
{
	return packed_unit(&history->pending[index], history->unpacked);
}

struct unit history_unit(const struct history *history, uint64_t place)
{
	const struct packed *packed = pending_find(history, pending_number(history, place));

	return packed ? packed_unit(packed, history->unpacked) : (struct unit){.number = 0};
}

/*
 * Returns the grouping (facts about the last store) of the unit at this place; NULL if there is no
 * memory.
 */
struct grouping *pending_grouping(struct history *history, struct packed *unit, uint64_t place)
{
	uint64_t *found;

	if (!history->is_torn)
		return &unit->grouping;
	found = table_add(&history->wholes, place / model_whole(history->model) + 1);
	if (found && !*found)
		*found = (uint64_t)(uintptr_t)calloc(1, sizeof(struct grouping));
	return found ? (struct grouping *)(uintptr_t)*found : NULL;
}

/* Allocates the memory for elements now, so that unpacking a unit later cannot fail. */
static bool make_room(struct history *history)
{
	if (history->unpacked)
		return true;
	history->unpacked =
		calloc(1, sizeof(*history->unpacked) + UNPACKED_MAX * sizeof(struct element));
	if (history->unpacked) {
		history->unpacked->trace = history->trace;
		history->unpacked->links = &history->links;
	}
	return history->unpacked;
}

bool pending_count_line(struct history *history, uint64_t place, int more)
{
	uint64_t number = place / EVENT_LINE;
	uint32_t *stores = sheet_add(&history->lines, number);

	if (!stores)
		return false;
	*stores += (uint32_t)more;
	if (!*stores)
		sheet_remove(&history->lines, number);
	return true;
}

bool pending_add(struct history *history, struct packed *unit, const struct event *event,
	uint64_t from, unsigned length, unsigned flags)
{
	uint64_t place = event->place + from;
	const struct grouping *grouping = pending_grouping(history, unit, place);
	uint32_t at = (uint32_t)trace_index(history->trace, event);

	if (!grouping)
		return false;
	struct piece piece = {.event = at,
		.at = at,
		.group = grouping->groups,
		.from = (uint16_t)from,
		.length = (uint8_t)length,
		.flags = (uint8_t)flags};

	history->last_store = at;
	if (!packed_add(unit, history->trace, &history->links, &piece) || !make_room(history) ||
		!pending_count_stack(history, event->stack, true))
		return false;
	return flags & ELEMENT_NAMES || pending_count_line(history, place, 1);
}

int pending_no_memory(void)
{
	return err_set(-ENOMEM, "out of memory for the stores that are not durable yet");
}
