/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.c - prints explanations as JSON: all facts of the tables in fields.c, in the order of the
 * tables
 *
 * A number or list that is not known is printed as null. The last member of the object that
 * contains it, "unknown", says why it is not known.
 */
#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "health.h"
#include "program.h"
#include "tool.h"

static struct json_object *must(struct json_object *object)
{
	if (!object) {
		fprintf(stderr, "holdfast: out of memory\n");
		exit(OUTCOME_UNKNOWN);
	}
	return object;
}

static void put(struct json_object *to, const char *key, struct json_object *value)
{
	if (json_object_object_add(to, key, value))
		must(NULL);
}

static struct json_object *new_object(void)
{
	return must(json_object_new_object());
}

/* Returns the length of the UTF-8 sequence at `at`, or 0 if the sequence is malformed. */
static size_t utf8_length(const unsigned char *at)
{
	static const struct {
		unsigned char mask, lead;
		size_t length;
		unsigned first;
	} shapes[] = {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800},
		{0xf8, 0xf0, 4, 0x10000}};

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if ((*at & shapes[i].mask) != shapes[i].lead)
			continue;
		unsigned point = *at & (unsigned char)~shapes[i].mask;
		for (size_t j = 1; j < shapes[i].length; j++) {
			if ((at[j] & 0xc0) != 0x80)
				return 0;
			point = point << 6 | (at[j] & 0x3f);
		}
		bool valid = point >= shapes[i].first && point <= 0x10ffff &&
			     (point < 0xd800 || point > 0xdfff);
		return valid ? shapes[i].length : 0;
	}
	return 0;
}

char *utf8_copy(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	char *clean = malloc(3 * strlen(text) + 1), *to = clean;

	if (!clean)
		must(NULL);
	while (*at) {
		size_t length = utf8_length(at);
		memcpy(to, length ? (const char *)at : "\xef\xbf\xbd", length ? length : 3);
		to += length ? length : 3;
		at += length ? length : 1;
	}
	*to = '\0';
	return clean;
}

static struct json_object *string(const char *text)
{
	if (!text)
		return NULL;
	char *clean = utf8_copy(text);
	struct json_object *made = must(json_object_new_string(clean));
	free(clean);
	return made;
}

static void put_string(struct json_object *to, const char *key, const char *text)
{
	put(to, key, string(text));
}

static void put_int(struct json_object *to, const char *key, int64_t value)
{
	put(to, key, must(json_object_new_int64(value)));
}

/* A JSON object under construction, and the list of its members that are not known. */
struct making {
	struct json_object *object;
	struct json_object *unknown; /* NULL: all members so far are known */
};

/*
 * Adds a member that is not known. `error` is 0 if the kernel does not offer the value, or the
 * error of reading it.
 */
static void put_unknown(struct making *to, const char *key, const char *why, int error)
{
	struct json_object *entry = new_object();

	put(to->object, key, NULL);
	put_string(entry, "answer", error ? "unreadable" : "unsupported");
	put_string(entry, "why", why);
	if (error)
		put_int(entry, "error", error);
	if (!to->unknown)
		to->unknown = new_object();
	put(to->unknown, key, entry);
}

static void put_number(struct making *to, const char *key, const struct holdfast_number *number)
{
	if (number->answer == HOLDFAST_ANSWERED)
		put_int(to->object, key, number->value);
	else
		put_unknown(to, key, number->why,
			number->answer == HOLDFAST_UNREADABLE ? number->error : 0);
}

static void append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		must(NULL);
}

static struct json_object *new_array(struct json_object *to, const char *key)
{
	struct json_object *array = must(json_object_new_array());

	put(to, key, array);
	return array;
}

static void put_fields(struct making *to, const struct fields *fields, const void *whole);

static struct json_object *finish(struct making *made)
{
	if (made->unknown)
		put(made->object, "unknown", made->unknown);
	return made->object;
}

static struct json_object *object_of(const struct fields *fields, const void *whole)
{
	struct making made = {new_object(), NULL};

	put_fields(&made, fields, whole);
	return finish(&made);
}

static const void *pointer_at(const void *at)
{
	const void *pointer;

	memcpy(&pointer, at, sizeof(pointer));
	return pointer;
}

