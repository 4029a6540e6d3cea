/* SPDX-License-Identifier: BSD-3-Clause */
/* sites.c - make and print the table of call sites of `holdfast stat`, as text or JSON */
#include "sites.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "facts.h"
#include "holdfast/tool.h"

/*
 * Returns the key by which call sites are sorted: a count of events that each cost about as much as
 * a cache miss, or more, on real hardware.
 */
static uint64_t work_of(const struct count *count)
{
	return count->lines + count->fences + count->syncs +
	       (count->copied + count->streamed) / EVENT_LINE;
}

static int compare_places(const void *a, const void *b)
{
	return strcmp(((const struct site *)a)->place, ((const struct site *)b)->place);
}

static int compare_work(const void *a, const void *b)
{
	uint64_t x = work_of(&((const struct site *)a)->count);
	uint64_t y = work_of(&((const struct site *)b)->count);

	return x > y ? -1 : x < y ? 1 : compare_places(a, b);
}

static bool is_empty(const struct count *count)
{
	return !count->flushes && !count->fences && !count->syncs && !count->copied &&
	       !count->streamed;
}

/* Merges call sites with the same place. The list must be sorted by place. */
static void merge(struct sites *sites)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < sites->count; i++) {
		struct site *site = &sites->list[i];
		if (kept && !strcmp(sites->list[kept - 1].place, site->place)) {
			count_add(&sites->list[kept - 1].count, &site->count);
			free(site->place);
		} else {
			sites->list[kept++] = *site;
		}
	}
	sites->count = kept;
}

int sites_find(const struct trace *trace, struct sites *sites)
{
	*sites = (struct sites){0};
	if (count_trace(trace, &sites->counts))
		return complain(STATUS_NOTHING, "%s", err_get());
	sites->list = calloc(sites->counts.stack_count, sizeof(*sites->list));
	if (!sites->list)
		return complain(STATUS_NOTHING, "out of memory");
	for (uint32_t i = 0; i < sites->counts.stack_count; i++) {
		const struct count *count = &sites->counts.stacks[i];
		if (!is_empty(count))
			sites->list[sites->count++] = (struct site){
				i ? place_words(trace, i) : must_copy("not known"), *count};
	}
	qsort(sites->list, sites->count, sizeof(*sites->list), compare_places);
	merge(sites);
	qsort(sites->list, sites->count, sizeof(*sites->list), compare_work);
	return STATUS_CLEAN;
}

void sites_free(struct sites *sites)
{
	for (unsigned i = 0; i < sites->count; i++)
		free(sites->list[i].place);
	free(sites->list);
	counts_fini(&sites->counts);
	*sites = (struct sites){0};
}

/* ---- text */

static void print_row(const struct count *count, const char *place, FILE *to)
{
	fprintf(to,
		"%9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64
		" %7" PRIu64 " %12" PRIu64 " %9" PRIu64 "  %s\n",
		count->flushes, count->redundant_flushes, count->lines, count->clean_lines,
		count->fences, count->redundant_fences, count->syncs, count->copied,
		count->streamed, place);
}

static void print_total(const struct sites *sites, FILE *to)
{
	fprintf(to, "%9s %9s %9s %9s %9s %9s %7s %12s %9s  %s\n", "flushes", "redundant", "lines",
		"clean", "drains", "redundant", "syncs", "bytes copied", "streamed", "call site");
	print_row(&sites->counts.total, "all", to);
}

static void print_blind_spots(const struct run *run, FILE *to)
{
	struct fact_probes probes;

	probes_make(&run->trace.probes, &probes);
	for (unsigned i = 0; i < probes.count; i++)
		fprintf(to, "not counted: %s\n", probes.refusals[i].words);
	if (probes.count < probes.refused)
		fprintf(to, "not counted: %u more raw instructions that are not probed\n",
			(unsigned)probes.refused - probes.count);
	probes_free(&probes);
	for (unsigned way = 0; way < MISSED_WAYS; way++) {
		char *words = missed_words(&run->trace, way);
		if (words)
			fprintf(to, "not counted: %s\n", words);
		free(words);
	}
	if (run->failed_maps)
		fprintf(to, "not counted: %u maps that could not be recorded\n", run->failed_maps);
	if (run->lost_slots)
		fprintf(to,
			"not counted: at most %" PRIu64 " records that were lost because a "
			"process was killed while it recorded\n",
			run->lost_slots);
}

