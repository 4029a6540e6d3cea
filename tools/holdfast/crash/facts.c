/* SPDX-License-Identifier: BSD-3-Clause */
/* facts.c - collect the facts that a report contains, whatever its format */
#include "holdfast/tool.h"
#include "facts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* ---- texts */

static char *words_of(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

static char *words_of(const char *format, ...)
{
	char *words;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&words, format, ap) < 0)
		words = NULL;
	va_end(ap);
	return words_clean(words);
}

void status_words(int status, char *words, size_t size)
{
	if (status == VERDICT_DEADLINE)
		snprintf(words, size, "past its deadline");
	else if (status == VERDICT_DIFFERS)
		snprintf(words, size, "another state");
	else if (WIFSIGNALED(status))
		snprintf(words, size, "signal %d", WTERMSIG(status));
	else
		snprintf(words, size, "exit %d", WEXITSTATUS(status));
}

/*
 * Describes at which level of detail the program's stores were observed. The level of the least
 * observed part counts.
 */
static char *level_words(const struct explored *explored, enum model model)
{
	if (model == MODEL_MIRROR)
		return words_of(
			"the mirror only: each word that was sent to it was recorded individually");
	if (explored->seen && explored->stores)
		return words_of(
			"levels 0 and 1: %llu stores were recorded individually; %llu changes of cache lines, made by code that "
			"holdfast cc has not built, were found by comparing memory, which does not show their single stores",
			(unsigned long long)explored->stores, (unsigned long long)explored->seen);
	return words_of("%s",
		explored->seen
			? "level 0: stores between two flushes of a line were not told apart (holdfast cc tells them apart)"
		: explored->stores ? "level 1: each store was recorded individually"
		: explored->copies ? "level 1: all stores were copies and fills by library calls"
				   : "no store was recorded");
}

/* ---- bugs */

static const char *state_words(const struct suspect *suspect, bool is_lost, enum model model)
{
	if (suspect->flags & SUSPECT_LATER && model == MODEL_MIRROR)
		return "not sent yet";
	if (suspect->flags & SUSPECT_LATER)
		return suspect->flags & ELEMENT_SEEN ? "not known to be stored yet"
						     : "not stored yet";
	if (suspect->flags & ELEMENT_DURABLE)
		return "durable";
	if (suspect->flags & ELEMENT_FLUSHED)
		return "flushed, not drained";
	if (suspect->flags & ELEMENT_STREAM && model == MODEL_MIRROR)
		return "sent to the mirror, not drained";
	if (suspect->flags & ELEMENT_STREAM)
		return "stored past the caches (streaming), not drained";
	if (model == MODEL_PAGE)
		return is_lost ? "not synced" : "not synced: it may be written back at any time";
	return is_lost ? "not flushed" : "not flushed: its line may be evicted at any time";
}

/*
 * True if the lost store, which did not survive the crash, may have been made before the early one,
 * which survived, and to another cache line.
 */
static bool may_be_older(const struct suspect *lost, const struct suspect *early)
{
	if (!early->is_there || lost->place / EVENT_LINE == early->place / EVENT_LINE)
		return false;
	return lost->flags & SUSPECT_LATER ? lost->flags & ELEMENT_SEEN : lost->at < early->at;
}

static const char *repair_words(const struct bug *bug, enum model model)
{
	bool is_under_way = bug->lost.flags & (ELEMENT_FLUSHED | ELEMENT_STREAM);

	if (bug->cause == CAUSE_ATOMICITY && may_be_older(&bug->lost, &bug->early))
		return "make the lost store durable first, and let the program make the early store after that; or "
		       "use one store of 8 bytes that makes the whole update valid, or a log";
	if (bug->cause == CAUSE_ORDER && !is_under_way)
		return fact_causes[CAUSE_EVICTION].repair;
	if (model == MODEL_MIRROR && bug->cause == CAUSE_DRAIN)
		return "drain the lane on which the lost store was sent, before the program makes a store that relies on it";
	if (model == MODEL_MIRROR && bug->cause == CAUSE_ORDER)
		return "drain the lane of the lost store before the program sends the early store";
	if (model == MODEL_MIRROR && bug->cause == CAUSE_RECOVERY)
		return "send and drain what the check misses before the program relies on it; or correct the program's recovery";
	if (model == MODEL_PAGE && bug->cause == CAUSE_FLUSH)
		return bug->lost.flags & ELEMENT_NAMES
			       ? "sync the directory; on an ordered file system, syncing the file is enough"
			       : "sync the lost store before the program makes a store that relies on it";
	return fact_causes[bug->cause].repair;
}

static void find_calls(const struct trace *trace, uint32_t stack, struct calls *calls, char **words)
{
	place_find(trace, stack, calls);
	for (unsigned i = 0; i < calls->count; i++) {
		words_clean(calls->list[i].file);
		words_clean(calls->list[i].function);
	}
	words_clean(calls->bare);
	*words = place_calls_words(calls);
}

