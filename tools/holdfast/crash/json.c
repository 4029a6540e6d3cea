/* SPDX-License-Identifier: BSD-3-Clause */
/* json.c - writes the facts as JSON, which does not depend on the clock or on addresses */
#include <json-c/json.h>
#include <string.h>

#include "facts.h"

void json_add_words(struct json_object *to, const char *key, const char *words)
{
	json_object_object_add(to, key, words ? json_object_new_string(words) : NULL);
}

static struct json_object *value_of(const struct fact_row *row, const void *whole)
{
	const void *member = fact_member(row, whole);
	const char *words;
	uint64_t number;
	bool flag;

	switch (row->kind) {
	case FACT_NUMBER:
		memcpy(&number, member, sizeof(number));
		return json_object_new_uint64(number);
	case FACT_FLAG:
		memcpy(&flag, member, sizeof(flag));
		return json_object_new_boolean(flag);
	case FACT_WORDS:
	default:
		memcpy(&words, member, sizeof(words));
		return words ? json_object_new_string(words) : NULL;
	}
}

void json_add_rows(struct json_object *to, const struct fact_row *rows, const void *whole)
{
	for (; rows->key; rows++)
		json_object_object_add(to, rows->key, value_of(rows, whole));
}

bool json_write(struct json_object *object, FILE *to)
{
	int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	bool is_good = fprintf(to, "%s\n", json_object_to_json_string_ext(object, flags)) > 0;

	json_object_put(object);
	return is_good;
}

static struct json_object *rows_object(const struct fact_row *rows, const void *whole)
{
	struct json_object *object = json_object_new_object();

	json_add_rows(object, rows, whole);
	return object;
}

struct json_object *json_probes(const struct fact_probes *probes)
{
	struct json_object *object = rows_object(probe_rows, probes),
			   *refusals = json_object_new_array();

	for (unsigned i = 0; i < probes->count; i++)
		json_object_array_add(refusals, rows_object(refusal_rows, &probes->refusals[i]));
	json_object_object_add(object, "refusals", refusals);
	return object;
}

static void add_store(struct json_object *to, const char *role, const struct fact_store *store)
{
	json_object_object_add(to, role, store->is_there ? rows_object(store_rows, store) : NULL);
}

bool report_json(const struct facts *facts, FILE *to)
{
	struct json_object *object = rows_object(run_rows, facts), *bugs = json_object_new_array();

	for (unsigned i = 0; i < facts->bug_count; i++) {
		struct json_object *bug = rows_object(bug_rows, &facts->bugs[i]);
		add_store(bug, "lost", &facts->bugs[i].lost);
		add_store(bug, "early", &facts->bugs[i].early);
		json_object_array_add(bugs, bug);
	}
	json_object_object_add(object, "raw_instructions", json_probes(&facts->probes));
	json_object_object_add(object, "bugs", bugs);
	json_object_object_add(object, "not_seen", rows_object(blind_rows, &facts->blind));
	return json_write(object, to);
}
