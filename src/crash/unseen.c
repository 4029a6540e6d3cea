/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unseen.c - the first pass over a trace: finds stores that may be mixed with unseen ones (rule
 * R9)
 */
#include "crash/unseen.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "crash/sheet.h"

/*
 * A list of the stores to each line since the line was last compared; in the model page, a list
 * for each unit.
 */
struct pass {
	struct unseen *unseen;
	bool has_changed;      /* false: `changed` is not filled in, and has no meaning */
	struct sheet changed;  /* has each line or unit of which a comparison finds a change */
	struct sheet last;     /* for each line or unit: 1 + index of its newest struct note */
	struct sheet compared; /* for each line: 1 + index of the event that compared it last */
	struct note {
		uint32_t at;
		uint32_t since; /* earliest event after which an unseen store may have happened */
		uint32_t older;
	} * notes;
	uint32_t count, capacity;
	bool failed;
};

static uint64_t key_of(uint64_t at, uint64_t line)
{
	return (mix(at + 1) ^ mix(line * 3 + 1)) | 1;
}

bool unseen_drops(const struct unseen *unseen, uint64_t at, uint64_t line)
{
	return unseen->model != MODEL_PAGE &&
	       table_find(&unseen->dropped, key_of(at, line)) != NULL;
}

uint64_t unseen_holds(const struct unseen *unseen, uint64_t at, uint64_t unit)
{
	const uint64_t *until =
		unseen->model == MODEL_PAGE ? table_find(&unseen->dropped, key_of(at, unit)) : NULL;

	return until ? *until : 0;
}

