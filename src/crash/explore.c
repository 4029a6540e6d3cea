/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explore.c - go through a trace, and try cuts (plan.h) at each crash point
 *
 * The signature of a crash point is the set of call stacks of the pending stores, with the call
 * stack of the event that would make some of them durable: crash points that differ only in data
 * are likely to fail in the same way. The budget of a signature falls each time that it is met.
 * There are ROUNDS passes over the trace, the n-th for the n-th meeting of each signature: so a
 * limit on time or images cuts off no signature that has not been tried once.
 *
 * Images are judged by workers in turn, and verdicts are taken in the order in which the images
 * were made. So the result is the same for any number of workers.
 *
 * If the storage tears lines or pages (is_torn), a second exploration follows, with smaller units.
 */
#include "crash/explore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crash/plan.h"
#include "crash/point.h"

#define ROUNDS 4 /* each round has a quarter of the budget of the previous one; after the last: 0 */
#define SHRUNK 6 /* maximum number of failing images of one signature that are analysed */

/* A signature, and its results so far. */
struct signature {
	uint64_t met; /* how often it was met in this round */
	uint64_t shrunk;
	uint64_t bug; /* number of the last bug found there, plus 1 */
};

/* An image that was given to a worker. */
struct given {
	bool is_there;
	struct choice *cut;
	size_t capacity;
	struct verdict verdict;
};

struct exploration {
	struct point point;
	struct history history;
	struct unseen unseen, whole;
	const struct explore_options *options;
	struct explored *explored;
	struct table signatures; /* index in `known` of each signature, plus 1 */
	struct signature *known;
	uint64_t known_count;
	struct table tried;  /* hashes of images that were judged */
	struct given *given; /* by worker: its image */
	unsigned turn;       /* index of the worker that is next */
	bool is_torn;
	struct signature *here;
	uint64_t marks, round, left, attempts;
	uint64_t stops; /* visits to crash points, in all rounds */
	int error;
};

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

/* ---- bugs */

static bool is_torn_bug(const struct bug *bug)
{
	return bug->cause == CAUSE_TORN_LINE || bug->cause == CAUSE_TORN_PAGE;
}

/*
 * Are the same stores to blame? A bug that was found without tearing is the same one if found with
 * it.
 */
static bool is_same_bug(const struct bug *a, const struct bug *b)
{
	return (a->cause == b->cause || is_torn_bug(b)) && a->lost.is_there == b->lost.is_there &&
	       a->early.is_there == b->early.is_there && a->lost.stack == b->lost.stack &&
	       a->early.stack == b->early.stack && (a->lost.is_there || a->stack == b->stack);
}

/* Adds the bug, or counts it with the same bug. Returns its number plus 1; 0: no memory. */
static uint64_t keep_bug(struct explored *explored, const struct bug *bug)
{
	for (unsigned i = 0; i < explored->bug_count; i++)
		if (is_same_bug(&explored->bugs[i], bug))
			return i + 1;
	struct bug *grown =
		realloc(explored->bugs, (explored->bug_count + 1) * sizeof(*explored->bugs));
	if (!grown)
		return 0;
	explored->bugs = grown;
	grown[explored->bug_count] = *bug;
	if (bug->words)
		grown[explored->bug_count].words = strdup(bug->words);
	if (bug->name)
		grown[explored->bug_count].name = strdup(bug->name);
	return ++explored->bug_count;
}

/* Shrinks a failing cut and names the stores to blame. */
static int look_into(
	struct exploration *exploration, const struct choice *cut, const struct verdict *verdict)
{
	struct point *point = &exploration->point;
	struct bug bug = {.status = verdict->status,
		.words = verdict->words,
		.id = verdict->id,
		.at = point->at,
		.stack = point->stack};
	size_t size = (exploration->history.count + 1u) * sizeof(*cut);
	struct choice *small = malloc(size);
	bool complete;

	if (!small)
		return err_set(-ENOMEM, "no memory for a cut");
	memcpy(small, cut, size - sizeof(*cut));
	int error = shrink(point, small, verdict->status, &complete);
	if (!error)
		error = blame(point, small, complete, &bug);
	if (!error && history_tears(&exploration->history, small))
		bug.cause = exploration->history.model == MODEL_PAGE ? CAUSE_TORN_PAGE
								     : CAUSE_TORN_LINE;
	if (!error) {
		bug.id = point_show(point, small);
		point_hide(point);
		bug.name = point_name(point, small);
		exploration->here->bug = keep_bug(exploration->explored, &bug);
		free(bug.name);
		if (!exploration->here->bug)
			error = err_set(-ENOMEM, "no memory for a bug");
	}
	free(small);
	return error;
}

