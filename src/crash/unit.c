/* SPDX-License-Identifier: BSD-3-Clause */
/* unit.c - the possible states of a unit after a power cut: rules R2, R3 and R7 of unit.h */
#include "crash/unit.h"

#include <string.h>

#include "trace/event.h"

uint64_t unit_at(const struct unit *unit, uint32_t i)
{
	if (unit->chain && !i)
		return unit->chain->first;
	if (unit->chain && i == unit->count - 1)
		return unit->chain->last;
	return unit_element(unit, i).at;
}

struct choice unit_all(const struct unit *unit)
{
	return (struct choice){.count = unit->count, .streams = UINT64_MAX};
}

/*
 * If `wanted` is true: do all elements of the unit survive with this choice? If it is false: does
 * none of them survive? Elements that are durable or held back do not count.
 */
static bool is_like(const struct unit *unit, const struct choice *choice, bool wanted)
{
	unsigned stream = 0;

	for (uint32_t i = 0; i < unit->count; i++) {
		unsigned flags = unit_flags(unit, i);
		if (choice_has(choice, flags, i, stream) != wanted &&
			!(flags & (ELEMENT_DURABLE | ELEMENT_HELD)))
			return false;
		stream += !!(flags & ELEMENT_STREAM);
	}
	return true;
}

bool unit_is_all(const struct unit *unit, const struct choice *choice)
{
	return is_like(unit, choice, true);
}

bool unit_is_none(const struct unit *unit, const struct choice *choice)
{
	return is_like(unit, choice, false);
}

struct choice unit_before(const struct unit *unit, uint64_t at)
{
	struct choice choice = {0};
	unsigned stream = 0;

	if (unit->chain)
		return (struct choice){
			.count = chain_before(unit->chain, unit->unpacked->links, at)};
	for (uint32_t i = 0; i < unit->count; i++) {
		struct element element = unit_element(unit, i);
		if (element.at >= at)
			break;
		choice.count = i + 1;
		if (element.flags & ELEMENT_STREAM)
			choice.streams |= stream < 64 ? UINT64_C(1) << stream++ : 0;
	}
	return choice;
}

bool unit_is_copy(const struct unit *unit)
{
	if (unit->chain || unit->count < 2)
		return false;
	struct element last = unit_element(unit, unit->count - 1);
	return last.group == unit_element(unit, unit->count - 2).group &&
	       !(last.flags & ELEMENT_WHOLE);
}

struct choice unit_first(const struct unit *unit, uint32_t count)
{
	if (count >= unit->count)
		return unit_all(unit);
	if (unit->chain)
		return (struct choice){.count = count};
	return unit_before(unit, unit_element(unit, count).at);
}

/*
 * Does the element's survival depend on a choice's `count` and `mask`? It does unless it is
 * streaming, durable or held back.
 */
static bool is_counted(const struct element *element)
{
	return !(element->flags & (ELEMENT_STREAM | ELEMENT_DURABLE | ELEMENT_HELD));
}

/*
 * Returns the index behind the last element of the group that begins at `from`. Sets *counted to
 * the number of the group's elements that may survive independently of each other.
 */
static uint32_t group_end(const struct unit *unit, uint32_t from, unsigned *counted)
{
	struct element first = unit_element(unit, from);
	uint32_t i = from;

	*counted = 0;
	for (; i < unit->count; i++) {
		struct element element = unit_element(unit, i);
		if (!is_counted(&element))
			continue;
		if (element.group != first.group)
			break;
		++*counted;
	}
	if (first.flags & ELEMENT_WHOLE)
		*counted = 1;
	return i;
}

static uint32_t skip_uncounted(const struct unit *unit, uint32_t i)
{
	for (; i < unit->count; i++) {
		struct element element = unit_element(unit, i);
		if (is_counted(&element))
			break;
	}
	return i;
}

static unsigned stream_count(const struct unit *unit)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < unit->count; i++)
		count += (unit_element(unit, i).flags & (ELEMENT_STREAM | ELEMENT_DURABLE)) ==
			 ELEMENT_STREAM;
	return count;
}

