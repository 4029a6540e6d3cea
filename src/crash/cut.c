/* SPDX-License-Identifier: BSD-3-Clause */
/* cut.c - store a cut (which stores survive a crash) as spans of units with the same rule */
#include "crash/cut.h"

#include <stdlib.h>
#include <string.h>

#include "crash/walk.h"

#define STEP UINT64_C(0x9E3779B97F4A7C15) /* difference of two consecutive random seeds */

static bool make_room(struct cut *cut, uint32_t count)
{
	if (count <= cut->capacity)
		return true;
	struct span *grown = realloc(cut->spans, 2 * (size_t)count * sizeof(*grown));
	if (!grown)
		return false;
	cut->spans = grown;
	cut->capacity = 2 * count;
	return true;
}

bool cut_fill(struct cut *cut, uint32_t units, enum rule rule, uint64_t value)
{
	if (!make_room(cut, 1))
		return false;
	cut->spans[0] = (struct span){.rule = rule, .value = value};
	cut->count = 1;
	cut->units = units;
	return true;
}

/* Returns the index of the span that contains the unit; the search begins at span `near`. */
static uint32_t span_of(const struct cut *cut, uint32_t unit, uint32_t near)
{
	if (near >= cut->count || cut->spans[near].from > unit)
		near = 0;
	while (near + 1 < cut->count && cut->spans[near + 1].from <= unit)
		near++;
	return near;
}

static bool set(struct cut *cut, uint32_t from, uint32_t to, struct span span)
{
	if (from >= to)
		return true;
	if (!make_room(cut, cut->count + 2))
		return false;
	uint32_t first = span_of(cut, from, 0), last = span_of(cut, to - 1, first);
	/* Number of spans that stay before the new span. */
	uint32_t kept = first + (cut->spans[first].from < from);
	uint32_t end = last + 1 < cut->count ? cut->spans[last + 1].from : cut->units;
	struct span rest = cut->spans[last];
	bool has_rest = to < end;

	memmove(cut->spans + kept + 1 + has_rest, cut->spans + last + 1,
		(cut->count - last - 1) * sizeof(*cut->spans));
	cut->count = cut->count - last - 1 + kept + 1 + has_rest;
	span.from = from;
	cut->spans[kept] = span;
	rest.from = to;
	if (has_rest)
		cut->spans[kept + 1] = rest;
	return true;
}

bool cut_set(struct cut *cut, uint32_t from, uint32_t to, enum rule rule)
{
	return set(cut, from, to, (struct span){.rule = rule});
}

bool cut_choose(struct cut *cut, uint32_t unit, const struct choice *choice)
{
	return set(cut, unit, unit + 1, (struct span){.rule = RULE_CHOICE, .choice = *choice});
}

bool cut_copy(struct cut *to, const struct cut *from)
{
	if (!make_room(to, from->count))
		return false;
	memcpy(to->spans, from->spans, from->count * sizeof(*from->spans));
	to->count = from->count;
	to->units = from->units;
	return true;
}

void cut_fini(struct cut *cut)
{
	free(cut->spans);
	*cut = (struct cut){0};
}

/*
 * Returns a random choice. If the last store of the unit may be a commit, it survives more often.
 */
static struct choice drawn(const struct unit *unit, uint64_t seed)
{
	uint64_t random = mix(seed + STEP);
	struct choice choice;

	if (random & 1 && (unit->chain || unit_element(unit, unit->count - 1).length <= 8) &&
		!unit_is_copy(unit))
		choice = unit_all(unit);
	else
		choice = unit_first(unit, (uint32_t)((random >> 8) % (unit->count + 1)));
	choice.streams &= mix(seed + 2 * STEP);
	return choice;
}

struct choice cut_choice(
	const struct cut *cut, const struct unit *unit, uint32_t index, uint32_t *hint)
{
	const struct span *span = &cut->spans[ *hint = span_of(cut, index, *hint)];

	switch (span->rule) {
	case RULE_ALL:
		return unit_all(unit);
	case RULE_BEFORE:
		return unit_before(unit, span->value);
	case RULE_DRAWN:
		return drawn(unit, span->value + 2 * index * STEP);
	case RULE_CHOICE:
		return span->choice;
	case RULE_NONE:
	default:
		return (struct choice){0};
	}
}

bool cut_limit(const struct cut *cut, const struct unit *unit, uint32_t index, uint32_t *hint,
	uint32_t *limit)
{
	const struct span *span = &cut->spans[ *hint = span_of(cut, index, *hint)];

	if (span->rule == RULE_BEFORE) {
		*limit = span->value < WALK_ALL ? (uint32_t)span->value : WALK_ALL;
		return true;
	}
	struct choice choice = cut_choice(cut, unit, index, hint);
	*limit = !choice.count                 ? WALK_NONE
		 : choice.count >= unit->count ? WALK_ALL
					       : WALK_COUNT | choice.count;
	return !choice.mask || choice.count >= unit->count;
}

uint64_t cut_next_seed(const struct cut *cut, uint64_t seed)
{
	return seed + 2 * cut->units * STEP;
}