static int failed(
	struct exploration *exploration, const struct choice *cut, const struct verdict *verdict)
{
	int error = 0;

	exploration->explored->failing++;
	if (exploration->here->shrunk < SHRUNK) {
		exploration->here->shrunk++;
		error = look_into(exploration, cut, verdict);
	}
	if (error || !exploration->here->bug)
		return error;
	struct bug *bug = &exploration->explored->bugs[exploration->here->bug - 1];
	bug->images++;
	bug->point = exploration->stops;
	return 0;
}

/* ---- images */

/* Was an equal image judged before, with as much output acknowledged? */
static bool is_known(struct exploration *exploration, uint64_t hash)
{
	uint64_t key = mix(hash ^ mix(exploration->point.acknowledged + 1) ^
			       mix(exploration->marks * 7 + 3)) |
		       1;
	uint64_t *found = table_add(&exploration->tried, key);

	if (!found) {
		exploration->error = err_set(-ENOMEM, "no memory to remember images");
		return true;
	}
	return (*found)++ > 0;
}

static bool is_over(struct exploration *exploration)
{
	const struct explore_options *options = exploration->options;
	const struct judge *judge = exploration->point.judge;

	if (!exploration->explored->was_ended)
		exploration->explored->was_ended =
			(options->images && exploration->explored->images >= options->images) ||
			(judge->enough && judge->enough(judge->context));
	return exploration->explored->was_ended;
}

static bool judge_now(
	struct exploration *exploration, const struct choice *cut, struct verdict *verdict)
{
	exploration->error = point_ask(&exploration->point, cut, verdict);
	if (!exploration->error && verdict->status)
		exploration->error = failed(exploration, cut, verdict);
	free(verdict->words);
	return !exploration->error;
}

/* Waits for a worker's verdict of its image. */
static bool take_verdict(struct exploration *exploration, unsigned worker)
{
	struct given *given = &exploration->given[worker];
	struct point *point = &exploration->point;
	const struct judge *judge = point->judge;

	if (!given->is_there)
		return true;
	given->is_there = false;
	point->worker = worker;
	int error = judge->end(judge->context, worker, &given->verdict);
	if (error == JUDGE_AGAIN) {
		point_show(point, given->cut);
		return judge_now(exploration, given->cut, &given->verdict);
	}
	point_hide(point);
	if (!error && given->verdict.status)
		error = failed(exploration, given->cut, &given->verdict);
	if (error <= 0)
		free(given->verdict.words);
	exploration->error = error;
	return !error;
}

/* Takes all outstanding verdicts, the oldest first. */
static void take_verdicts(struct exploration *exploration)
{
	unsigned workers = exploration->point.judge->workers;

	for (unsigned i = 0; i < workers && !exploration->error; i++)
		take_verdict(exploration, (exploration->turn + i) % workers);
}

static bool give(
	struct exploration *exploration, const struct choice *cut, const struct verdict *verdict)
{
	struct given *given = &exploration->given[exploration->turn];
	const struct judge *judge = exploration->point.judge;
	size_t count = exploration->history.count + 1u;

	if (count > given->capacity) {
		struct choice *grown = realloc(given->cut, 2 * count * sizeof(*grown));
		if (!grown) {
			exploration->error = err_set(-ENOMEM, "no memory for a cut");
			return false;
		}
		given->cut = grown;
		given->capacity = 2 * count;
	}
	memcpy(given->cut, cut, (count - 1) * sizeof(*cut));
	given->verdict = *verdict;
	exploration->error = judge->begin(judge->context, exploration->turn, verdict);
	given->is_there = !exploration->error;
	exploration->turn = (exploration->turn + 1) % judge->workers;
	return given->is_there;
}

static bool try_cut(void *context, const struct choice *cut)
{
	struct exploration *exploration = context;
	struct point *point = &exploration->point;
	bool has_workers = point->judge->workers;

	if (!exploration->left || !exploration->attempts-- || is_over(exploration))
		return false;
	if (has_workers && !take_verdict(exploration, exploration->turn))
		return false;
	point->worker = exploration->turn;
	struct verdict verdict = point_question(point);
	verdict.id = point_show(point, cut);
	if (is_known(exploration, verdict.id)) {
		point_hide(point);
		exploration->explored->same++;
		return !exploration->error;
	}
	exploration->left--;
	exploration->explored->images++;
	return has_workers ? give(exploration, cut, &verdict)
			   : judge_now(exploration, cut, &verdict);
}