static void put_list(struct making *to, const struct field *field, const void *whole)
{
	const void *const *items = pointer_at(field_member(field, whole));
	const char *why = field_why(field, whole);

	if (why) {
		put_unknown(to, field->key, why, -ENOENT);
		return;
	}
	struct json_object *array = new_array(to->object, field->key);
	for (size_t i = 0; i < field_length(field, whole); i++)
		append(array, object_of(field->of, items[i]));
}

/*
 * Adds a JSON object that is made of a group of members of the struct `whole`. If the first member
 * of the group is a NULL pointer, adds null instead.
 */
static void put_group(struct making *to, const struct field *field, const void *whole)
{
	const struct field *first = &field->of->rows[0];

	put(to->object, field->key,
		pointer_at(field_member(first, whole)) ? object_of(field->of, whole) : NULL);
}

static void put_truth(struct making *to, const struct field *field, const void *whole)
{
	int value = field_int(field, whole);

	put(to->object, field->key, value < 0 ? NULL : must(json_object_new_boolean(value)));
}

static void put_field(struct making *to, const struct field *field, const void *whole)
{
	const void *at = field_member(field, whole), *pointer;

	switch (field->kind) {
	case FIELD_TEXT:
		put_string(to->object, field->key, pointer_at(at));
		return;
	case FIELD_WORD:
		put_string(to->object, field->key, field->word(field_int(field, whole)));
		return;
	case FIELD_INT:
		put_int(to->object, field->key, field_int(field, whole));
		return;
	case FIELD_SIZE:
		put_int(to->object, field->key, (int64_t) * (const size_t *)at);
		return;
	case FIELD_FLAG:
	case FIELD_TRUTH:
		put_truth(to, field, whole);
		return;
	case FIELD_NUMBER:
		put_number(to, field->key, at);
		return;
	case FIELD_MAYBE:
		pointer = pointer_at(at);
		put(to->object, field->key,
			pointer ? must(json_object_new_int64(*(const int64_t *)pointer)) : NULL);
		return;
	case FIELD_LIST:
		put_list(to, field, whole);
		return;
	case FIELD_OBJECT:
		pointer = pointer_at(at);
		put(to->object, field->key, pointer ? object_of(field->of, pointer) : NULL);
		return;
	case FIELD_GROUP:
		put_group(to, field, whole);
		return;
	}
}

static void put_fields(struct making *to, const struct fields *fields, const void *whole)
{
	for (size_t i = 0; i < fields->count; i++)
		put_field(to, &fields->rows[i], whole);
}

static struct json_object *answer_object(const struct answer *answer, bool is_required)
{
	struct making made = {new_object(), NULL};
	struct remote_view view;

	put_fields(&made, &fields_answer, answer);
	if (is_required)
		put_fields(&made, &fields_required, answer);
	if (answer->told)
		put_fields(&made, &fields_path, answer->told);
	if (answer->set) {
		remote_view(&view, answer);
		put_fields(&made, &fields_remote, &view);
		remote_view_fini(&view);
	}
	return finish(&made);
}

static bool print(struct json_object *all)
{
	const char *text = json_object_to_json_string_ext(
		all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text)
		puts(text);
	else
		fprintf(stderr, "holdfast: out of memory\n");
	json_object_put(all);
	return text;
}

bool json_answers(
	const struct answer *answers, unsigned count, const enum pmem2_granularity *required)
{
	struct output output = {
		.version = HOLDFAST_VERSION,
		.required = required ? granularity_word(*required) : NULL,
	};
	/*
	 * Add everything but the paths first. Paths need code of their own, because a path on this
	 * machine has other fields than a pool set on another machine.
	 */
	struct json_object *all = object_of(&fields_output, &output), *paths;

	paths = new_array(all, "paths");
	for (unsigned i = 0; i < count; i++)
		append(paths, answer_object(&answers[i], required != NULL));
	return print(all);
}

bool json_machine(const struct holdfast_machine *machine)
{
	struct output output = {.version = HOLDFAST_VERSION, .machine = machine};

	return print(object_of(&fields_machine_output, &output));
}

bool json_program(const struct program *program)
{
	struct output output = {.version = HOLDFAST_VERSION, .program = program};

	return print(object_of(&fields_program_output, &output));
}

bool json_health(const struct health *health)
{
	struct output output = {.version = HOLDFAST_VERSION, .health = health};

	return print(object_of(&fields_health_output, &output));
}
