/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explore.c - go through a trace, and try cuts (plan.h) at each crash point
 *
 * The signature of a crash point is the set of call stacks of the pending stores, with the call
 * stack of the event that would make some of them durable: crash points that differ only in data
 * are likely to fail in the same way. The more crash points with the same signature there are, the
 * fewer images each later one gets. There are ROUNDS passes over the trace; pass n tries the n-th
 * crash point of each signature: so, if time or images run out, every signature was tried before
 * any was tried twice. A pass is left out if no signature has that many crash points.
 *
 * The shape of a crash point is its signature with the number of pending units. Data that reaches
 * into one more line may show a mistake for the first time, so the second pass also tries the first
 * crash point of each shape that the first pass has not tried.
 *
 * If the storage tears lines or pages (is_torn), a second exploration follows, with smaller units.
 */
#include "crash/explore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/exploration.h"
#include "crash/plan.h"

#define TELL   4096u /* tell the judge how far it is once in so many events */
#define ROUNDS 4 /* passes over the trace; each has a quarter of the budget of the previous one */

static void settled(void *context, uint64_t place, const unsigned char *before)
{
	struct exploration *exploration = context;
	struct point *point = &exploration->point;
	const unsigned char *line = history_line(&exploration->history, place);

	point->base_hash ^= line_hash(place, before) ^ line_hash(place, line);
	for (unsigned worker = 0; worker <= point->memories->more_count; worker++)
		memcpy(memories_image(point->memories, worker)[place_file(place) - 1] +
				place_offset(place),
			line, EVENT_LINE);
}

static uint64_t key_of(const struct exploration *exploration)
{
	return mix(exploration->history.stack_sum ^ mix(exploration->point.stack + 5)) | 1;
}

static struct signature *signature_of(struct exploration *exploration)
{
	uint64_t key = key_of(exploration);
	uint64_t *found = table_add(&exploration->signatures, key);

	if (!found)
		return NULL;
	if (!*found) {
		uint64_t count = exploration->known_count;
		if (!(count & (count + 1))) { /* the array is full: make room for twice as many */
			struct signature *grown = realloc(
				exploration->known, (count + 1) * 2 * sizeof(*exploration->known));
			if (!grown)
				return NULL;
			exploration->known = grown;
		}
		exploration->known[count] = (struct signature){0};
		*found = ++exploration->known_count;
	}
	return &exploration->known[*found - 1];
}

/* Returns the number of pending units; if it is large, its number of binary digits instead. */
static uint64_t size_class(uint32_t units)
{
	return units < 8 ? units : 40u - (unsigned)__builtin_clz(units);
}

/* Should images be tried at this crash point, of the signature `here`? */
static bool is_its_turn(struct exploration *exploration)
{
	uint64_t shape = mix(key_of(exploration) + size_class(exploration->history.count)) | 1;
	bool is_turn =
		exploration->here->met++ == exploration->round || exploration->options->exhaustive;

	if (!is_turn && exploration->round != 1)
		return false;
	uint64_t *tried = table_add(&exploration->shapes, shape);
	is_turn |= tried && !*tried;
	if (tried)
		*tried = true;
	return is_turn;
}

static uint64_t budget_of(const struct exploration *exploration)
{
	uint64_t budget = exploration->options->budget;

	if (exploration->options->exhaustive)
		return UINT64_MAX;
	for (uint64_t i = 0; i < exploration->round; i++)
		budget /= 4;
	return budget ? budget : exploration->round < ROUNDS;
}

/*
 * Returns the maximum number of bytes that the program may have written to standard output at this
 * event. Only fences and the end of the trace record this number, so it is taken from the next of
 * these events.
 */
static uint64_t most_acknowledged(const struct trace *trace, const struct event *event)
{
	for (; event; event = trace_next(trace, event))
		if (event->kind == EVENT_FENCE || event->kind == EVENT_SYNC)
			return event->value;
	return trace->output_size;
}

static int stop_at(struct exploration *exploration, uint64_t at, const struct event *event)
{
	struct point *point = &exploration->point;

	point->at = at;
	point->stack = event ? event->stack : 0;
	if (!event)
		point->acknowledged = point->trace->output_size;
	if (event && (event->kind == EVENT_FENCE || event->kind == EVENT_SYNC))
		point->acknowledged = event->value;
	point->at_most = most_acknowledged(point->trace, event);
	exploration->here = signature_of(exploration);
	if (!exploration->here)
		return err_set(-ENOMEM, "out of memory for the list of kinds of crash points");
	bool is_turn = is_its_turn(exploration);
	if (exploration->here->met > exploration->most_met)
		exploration->most_met = exploration->here->met;
	bool counts = !exploration->round && !exploration->is_torn;
	exploration->explored->points += counts;
	if (!is_turn || trial_is_over(exploration) || unseen_is_dark(&exploration->unseen, at))
		return 0;
	exploration->explored->covered += counts && exploration->here->met == 1;
	uint64_t images = exploration->explored->images;
	exploration->left = budget_of(exploration);
	exploration->attempts =
		exploration->options->exhaustive ? UINT64_MAX : exploration->left * 8;
	exploration->stops++;
	int error = plan_run(&exploration->history, exploration->left,
		exploration->options->seed ^ mix(at), trial_cut, exploration);
	trial_end_all(exploration);
	bugs_count_looked(exploration, exploration->explored->images - images);
	return error ? error : exploration->error;
}