/* Sets store->file to the name of the file whose name or size the event changes. */
static void name_store(
	const struct trace *trace, const struct suspect *suspect, struct fact_store *store)
{
	const struct event *event = trace->slots + suspect->at;
	const unsigned char *changes = event_payload(event);
	unsigned file = (unsigned)event->value;
	struct name_change change;
	struct collected words;
	FILE *to = collect_begin(&words);

	store->what = event->size ? "size" : "name";
	store->offset = 0;
	for (uint64_t i = event->length / sizeof(change); i-- > 0;) {
		memcpy(&change, changes + i * sizeof(change), sizeof(change));
		char *name = event->size ? NULL : trace_name(trace, change.word);
		if (name)
			fprintf(to, "%s%s", ftell(to) ? ", " : "", name);
		free(name);
	}
	if (event->size && file && file <= trace->file_count)
		fputs(file_base_name(trace, file), to);
	store->file = words_clean(collect_end(&words));
}

static void make_store(const struct trace *trace, const struct suspect *suspect, bool is_lost,
	enum model model, struct fact_store *store)
{
	*store = (struct fact_store){.is_there = suspect->is_there,
		.is_found = suspect->flags & ELEMENT_SEEN,
		.is_flushed = suspect->flags & ELEMENT_FLUSHED,
		.offset = place_offset(suspect->place),
		.length = suspect->length,
		.what = "data"};
	if (!suspect->is_there)
		return;
	if (suspect->flags & ELEMENT_NAMES)
		name_store(trace, suspect, store);
	else
		store->file = words_of("%s", file_base_name(trace, place_file(suspect->place)));
	store->state = state_words(suspect, is_lost, model);
	find_calls(trace, suspect->stack, &store->calls, &store->words);
}

/* Returns a command that makes the image again, or NULL if the trace was not saved. */
static char *again_words(const struct options *options, const char *image)
{
	const char *trace = options->save ? options->save : options->replay;
	bool is_usual = options->explore.model == MODEL_CACHE_LINE;

	if (!trace || !image)
		return NULL;
	return words_of("holdfast crash --replay=%s%s%s --image=%s -o FILE", trace,
		is_usual ? "" : " --model=", is_usual ? "" : model_name(options->explore.model),
		image);
}

static void make_bug(const struct findings *findings, const struct bug *bug, struct fact_bug *fact)
{
	const struct trace *trace = &findings->run->trace;
	enum model model = findings->options->explore.model;
	char status[64];

	status_words(bug->status, status, sizeof(status));
	fact->cause = bug->cause;
	fact->name = fact_causes[bug->cause].name;
	fact->repair = repair_words(bug, model);
	fact->status = words_of("%s", status);
	fact->output = bug->words ? words_of("%s", bug->words) : NULL;
	fact->failing = bug->images;
	fact->images = bug->looked;
	fact->image = bug->name ? words_of("%s", bug->name) : NULL;
	fact->again = again_words(findings->options, bug->name);
	fact->event = bug->at;
	fact->is_at_end = bug->at >= trace->count;
	find_calls(trace, bug->stack, &fact->crash, &fact->crash_words);
	make_store(trace, &bug->lost, true, model, &fact->lost);
	make_store(trace, &bug->early, false, model, &fact->early);
}

/* ---- what could not be observed */

static bool has_missed(const struct trace *trace)
{
	uint64_t times = 0;

	for (unsigned way = 0; way < MISSED_WAYS; way++)
		times += trace->missed[way].times;
	return times > 0;
}

bool is_blind(const struct findings *findings)
{
	return findings->explored->seen || findings->run->lost_slots ||
	       findings->run->failed_maps || findings->run->failed_names ||
	       findings->run->file_gone || findings->run->trace.probes.refused ||
	       has_missed(&findings->run->trace);
}

/* Adds the instructions that were not probed to the list of what could not be observed. */
static void add_refusals(const struct fact_probes *probes, struct fact_blind *blind)
{
	for (unsigned i = 0; i < probes->count; i++)
		blind->words[blind->count++] = words_of("%s", probes->refusals[i].words);
	if (probes->count < probes->refused)
		blind->words[blind->count++] =
			words_of("%llu more raw instructions that are not probed",
				(unsigned long long)probes->refused - probes->count);
}