static void print_probes(const struct run *run, FILE *to)
{
	struct fact_probes probes;

	probes_make(&run->trace.probes, &probes);
	if (probes.words)
		fprintf(to, "%s\n", probes.words);
	probes_free(&probes);
}

void sites_text(const struct run *run, const struct sites *sites, unsigned rows, FILE *to)
{
	const struct counts *counts = &sites->counts;
	unsigned shown = rows && rows < sites->count ? rows : sites->count;
	unsigned files = run->trace.file_count;

	for (unsigned i = 0; i < run->trace.file_count; i++)
		files -= run->trace.files[i].is_mirror;
	fprintf(to, "%u file%s, %u thread%s, %u call site%s\n", files, files == 1 ? "" : "s",
		counts->threads, counts->threads == 1 ? "" : "s", sites->count,
		sites->count == 1 ? "" : "s");
	print_probes(run, to);
	print_total(sites, to);
	for (unsigned i = 0; i < shown; i++)
		print_row(&sites->list[i].count, sites->list[i].place, to);
	if (shown < sites->count)
		fprintf(to, "... and %u more call sites (--rows=0 shows all)\n",
			sites->count - shown);
	if (counts->total.idle_syncs)
		fprintf(to,
			"syncs that found no change: %" PRIu64
			" (they may be needed for sizes and names)\n",
			counts->total.idle_syncs);
	if (counts->unflushed)
		fprintf(to,
			"never flushed: %" PRIu64
			" line%s that had changed when the program ended\n",
			counts->unflushed, counts->unflushed == 1 ? "" : "s");
	print_blind_spots(run, to);
}

/* ---- JSON */

static void add(struct json_object *to, const char *key, uint64_t number)
{
	json_object_object_add(to, key, json_object_new_uint64(number));
}

static struct json_object *count_object(const struct count *count)
{
	struct json_object *object = json_object_new_object();

	add(object, "flushes", count->flushes);
	add(object, "redundant_flushes", count->redundant_flushes);
	add(object, "lines", count->lines);
	add(object, "clean_lines", count->clean_lines);
	add(object, "drains", count->fences);
	add(object, "redundant_drains", count->redundant_fences);
	add(object, "syncs", count->syncs);
	add(object, "idle_syncs", count->idle_syncs);
	add(object, "bytes_copied", count->copied);
	add(object, "bytes_streamed", count->streamed);
	return object;
}

static struct json_object *files_array(const struct trace *trace)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 1; i <= trace->file_count; i++) {
		if (trace->files[i - 1].is_mirror)
			continue;
		struct json_object *file = json_object_new_object();
		char *name = words_clean(strdup(file_base_name(trace, i)));
		json_object_object_add(file, "name", json_object_new_string(name ? name : "?"));
		free(name);
		add(file, "size", trace->files[i - 1].size);
		json_object_array_add(array, file);
	}
	return array;
}

static struct json_object *sites_array(const struct sites *sites)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; i < sites->count; i++) {
		struct json_object *object = count_object(&sites->list[i].count);
		json_object_object_add(
			object, "place", json_object_new_string(sites->list[i].place));
		json_object_array_add(array, object);
	}
	return array;
}

bool sites_json(const struct run *run, const struct sites *sites, FILE *to)
{
	struct fact_probes probes;
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "version", json_object_new_string(HOLDFAST_VERSION));
	json_object_object_add(object, "files", files_array(&run->trace));
	add(object, "threads", sites->counts.threads);
	json_object_object_add(object, "total", count_object(&sites->counts.total));
	json_object_object_add(object, "sites", sites_array(sites));
	probes_make(&run->trace.probes, &probes);
	json_object_object_add(object, "raw_instructions", json_probes(&probes));
	probes_free(&probes);
	add(object, "lines_never_flushed", sites->counts.unflushed);
	add(object, "maps_not_recorded", run->failed_maps);
	add(object, "records_lost", run->lost_slots);
	add(object, "other_namespaces", run->trace.missed[MISSED_NAMESPACE].times);
	bool is_good = fprintf(to, "%s\n",
			       json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY)) > 0;
	json_object_put(object);
	return is_good;
}