bool unseen_is_dark(const struct unseen *unseen, uint64_t at)
{
	uint64_t low = 0, high = unseen->dark_count;

	while (low < high) {
		uint64_t middle = (low + high) / 2;
		if (unseen->darks[middle].to < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unseen->dark_count && unseen->darks[low].from <= at;
}

static void compared(struct pass *pass, uint64_t line)
{
	sheet_remove(&pass->last, line);
	if (!pass->last.count)
		pass->count = 0;
}

static void stored(struct pass *pass, uint64_t line, uint64_t at, uint64_t since)
{
	if (pass->has_changed && !sheet_find(&pass->changed, line))
		return;
	if (pass->count == pass->capacity) {
		uint32_t capacity = pass->capacity ? pass->capacity * 2 : 1024;
		struct note *grown = realloc(pass->notes, capacity * sizeof(*grown));
		pass->failed |= !grown;
		if (!grown)
			return;
		pass->notes = grown;
		pass->capacity = capacity;
	}
	uint32_t *last = sheet_add(&pass->last, line);
	if (!last) {
		pass->failed = true;
		return;
	}
	pass->notes[pass->count++] = (struct note){(uint32_t)at, (uint32_t)since, *last};
	*last = pass->count;
}

static void found(struct pass *pass, uint64_t line)
{
	const uint32_t *last = sheet_find(&pass->last, line);

	for (uint32_t i = last ? *last : 0; i; i = pass->notes[i - 1].older)
		pass->failed |=
			!table_add(&pass->unseen->dropped, key_of(pass->notes[i - 1].at, line));
	compared(pass, line);
}

static void each_line(
	struct pass *pass, const struct event *event, void (*call)(struct pass *, uint64_t line))
{
	uint64_t end = event->place + event->length;

	for (uint64_t at = event->place / EVENT_LINE; at * EVENT_LINE < end; at++)
		call(pass, at);
}

static void each_store(struct pass *pass, const struct event *event, uint64_t index)
{
	uint64_t end = event->place + event->length;

	for (uint64_t at = event->place / EVENT_LINE; at * EVENT_LINE < end; at++)
		stored(pass, at, index, index);
}

static void step(struct pass *pass, const struct event *event, uint64_t index)
{
	switch (event->kind) {
	case EVENT_SEEN:
		found(pass, event->place / EVENT_LINE);
		break;
	case EVENT_COPY:
		each_line(pass, event, compared);
		each_store(pass, event, index);
		break;
	case EVENT_STORE:
	case EVENT_ATOMIC:
	case EVENT_GROUP:
		each_store(pass, event, index);
		break;
	case EVENT_STREAM: /* independent of other stores (R7); its line was compared just before */
	case EVENT_FLUSH:
	case EVENT_CLFLUSH:
	case EVENT_SYNC:
		each_line(pass, event, compared);
		break;
	default:
		break;
	}
}

/* ---- the models page, byte and process: ranges of events in which a line may have changed */

static void note_compared(struct pass *pass, const struct event *event, uint64_t when)
{
	uint64_t end = event->place + event->length;

	for (uint64_t line = event->place / EVENT_LINE; line * EVENT_LINE < end; line++) {
		uint32_t *compared = sheet_add(&pass->compared, line);
		pass->failed |= !compared;
		if (compared)
			*compared = (uint32_t)when;
	}
}

static uint64_t unit_of(const struct pass *pass, uint64_t place)
{
	return model_unit(pass->unseen->model, pass->unseen->is_torn, place);
}

static void note_units(struct pass *pass, const struct event *event, uint64_t at)
{
	uint64_t last = unit_of(pass, event->place + event->length - 1);

	for (uint64_t unit = unit_of(pass, event->place); unit <= last; unit++)
		stored(pass, unit, at, at);
}

/* Holds back, until event `at`, the stores that went to the unit since event `since`. */
static void hold(struct pass *pass, uint64_t unit, uint64_t at, uint64_t since)
{
	const uint32_t *last = sheet_find(&pass->last, unit);

	for (uint32_t i = last ? *last : 0; i; i = pass->notes[i - 1].older) {
		const struct note *note = &pass->notes[i - 1];
		if (note->at < since)
			break;
		uint64_t *until = table_add(&pass->unseen->dropped, key_of(note->at, unit));
		pass->failed |= !until;
		if (until)
			*until = at;
		since = note->since < since ? note->since : since;
	}
	stored(pass, unit, at, since);
}

/* Marks a range of events, from `from` to `to`: no crash is tried before any of these. */
static void darken(struct pass *pass, uint64_t from, uint64_t to)
{
	struct unseen *unseen = pass->unseen;

	while (unseen->dark_count && unseen->darks[unseen->dark_count - 1].to >= from) {
		uint64_t older = unseen->darks[--unseen->dark_count].from;
		from = older < from ? older : from;
	}
	if (unseen->dark_count == unseen->dark_capacity) {
		uint64_t capacity = unseen->dark_capacity ? unseen->dark_capacity * 2 : 64;
		struct dark *grown = realloc(unseen->darks, capacity * sizeof(*grown));
		pass->failed |= !grown;
		if (!grown)
			return;
		unseen->darks = grown;
		unseen->dark_capacity = capacity;
	}
	unseen->darks[unseen->dark_count++] = (struct dark){from, to};
}

static void found_by_time(struct pass *pass, const struct event *event, uint64_t index)
{
	const uint32_t *compared = sheet_find(&pass->compared, event->place / EVENT_LINE);
	uint64_t since = compared ? *compared : 0;

	if (pass->unseen->model == MODEL_PAGE)
		hold(pass, unit_of(pass, event->place), index, since);
	else
		darken(pass, since + 1, index + 1);
	note_compared(pass, event, index + 1);
}

static void step_by_time(struct pass *pass, const struct event *event, uint64_t index)
{
	bool is_page = pass->unseen->model == MODEL_PAGE;

	switch (event->kind) {
	case EVENT_SEEN:
		found_by_time(pass, event, index);
		break;
	case EVENT_COPY:
	case EVENT_STREAM:
		note_compared(pass, event, index);
		/* fallthrough */
	case EVENT_STORE:
	case EVENT_ATOMIC:
	case EVENT_GROUP:
		if (is_page && event->length)
			note_units(pass, event, index);
		break;
	case EVENT_FLUSH:
	case EVENT_CLFLUSH:
	case EVENT_SYNC:
		note_compared(pass, event, index);
		break;
	default:
		break;
	}
}

/*
 * Finds the lines or units of which stores need notes. If very many stores are recorded, most notes
 * would be of other lines.
 */
static void find_changed(struct pass *pass, const struct trace *trace)
{
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		if (event->kind == EVENT_SEEN)
			pass->failed |= !sheet_add(&pass->changed,
				pass->unseen->model == MODEL_PAGE ? unit_of(pass, event->place)
								  : event->place / EVENT_LINE);
	pass->has_changed = true;
}

int unseen_init(struct unseen *unseen, const struct trace *trace, enum model model, bool is_torn)
{
	struct pass pass = {.unseen = unseen};

	*unseen = (struct unseen){.model = model, .is_torn = is_torn};
	if (!trace->seen)
		return 0;
	if (trace->stores > trace->seen)
		find_changed(&pass, trace);
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		if (model == MODEL_PAGE || model_is_at_once(model))
			step_by_time(&pass, event, trace_index(trace, event));
		else
			step(&pass, event, trace_index(trace, event));
	free(pass.notes);
	sheet_fini(&pass.changed);
	sheet_fini(&pass.last);
	sheet_fini(&pass.compared);
	if (!pass.failed)
		return 0;
	unseen_fini(unseen);
	return err_set(-ENOMEM, "out of memory for the stores of a trace");
}

void unseen_fini(struct unseen *unseen)
{
	table_fini(&unseen->dropped);
	free(unseen->darks);
	unseen->darks = NULL;
}
