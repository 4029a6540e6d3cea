/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * around.c - if no pending store explains why the check fails, find a store that does: one that is
 * already durable, or one that comes after the crash
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/point.h"

#define AHEAD 64u /* maximum number of stores after the crash that are tried */

static const struct retired *retired_before(const struct history *history, uint64_t back)
{
	return &history->retired[(history->retired_count - back) % HISTORY_RETIRED];
}

/* In the image, undoes the last `count` changes that became durable; each changed one line. */
static void show_back(const struct point *point, const struct cut *cut, uint64_t count)
{
	for (uint64_t back = 1; back <= count; back++) {
		const struct retired *retired = retired_before(point->history, back);
		memcpy(point_image(point, retired->place), retired->before, EVENT_LINE);
	}
	point_apply(point, cut);
}

static void hide_back(const struct point *point, uint64_t count)
{
	for (uint64_t back = 1; back <= count; back++) {
		uint64_t place = retired_before(point->history, back)->place;
		memcpy(point_image(point, place), history_line(point->history, place), EVENT_LINE);
	}
}

static bool is_store(const struct event *event)
{
	return event->kind >= EVENT_STORE && event->kind <= EVENT_SEEN && event->length;
}

static const struct event *next_store(const struct point *point, const struct event *event)
{
	while (event && !is_store(event))
		event = trace_next(point->trace, event);
	return event;
}

static const struct event *here(const struct point *point)
{
	return point->at < point->trace->count ? point->trace->slots + point->at : NULL;
}

/* Executes the next `count` stores of the trace in the image. */
static void show_ahead(const struct point *point, const struct cut *cut, uint64_t count)
{
	const struct event *event = next_store(point, here(point));

	(void)cut;
	for (; event && count--; event = next_store(point, trace_next(point->trace, event)))
		memcpy(point_image(point, event->place),
			event_has_payload(event->kind) ? event_payload(event)
						       : (const unsigned char *)&event->value,
			event->length);
}

static void hide_ahead(const struct point *point, uint64_t count)
{
	const struct event *event = next_store(point, here(point));

	for (; event && count--; event = next_store(point, trace_next(point->trace, event)))
		memcpy(point_image(point, event->place), history_line(point->history, event->place),
			event->length);
}

struct way {
	void (*show)(const struct point *, const struct cut *, uint64_t count);
	void (*hide)(const struct point *, uint64_t count);
};

/*
 * Finds how many stores have to be undone or added until the check passes. Sets *count to 0 if it
 * still fails after `most` of them.
 */
static int steps(struct point *point, const struct cut *cut, const struct way *way, uint64_t most,
	uint64_t *count)
{
	const struct judge *judge = point->judge;

	*count = 0;
	for (uint64_t i = 1; i <= most && !(judge->enough && judge->enough(judge->context)); i++) {
		struct verdict verdict = point_question(point);
		int error;
		do {
			point_show(point, cut);
			way->show(point, cut, i);
			error = judge->judge(judge->context, &verdict);
			point_hide(point);
			way->hide(point, i);
		} while (error == JUDGE_AGAIN);
		if (error)
			return error;
		free(verdict.words);
		if (!verdict.status) {
			*count = i;
			return 0;
		}
	}
	return 0;
}

int look_back(struct point *point, const struct cut *cut, struct suspect *early)
{
	const struct history *history = point->history;
	uint64_t count, most = history->retired_count;
	int error = steps(point, cut, &(struct way){show_back, hide_back},
		most < HISTORY_RETIRED ? most : HISTORY_RETIRED, &count);

	if (error || !count)
		return error;
	const struct retired *retired = retired_before(history, count);
	*early = (struct suspect){.is_there = true,
		.at = retired->newest.at,
		.place = retired->newest.place,
		.length = retired->newest.length,
		.stack = retired->newest.stack,
		.flags = retired->newest.flags | ELEMENT_DURABLE};
	return 0;
}

int look_ahead(struct point *point, struct suspect *lost)
{
	const struct event *event = next_store(point, here(point));
	struct cut all = {0};
	uint64_t count, most = 0;

	if (!cut_fill(&all, point->history->count, RULE_ALL, 0))
		return err_set(-ENOMEM, "out of memory for a crash image");

	for (const struct event *at = event; at && most < AHEAD; most++)
		at = next_store(point, trace_next(point->trace, at));
	int error = steps(point, &all, &(struct way){show_ahead, hide_ahead}, most, &count);
	cut_fini(&all);
	if (error || !count)
		return error;
	while (--count)
		event = next_store(point, trace_next(point->trace, event));
	*lost = (struct suspect){.is_there = true,
		.at = trace_index(point->trace, event),
		.place = event->place,
		.length = (uint32_t)event->length,
		.stack = event->stack,
		.flags = SUSPECT_LATER | (event->kind == EVENT_SEEN ? ELEMENT_SEEN : 0u)};
	return 0;
}