uint64_t unit_states(const struct unit *unit, uint64_t limit)
{
	unsigned counted, streams;
	uint64_t states = 1;

	if (unit->chain)
		return unit->count < limit ? unit->count + UINT64_C(1) : limit;
	streams = stream_count(unit);
	if (streams > 20)
		return limit;
	for (uint32_t i = skip_uncounted(unit, 0); i < unit->count;) {
		i = group_end(unit, i, &counted);
		if (counted > 20)
			return limit;
		states += (UINT64_C(1) << counted) - 1;
	}
	states <<= streams;
	return states < limit ? states : limit;
}

/*
 * Converts `bits`, one for each counted element of a group, to a mask with a bit for each element
 * from `from` on.
 */
static uint64_t spread(const struct unit *unit, uint32_t from, uint64_t bits)
{
	uint64_t mask = 0;

	for (uint32_t i = from; i < unit->count && bits; i++) {
		struct element element = unit_element(unit, i);
		if (!is_counted(&element))
			continue;
		if (bits & 1 && i - from < 64)
			mask |= UINT64_C(1) << (i - from);
		bits >>= 1;
	}
	return mask;
}

/*
 * Converts `bits`, one for each streaming element that is not durable, to a mask with a bit for
 * each streaming element.
 */
static uint64_t spread_streams(const struct unit *unit, uint64_t bits)
{
	uint64_t streams = 0;
	unsigned stream = 0;

	for (uint32_t i = 0; i < unit->count; i++) {
		unsigned flags = unit_element(unit, i).flags;
		if (!(flags & ELEMENT_STREAM))
			continue;
		if (!(flags & ELEMENT_DURABLE)) {
			streams |= stream < 64 ? (bits & 1) << stream : 0;
			bits >>= 1;
		}
		stream++;
	}
	return streams;
}

struct choice unit_state(const struct unit *unit, uint64_t number)
{
	unsigned counted, streams = stream_count(unit);
	uint64_t left = number >> streams;
	struct choice choice = {
		.streams = spread_streams(unit, number & ((UINT64_C(1) << streams) - 1))};

	for (uint32_t i = skip_uncounted(unit, 0); left && i < unit->count;) {
		uint32_t end = group_end(unit, i, &counted);
		uint64_t subsets = (UINT64_C(1) << counted) - 1;
		bool is_whole = unit_element(unit, i).flags & ELEMENT_WHOLE;
		choice.count = is_whole && left == 1 ? end : i;
		choice.mask = left <= subsets && !is_whole ? spread(unit, i, left) : 0;
		if (left <= subsets)
			return choice;
		left -= subsets;
		i = choice.count = end;
	}
	return choice;
}

uint32_t element_changes(const struct element *element)
{
	return element->length / sizeof(struct name_change);
}

static struct name_change change_of(const struct element *element, uint32_t number)
{
	struct name_change change;

	memcpy(&change, element->data + number * sizeof(change), sizeof(change));
	return change;
}

uint64_t element_change_place(const struct element *element, uint32_t number)
{
	return element->place + change_of(element, number).word * sizeof(uint64_t);
}

void element_apply(const struct element *element, unsigned char *const *files)
{
	unsigned char *to = files[place_file(element->place) - 1] + place_offset(element->place);

	if (!(element->flags & ELEMENT_NAMES)) {
		memcpy(to, element->data, element->length);
		return;
	}
	for (uint32_t i = 0; i < element_changes(element); i++) {
		struct name_change change = change_of(element, i);
		memcpy(to + change.word * sizeof(change.value), &change.value,
			sizeof(change.value));
	}
}

void unit_apply(const struct unit *unit, const struct choice *choice, unsigned char *const *files)
{
	unsigned stream = 0;

	for (uint32_t i = 0; i < unit->count; i++) {
		struct element element = unit_element(unit, i);
		if (choice_has(choice, element.flags, i, stream))
			element_apply(&element, files);
		stream += !!(element.flags & ELEMENT_STREAM);
	}
}
