/* SPDX-License-Identifier: BSD-3-Clause */
/* json.c - what was found, as JSON: nothing in it depends on the clock or on where things lay */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

static void add(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add(to, key, value);
}

static void add_number(struct json_object *to, const char *key, uint64_t number)
{
	add(to, key, json_object_new_uint64(number));
}

static void add_words(struct json_object *to, const char *key, const char *words)
{
	add(to, key, words ? json_object_new_string(words) : NULL);
}

static struct json_object *place_object(const struct findings *findings, uint32_t stack)
{
	char *words = place_words(&findings->run->trace, stack);
	struct json_object *object = json_object_new_string(words);

	free(words);
	return object;
}

static struct json_object *suspect_object(
	const struct findings *findings, const struct suspect *suspect)
{
	struct json_object *object;

	if (!suspect->is_there)
		return NULL;
	object = json_object_new_object();
	add_words(
		object, "file", file_base_name(&findings->run->trace, place_file(suspect->place)));
	add_number(object, "offset", place_offset(suspect->place));
	add_number(object, "length", suspect->length);
	add(object, "place", place_object(findings, suspect->stack));
	add(object, "found_by_comparing",
		json_object_new_boolean(!!(suspect->flags & ELEMENT_SEEN)));
	add(object, "flushed", json_object_new_boolean(!!(suspect->flags & ELEMENT_FLUSHED)));
	return object;
}

static struct json_object *bug_object(const struct findings *findings, const struct bug *bug)
{
	struct json_object *object = json_object_new_object();
	char words[64];

	status_words(bug->status, words, sizeof(words));
	add_words(object, "cause", cause_words(bug->cause));
	add_words(object, "status", words);
	add_words(object, "output", bug->words);
	add_number(object, "failing", bug->images);
	add_number(object, "images", bug->looked);
	add_words(object, "image", bug->name);
	add_number(object, "event", bug->at);
	add(object, "crash", place_object(findings, bug->stack));
	add(object, "lost", suspect_object(findings, &bug->lost));
	add(object, "early", suspect_object(findings, &bug->early));
	return object;
}

static struct json_object *blind_object(const struct findings *findings)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "lines_found_by_comparing", findings->explored->seen);
	add_number(object, "lines_found_after_end", findings->run->lines_at_end);
	add_number(object, "maps_not_recorded", findings->run->failed_maps);
	add_number(object, "records_lost", findings->run->lost_slots);
	add(object, "file_gone", json_object_new_boolean(findings->run->file_gone));
	return object;
}

bool report_json(const struct findings *findings, FILE *to)
{
	const struct explored *explored = findings->explored;
	struct json_object *object = json_object_new_object(), *bugs = json_object_new_array();

	add_words(object, "version", HOLDFAST_VERSION);
	add_words(object, "model", model_name(findings->options->explore.model));
	add_number(object, "level", explored->seen ? 0 : 1);
	add_number(object, "stores", explored->stores);
	add_number(object, "copies", explored->copies);
	add_number(object, "points", explored->points);
	add_number(object, "signatures", explored->signatures);
	add_number(object, "covered", explored->covered);
	add_number(object, "images", explored->images);
	add_number(object, "same_images", explored->same);
	add_number(object, "failing_images", explored->failing);
	add(object, "ended_by_limit", json_object_new_boolean(explored->was_ended));
	add(object, "accepts_empty_file", json_object_new_boolean(findings->accepts_anything));
	for (unsigned i = 0; i < explored->bug_count; i++)
		json_object_array_add(bugs, bug_object(findings, &explored->bugs[i]));
	add(object, "bugs", bugs);
	add(object, "not_seen", blind_object(findings));
	bool is_good = fprintf(to, "%s\n",
			       json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY)) > 0;
	json_object_put(object);
	return is_good;
}
