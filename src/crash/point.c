/* SPDX-License-Identifier: BSD-3-Clause */
/* point.c - make and judge the images of one crash point */
#include "crash/point.h"

#include <string.h>

#include "crash/walk.h"

uint64_t line_hash(uint64_t place, const unsigned char *line)
{
	uint64_t hash = mix(place + 1), word;

	for (unsigned i = 0; i < EVENT_LINE; i += sizeof(word)) {
		memcpy(&word, line + i, sizeof(word));
		hash = mix(hash ^ word);
	}
	return hash;
}

unsigned char *point_image(const struct point *point, uint64_t place)
{
	return memories_image(point->memories, point->worker)[place_file(place) - 1] +
	       place_offset(place);
}

struct verdict point_question(const struct point *point)
{
	return (struct verdict){.at = point->at,
		.worker = point->worker,
		.acknowledged = point->acknowledged,
		.at_most = point->at_most};
}

/* The arguments of apply_store(). */
struct applying {
	const struct trace *trace;
	unsigned char **image;
};

static int apply_store(void *context, uint32_t index, uint32_t event, bool is_within)
{
	const struct applying *applying = context;
	struct element element = packed_element(applying->trace, event, 0, 0);

	(void)index;
	if (is_within)
		element_apply(&element, applying->image);
	return 0;
}

/* Sets the walk's limits for chains of which the oldest stores survive. */
static void set_limits(const struct point *point, const struct cut *cut, struct walk *walk)
{
	uint32_t span = 0, limit;

	for (uint32_t i = 0; i < point->history->count; i++) {
		if (!packed_is_chain(&point->history->pending[i]))
			continue;
		struct unit unit = history_pending(point->history, i);
		if (cut_limit(cut, &unit, i, &span, &limit))
			walk_raise(walk, i, limit);
	}
}

/* Applies the stores to all units or, unless `limits` is NULL, to those without a limit. */
static void apply_units(const struct point *point, const struct cut *cut, const uint32_t *limits)
{
	unsigned char **image = memories_image(point->memories, point->worker);
	uint32_t span = 0;

	for (uint32_t i = 0; i < point->history->count; i++) {
		if (limits && limits[i] != WALK_NONE)
			continue;
		struct unit unit = history_pending(point->history, i);
		struct choice choice = cut_choice(cut, &unit, i, &span);
		if (!unit.chain || choice.count || choice.mask)
			unit_apply(&unit, &choice, image);
	}
}

/* Applies the stores in the order of the trace, if that helps. Returns true if it was done. */
static bool apply_by_walk(const struct point *point, const struct cut *cut)
{
	struct applying applying = {point->trace, memories_image(point->memories, point->worker)};
	struct walk walk;

	if (!walk_may_help(point->history, point->history->count) ||
		!walk_init(&walk, point->history))
		return false;
	set_limits(point, cut, &walk);
	bool helps = walk_helps(&walk);
	if (helps) {
		walk_go(&walk, 0, UINT64_MAX, apply_store, &applying);
		apply_units(point, cut, walk.limits);
	}
	walk_fini(&walk);
	return helps;
}

void point_apply(const struct point *point, const struct cut *cut)
{
	if (!apply_by_walk(point, cut))
		apply_units(point, cut, NULL);
}

uint64_t point_show(struct point *point, const struct cut *cut)
{
	uint64_t hash = point->base_hash, number;
	struct sheet_at at = {0};

	point_apply(point, cut);
	while (sheet_next(&point->history->lines, &at, &number)) {
		uint64_t place = number * EVENT_LINE;
		const unsigned char *line = point_image(point, place);
		const unsigned char *base = history_line(point->history, place);
		if (memcmp(line, base, EVENT_LINE))
			hash ^= line_hash(place, base) ^ line_hash(place, line);
	}
	return hash;
}

void point_hide(struct point *point)
{
	struct sheet_at at = {0};
	uint64_t number;

	while (sheet_next(&point->history->lines, &at, &number)) {
		uint64_t place = number * EVENT_LINE;
		memcpy(point_image(point, place), history_line(point->history, place), EVENT_LINE);
	}
}

int point_ask(struct point *point, const struct cut *cut, struct verdict *verdict)
{
	int error = point->judge->judge(point->judge->context, verdict);

	while (error == JUDGE_AGAIN) {
		point_show(point, cut);
		error = point->judge->judge(point->judge->context, verdict);
	}
	point_hide(point);
	return error;
}

int point_judge(struct point *point, const struct cut *cut, struct verdict *verdict)
{
	*verdict = point_question(point);
	verdict->id = point_show(point, cut);
	return point_ask(point, cut, verdict);
}