static void count_event(struct explored *explored, const struct event *event)
{
	explored->seen += event->kind == EVENT_SEEN;
	explored->flushes += event->kind == EVENT_FLUSH;
	explored->fences += event->kind == EVENT_FENCE;
	explored->copies += event->kind == EVENT_COPY || event->kind == EVENT_STREAM;
	explored->stores +=
		event->length && (event->kind == EVENT_STORE || event->kind == EVENT_ATOMIC ||
					 event->kind == EVENT_GROUP);
}

static int go_through(struct exploration *exploration)
{
	const struct trace *trace = exploration->point.trace;
	struct history *history = &exploration->history;
	uint64_t passed = 0;
	int error = 0;

	for (const struct event *event = trace_first(trace); event && !error;
		event = trace_next(trace, event)) {
		if (!exploration->round && !exploration->is_torn)
			count_event(exploration->explored, event);
		if (event->kind == EVENT_MARK || history_completes(history, event))
			error = stop_at(exploration, trace_index(trace, event), event);
		exploration->marks += event->kind == EVENT_MARK;
		if (!(++passed % TELL))
			trial_progress(exploration, trace_index(trace, event));
		if (!error)
			error = history_step(history, event);
	}
	if (!error)
		error = stop_at(exploration, trace->count, NULL);
	exploration->explored->unflushed = history->count;
	return error;
}

static int run_round(struct exploration *exploration)
{
	struct point *point = &exploration->point;

	explore_rewind(point->trace, point->memories);
	point->base_hash = 0;
	for (uint64_t i = 0; i < exploration->known_count; i++)
		exploration->known[i].met = 0;
	exploration->marks = point->acknowledged = 0;
	history_init(&exploration->history, point->trace, &exploration->unseen,
		point->memories->base, settled, exploration);
	exploration->history.whole = exploration->is_torn ? &exploration->whole : NULL;
	exploration->history.is_posix = exploration->options->is_posix;
	exploration->history.links.is_off = exploration->options->only_pieces;
	if (exploration->options->many)
		exploration->history.many = exploration->options->many;
	int error = go_through(exploration);
	history_fini(&exploration->history);
	return error;
}

static int run_rounds(struct exploration *exploration)
{
	struct explored *explored = exploration->explored;
	int error = unseen_init(&exploration->unseen, exploration->point.trace,
		exploration->options->model, exploration->is_torn);

	if (!error && exploration->is_torn)
		error = unseen_init(&exploration->whole, exploration->point.trace,
			exploration->options->model, false);

	exploration->rounds = exploration->options->exhaustive ? 1 : ROUNDS;
	exploration->most_met = 1;
	for (exploration->round = 0;
		!error && exploration->round < exploration->rounds &&
		exploration->round < exploration->most_met && !explored->was_ended;
		exploration->round++)
		error = run_round(exploration);
	if (!exploration->is_torn)
		explored->signatures = exploration->known_count;
	unseen_fini(&exploration->unseen);
	unseen_fini(&exploration->whole);
	table_fini(&exploration->signatures);
	table_fini(&exploration->shapes);
	free(exploration->known);
	exploration->known = NULL;
	exploration->known_count = 0;
	return error;
}

int explore(const struct trace *trace, struct memories *memories,
	const struct explore_options *options, const struct judge *judge, struct explored *explored)
{
	struct exploration exploration = {.options = options, .explored = explored};

	*explored = (struct explored){0};
	exploration.point.trace = trace;
	exploration.point.history = &exploration.history;
	exploration.point.judge = judge;
	exploration.point.memories = memories;
	exploration.given = calloc(judge->workers + 1u, sizeof(*exploration.given));
	int error = exploration.given ? run_rounds(&exploration)
				      : err_set(-ENOMEM, "out of memory for workers");
	exploration.is_torn = true;
	if (!error && options->is_torn && !explored->was_ended)
		error = run_rounds(&exploration);
	bugs_sort(explored);
	explore_rewind(trace, memories);
	table_fini(&exploration.tried);
	for (unsigned i = 0; exploration.given && i < judge->workers; i++)
		cut_fini(&exploration.given[i].cut);
	free(exploration.given);
	return error;
}
