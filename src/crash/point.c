/* SPDX-License-Identifier: BSD-3-Clause */
/* point.c - images of one crash point */
#include "crash/point.h"

#include <string.h>

uint64_t line_hash(uint64_t place, const unsigned char *line)
{
	uint64_t hash = mix(place + 1), word;

	for (unsigned i = 0; i < EVENT_LINE; i += sizeof(word)) {
		memcpy(&word, line + i, sizeof(word));
		hash = mix(hash ^ word);
	}
	return hash;
}

static unsigned char *image_line(const struct point *point, uint64_t place)
{
	return point->memories->image[place_file(place) - 1] + place_offset(place);
}

uint64_t point_show(struct point *point, const struct choice *cut)
{
	uint64_t hash = point->base_hash;

	for (uint32_t i = 0; i < point->history->count; i++) {
		const struct unit *unit = point->history->pending[i];
		unsigned char *line = image_line(point, unit->place);
		const unsigned char *base = history_line(point->history, unit->place);
		unit_apply(unit, &cut[i], line);
		if (memcmp(line, base, EVENT_LINE))
			hash ^= line_hash(unit->place, base) ^ line_hash(unit->place, line);
	}
	return hash;
}

void point_hide(struct point *point)
{
	for (uint32_t i = 0; i < point->history->count; i++) {
		uint64_t place = point->history->pending[i]->place;
		memcpy(image_line(point, place), history_line(point->history, place), EVENT_LINE);
	}
}

int point_ask(struct point *point, const struct choice *cut, struct verdict *verdict)
{
	int error = point->judge->judge(point->judge->context, verdict);

	while (error == JUDGE_AGAIN) {
		point_show(point, cut);
		error = point->judge->judge(point->judge->context, verdict);
	}
	point_hide(point);
	return error;
}

int point_judge(struct point *point, const struct choice *cut, struct verdict *verdict)
{
	*verdict = (struct verdict){.acknowledged = point->acknowledged};
	verdict->id = point_show(point, cut);
	return point_ask(point, cut, verdict);
}