/* ---- crash points */

static struct signature *signature_of(struct exploration *exploration)
{
	uint64_t key = mix(exploration->history.stack_sum ^ mix(exploration->point.stack + 5)) | 1;
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

static uint64_t budget_of(const struct exploration *exploration)
{
	uint64_t budget = exploration->options->budget;

	if (exploration->options->exhaustive)
		return UINT64_MAX;
	for (uint64_t i = 0; i < exploration->round; i++)
		budget /= 4;
	return budget ? budget : exploration->round < ROUNDS;
}

static void count_looked(struct exploration *exploration, uint64_t images)
{
	struct explored *explored = exploration->explored;

	for (unsigned i = 0; i < explored->bug_count; i++)
		if (explored->bugs[i].point == exploration->stops)
			explored->bugs[i].looked += images;
}

/*
 * Upper bound of the bytes written to standard output at this event. Only fences and the end of
 * the trace record the number: the next of these has it.
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
		return err_set(-ENOMEM, "no memory for signatures");
	bool is_its_turn =
		exploration->here->met++ == exploration->round || exploration->options->exhaustive;
	bool counts = !exploration->round && !exploration->is_torn;
	exploration->explored->points += counts;
	if (!is_its_turn || is_over(exploration) || unseen_is_dark(&exploration->unseen, at))
		return 0;
	exploration->explored->covered += counts && exploration->here->met == 1;
	uint64_t images = exploration->explored->images;
	exploration->left = budget_of(exploration);
	exploration->attempts =
		exploration->options->exhaustive ? UINT64_MAX : exploration->left * 8;
	exploration->stops++;
	int error = plan_run(&exploration->history, exploration->left,
		exploration->options->seed ^ mix(at), try_cut, exploration);
	take_verdicts(exploration);
	count_looked(exploration, exploration->explored->images - images);
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
	int error = 0;

	for (const struct event *event = trace_first(trace); event && !error;
		event = trace_next(trace, event)) {
		if (!exploration->round && !exploration->is_torn)
			count_event(exploration->explored, event);
		if (event->kind == EVENT_MARK || history_completes(history, event))
			error = stop_at(exploration, trace_index(trace, event), event);
		exploration->marks += event->kind == EVENT_MARK;
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
	int error = go_through(exploration);
	history_fini(&exploration->history);
	return error;
}

static int run_rounds(struct exploration *exploration)
{
	struct explored *explored = exploration->explored;
	uint64_t rounds = exploration->options->exhaustive ? 1 : ROUNDS;
	int error = unseen_init(&exploration->unseen, exploration->point.trace,
		exploration->options->model, exploration->is_torn);

	if (!error && exploration->is_torn)
		error = unseen_init(&exploration->whole, exploration->point.trace,
			exploration->options->model, false);

	exploration->round = 0;
	for (; !error && exploration->round < rounds && !explored->was_ended; exploration->round++)
		error = run_round(exploration);
	if (!exploration->is_torn)
		explored->signatures = exploration->known_count;
	unseen_fini(&exploration->unseen);
	unseen_fini(&exploration->whole);
	table_fini(&exploration->signatures);
	free(exploration->known);
	exploration->known = NULL;
	exploration->known_count = 0;
	return error;
}

/* Sorts bugs so that those which need storage that tears come last. */
static void sort_bugs(struct explored *explored)
{
	for (unsigned i = 0; i < explored->bug_count; i++)
		for (unsigned j = i; j && is_torn_bug(&explored->bugs[j - 1]) &&
				     !is_torn_bug(&explored->bugs[j]);
			j--) {
			struct bug bug = explored->bugs[j];
			explored->bugs[j] = explored->bugs[j - 1];
			explored->bugs[j - 1] = bug;
		}
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
				      : err_set(-ENOMEM, "no memory for workers");
	exploration.is_torn = true;
	if (!error && options->is_torn && !explored->was_ended)
		error = run_rounds(&exploration);
	sort_bugs(explored);
	explore_rewind(trace, memories);
	table_fini(&exploration.tried);
	for (unsigned i = 0; exploration.given && i < judge->workers; i++)
		free(exploration.given[i].cut);
	free(exploration.given);
	return error;
}

void explored_fini(struct explored *explored)
{
	for (unsigned i = 0; i < explored->bug_count; i++) {
		free(explored->bugs[i].words);
		free(explored->bugs[i].name);
	}
	free(explored->bugs);
	*explored = (struct explored){0};
}
