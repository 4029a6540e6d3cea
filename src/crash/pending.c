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

struct unit *pending_find(const struct history *history, uint64_t number)
{
	uint64_t *found = table_find(&history->units, number + 1);

	return found ? (struct unit *)*found : NULL;
}

struct unit *pending_make(struct history *history, uint64_t number)
{
	if (history->count == history->capacity) {
		uint32_t capacity = history->capacity ? history->capacity * 2 : 256;
		struct unit **grown = realloc(history->pending, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		history->pending = grown;
		history->capacity = capacity;
	}
	uint64_t *found = table_add(&history->units, number + 1);
	struct unit *unit = found ? calloc(1, sizeof(*unit)) : NULL;
	if (!unit)
		return NULL;
	*found = (uint64_t)(uintptr_t)unit;
	unit->number = number;
	unit->slot = history->count;
	history->pending[history->count++] = unit;
	return unit;
}

void pending_drop(struct history *history, struct unit *unit)
{
	struct unit *last = history->pending[--history->count];

	history->pending[unit->slot] = last;
	last->slot = unit->slot;
	table_remove(&history->units, unit->number + 1);
	pending_free(unit);
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

const struct unit *history_unit(const struct history *history, uint64_t place)
{
	return pending_find(history, pending_number(history, place));
}

/* The grouping of the unit at this place. NULL: no memory. */
struct grouping *pending_grouping(struct history *history, struct unit *unit, uint64_t place)
{
	uint64_t *found;

	if (!history->is_torn)
		return &unit->grouping;
	found = table_add(&history->wholes, place / model_whole(history->model) + 1);
	if (found && !*found)
		*found = (uint64_t)(uintptr_t)calloc(1, sizeof(struct grouping));
	return found ? (struct grouping *)(uintptr_t)*found : NULL;
}

bool pending_add(struct history *history, struct unit *unit, const struct event *event,
	uint64_t place, unsigned length, unsigned flags, const unsigned char *data)
{
	const struct grouping *grouping = pending_grouping(history, unit, place);

	if (!grouping)
		return false;
	struct element element = {.at = trace_index(history->trace, event),
		.data = data,
		.place = place,
		.stack = event->stack,
		.group = grouping->groups,
		.thread = event->thread,
		.length = (uint8_t)length,
		.flags = (uint8_t)flags};

	return unit_add(unit, &element) && pending_count_stack(history, event->stack, true) &&
	       (flags & ELEMENT_NAMES || lines_add(&history->lines, pending_line_at(place)));
}

int pending_no_memory(void)
{
	return err_set(-ENOMEM, "no memory for the stores that are pending");
}

void pending_free(struct unit *unit)
{
	free(unit->elements);
	free(unit);
}