static void make_blind(const struct findings *findings, struct fact_blind *blind)
{
	const struct run *run = findings->run;

	*blind = (struct fact_blind){.found = findings->explored->seen,
		.found_after_end = run->lines_at_end,
		.maps = run->failed_maps,
		.names = run->failed_names,
		.records = run->lost_slots,
		.is_gone = run->file_gone};
	if (blind->found)
		blind->words[blind->count++] = words_of(
			"stores found only by comparing memory: a cache line had changed %llu times, %llu of them after the end of the program; the order of the stores inside a line is not known",
			(unsigned long long)blind->found,
			(unsigned long long)blind->found_after_end);
	if (blind->maps)
		blind->words[blind->count++] =
			words_of("maps or changes of files that could not be recorded: %llu",
				(unsigned long long)blind->maps);
	if (blind->names)
		blind->words[blind->count++] =
			words_of("file names were changed by an operation that was not recorded");
	if (blind->records)
		blind->words[blind->count++] = words_of(
			"records lost because a process was killed while it recorded: at most %llu",
			(unsigned long long)blind->records);
	if (blind->is_gone)
		blind->words[blind->count++] = words_of(
			"a file was renamed or removed: its final content could not be compared");
	for (unsigned way = 0; way < MISSED_WAYS; way++) {
		blind->missed[way] = run->trace.missed[way].times;
		char *words = missed_words(&run->trace, way);
		if (words)
			blind->words[blind->count++] = words;
	}
}

/* ---- collecting all facts */

void facts_make(const struct findings *findings, struct facts *facts)
{
	const struct explored *explored = findings->explored;
	enum model model = findings->options->explore.model;

	*facts = (struct facts){.findings = findings,
		.version = HOLDFAST_VERSION,
		.model = model_name(model),
		.event = model == MODEL_PROCESS  ? "killed"
			 : model == MODEL_MIRROR ? "machine lost"
						 : "power cut",
		.level_words = level_words(explored, model),
		.level = explored->seen ? 0 : 1,
		.stores = explored->stores,
		.copies = explored->copies,
		.points = explored->points,
		.signatures = explored->signatures,
		.covered = explored->covered,
		.images = explored->images,
		.same = explored->same,
		.failing = explored->failing,
		.was_ended = explored->was_ended,
		.accepts_anything = findings->accepts_anything,
		.is_blind = is_blind(findings),
		.seconds = findings->seconds,
		.bugs = calloc(explored->bug_count + 1u, sizeof(*facts->bugs))};
	if (findings->way.is_spawned)
		facts->how = words_of("the check was started for each image, on a copy, because %s",
			findings->way.why);
	else if (findings->way.why)
		facts->how = words_of(
			"the check was forked before its main(), because %s", findings->way.why);
	make_blind(findings, &facts->blind);
	probes_make(&findings->run->trace.probes, &facts->probes);
	add_refusals(&facts->probes, &facts->blind);
	for (unsigned i = 0; facts->bugs && i < explored->bug_count; i++) {
		make_bug(findings, &explored->bugs[i], &facts->bugs[i]);
		facts->bugs[i].number = ++facts->bug_count;
	}
}

static void forget_store(struct fact_store *store)
{
	free(store->file);
	free(store->words);
	place_forget(&store->calls);
}

void facts_free(struct facts *facts)
{
	for (unsigned i = 0; i < facts->bug_count; i++) {
		struct fact_bug *bug = &facts->bugs[i];
		free(bug->status);
		free(bug->output);
		free(bug->image);
		free(bug->again);
		free(bug->crash_words);
		place_forget(&bug->crash);
		forget_store(&bug->lost);
		forget_store(&bug->early);
	}
	for (unsigned i = 0; i < facts->blind.count; i++)
		free(facts->blind.words[i]);
	probes_free(&facts->probes);
	free(facts->bugs);
	free(facts->level_words);
	free(facts->how);
	*facts = (struct facts){0};
}

char *fact_store_words(const char *role, const struct fact_store *store)
{
	char *place = fact_place_words(store);
	char *words =
		words_of("%s: %llu B at %s%s, %s, %s", role, (unsigned long long)store->length,
			store->is_found ? "(found) " : "", store->words, place, store->state);

	free(place);
	return words;
}

char *fact_place_words(const struct fact_store *store)
{
	if (!strcmp(store->what, "data"))
		return words_of("%s+%#llx", store->file, (unsigned long long)store->offset);
	return words_of("%s of %s", store->what, store->file);
}

static bool is_same_call(const struct call *a, const struct call *b)
{
	return a->line == b->line && !strcmp(a->file, b->file);
}

const struct call *fact_call(const struct fact_bug *bug, const struct fact_store *store)
{
	const struct calls *calls = &store->calls;
	const struct calls *others = store == &bug->lost ? &bug->early.calls : &bug->lost.calls;
	unsigned i = 0;

	while (i < calls->count && i < others->count &&
		is_same_call(&calls->list[i], &others->list[i]))
		i++;
	if (i == calls->count)
		i = 0;
	return calls->count ? &calls->list[i] : NULL;
}

const struct call *fact_main_call(const struct fact_bug *bug)
{
	const struct call *call = fact_call(bug, &bug->lost);

	if (!call)
		call = fact_call(bug, &bug->early);
	return call || !bug->crash.count ? call : &bug->crash.list[0];
}
