/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * json.c - explanations for programs; the keys are those of holdfast(1)
 *
 * A number that is not known is null, and the object has why under "unknown".
 */
#include <errno.h>
#include <json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

static struct json_object *must(struct json_object *object)
{
	if (!object) {
		fprintf(stderr, "holdfast: no memory\n");
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

/* The length of the UTF-8 sequence at `at`; 0 if it is none. */
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

/* Names of files may be any bytes, JSON may not: what is no UTF-8 becomes U+FFFD. */
static struct json_object *string(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	char *clean, *to;

	if (!text)
		return NULL;
	to = clean = malloc(3 * strlen(text) + 1);
	if (!clean)
		must(NULL);
	while (*at) {
		size_t length = utf8_length(at);
		memcpy(to, length ? (const char *)at : "\xef\xbf\xbd", length ? length : 3);
		to += length ? length : 3;
		at += length ? length : 1;
	}
	*to = '\0';
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

static void put_bool(struct json_object *to, const char *key, bool value)
{
	put(to, key, must(json_object_new_boolean(value)));
}

static void put_number(
	struct json_object *to, const char *key, const struct holdfast_number *number)
{
	struct json_object *unknown, *why;

	if (number->answer == HOLDFAST_ANSWERED) {
		put_int(to, key, number->value);
		return;
	}
	put(to, key, NULL);
	if (!json_object_object_get_ex(to, "unknown", &unknown)) {
		unknown = new_object();
		put(to, "unknown", unknown);
	}
	why = new_object();
	put_string(why, "answer",
		number->answer == HOLDFAST_UNREADABLE ? "unreadable" : "unsupported");
	put_string(why, "why", number->why);
	if (number->answer == HOLDFAST_UNREADABLE)
		put_int(why, "error", number->error);
	put(unknown, key, why);
}

/* Something else than a number that could not be read. */
static void put_why(struct json_object *to, const char *key, const char *why)
{
	put_number(to, key,
		&(struct holdfast_number){
			.answer = HOLDFAST_UNREADABLE, .error = -ENOENT, .why = why});
}

static struct json_object *new_array(struct json_object *to, const char *key)
{
	struct json_object *array = must(json_object_new_array());

	put(to, key, array);
	return array;
}

static void append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		must(NULL);
}

static struct json_object *dimm_object(const struct holdfast_dimm *dimm)
{
	struct json_object *made = new_object();

	put_string(made, "name", dimm->name);
	put_string(made, "id", dimm->id);
	put_number(made, "unsafe_shutdowns", &dimm->unsafe_shutdowns);
	return made;
}

static struct json_object *region_object(const struct holdfast_region *region)
{
	struct json_object *made = new_object(), *dimms;

	put_string(made, "name", region->name);
	put_string(made, "memory", holdfast_memory_name(region->memory));
	put_string(made, "domain", holdfast_domain_name(region->domain));
	put_string(made, "deep_flush", holdfast_deep_flush_name(region->deep_flush));
	if (region->is_volatile < 0)
		put_why(made, "volatile", "whether it is volatile cannot be read");
	else
		put_bool(made, "volatile", region->is_volatile);
	put_number(made, "size", &region->size);
	put_number(made, "numa_node", &region->numa_node);
	put_number(made, "read_only", &region->read_only);
	put_number(made, "bad_sectors", &region->bad_sectors);
	dimms = new_array(made, "modules");
	for (size_t i = 0; i < region->dimm_count; i++)
		append(dimms, dimm_object(region->dimms[i]));
	return made;
}

static void put_regions(
	struct json_object *to, const struct holdfast_region *const *regions, size_t count)
{
	struct json_object *array = new_array(to, "regions");

	for (size_t i = 0; i < count; i++)
		append(array, region_object(regions[i]));
}

static struct json_object *cpu_object(const struct holdfast_cpu *cpu)
{
	struct json_object *made = new_object();

	put_string(made, "engine", cpu->engine);
	put_string(made, "flush", cpu->flush);
	put_string(made, "fence", cpu->fence);
	put_string(made, "copy", cpu->copy);
	put_int(made, "line_size", (int64_t)cpu->line_size);
	put_int(made, "copy_threshold", (int64_t)cpu->copy_threshold);
	return made;
}

static struct json_object *layer_object(const struct holdfast_layer *layer)
{
	struct json_object *made = new_object();

	put_string(made, "what", layer->what);
	put_string(made, "survives", holdfast_survival_name(layer->survival));
	put_string(made, "evidence", layer->evidence);
	return made;
}

static void put_filesystem(struct json_object *to, const struct holdfast_explanation *told)
{
	struct json_object *made, *layers;

	if (told->file_system) {
		made = new_object();
		put_string(made, "type", told->file_system);
		put_string(made, "mount_point", told->mount_point);
		put_string(made, "source", told->mount_source);
		put_string(made, "options", told->mount_options);
		put_bool(made, "read_only", told->read_only);
		put(to, "file_system", made);
	} else {
		put(to, "file_system", NULL);
	}
	layers = new_array(to, "layers");
	for (size_t i = 0; i < told->layer_count; i++)
		append(layers, layer_object(told->layers[i]));
	put_string(to, "condition", told->condition);
	put_string(to, "not_storable", told->not_storable);
}

static void put_memory(struct json_object *to, const struct holdfast_explanation *told)
{
	put_string(to, "memory", holdfast_memory_name(told->memory));
	put_string(to, "domain", holdfast_domain_name(told->domain));
	put_string(to, "deep_flush", holdfast_deep_flush_name(told->deep_flush));
	put_regions(to, told->regions, told->region_count);
	put_number(to, "unsafe_shutdowns", &told->unsafe_shutdowns);
	put_number(to, "size", &told->size);
	put_number(to, "alignment", &told->alignment);
	put_number(to, "numa_node", &told->numa_node);
}

static void put_explanation(struct json_object *to, const struct holdfast_explanation *told)
{
	put_string(to, "name", told->name);
	put_string(to, "object", holdfast_object_name(told->object));
	put_string(to, "verdict", told->verdict);
	put_string(to, "text", told->text);
	put_string(to, "survives", holdfast_survival_name(told->survival));
	put_string(to, "granularity", granularity_word(told->granularity));
	put_string(to, "reason", holdfast_reason_name(told->reason));
	put_string(to, "needed", granularity_word(told->needed));
	put_string(to, "needed_reason", holdfast_reason_name(told->needed_reason));
	put_string(to, "map_sync", holdfast_map_sync_name(told->map_sync));
	put_string(to, "obstacle", holdfast_obstacle_name(told->obstacle));
	put_int(to, "map_error", told->map_error);
	put_string(to, "map_error_text", told->map_error_text);
	put_filesystem(to, told);
	put_memory(to, told);
	put_string(to, "flush", told->flush);
	put_string(to, "drain", told->drain);
	put(to, "cpu", cpu_object(told->cpu));
}

static void put_hex(
	struct json_object *to, const char *key, const unsigned char *bytes, size_t length)
{
	char text[2 * RPMEM_POOL_HDR_UUID_LEN + 1] = "";

	for (size_t i = 0; i < length && i < RPMEM_POOL_HDR_UUID_LEN; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	put_string(to, key, text);
}

static struct json_object *attributes_object(const struct rpmem_pool_attr *attr)
{
	struct json_object *made = new_object();
	char signature[RPMEM_POOL_HDR_SIG_LEN + 1] = "";

	memcpy(signature, attr->signature, sizeof(attr->signature));
	put_string(made, "signature", signature);
	put_int(made, "major", attr->major);
	put_int(made, "compat_features", attr->compat_features);
	put_int(made, "incompat_features", attr->incompat_features);
	put_int(made, "ro_compat_features", attr->ro_compat_features);
	put_hex(made, "poolset_uuid", attr->poolset_uuid, sizeof(attr->poolset_uuid));
	put_hex(made, "uuid", attr->uuid, sizeof(attr->uuid));
	put_hex(made, "next_uuid", attr->next_uuid, sizeof(attr->next_uuid));
	put_hex(made, "prev_uuid", attr->prev_uuid, sizeof(attr->prev_uuid));
	put_hex(made, "user_flags", attr->user_flags, sizeof(attr->user_flags));
	return made;
}

static void put_methods(struct json_object *to, const struct holdfast_remote_set *set)
{
	struct json_object *methods = new_object();

	put_string(methods, "verbs", remote_method(set->method_verbs));
	put_string(methods, "tcp", remote_method(set->method_tcp));
	put(to, "methods", methods);
}

static void put_parts(struct json_object *to, const struct holdfast_remote_set *set)
{
	struct json_object *parts = new_array(to, "parts");

	for (size_t i = 0; i < set->part_count; i++) {
		struct json_object *part = new_object();
		put_string(part, "path", set->parts[i]->path);
		put_int(part, "size", (int64_t)set->parts[i]->size);
		append(parts, part);
	}
}

/* What a pool has that is there and can be looked at is null where it is not. */
static void put_remote(struct json_object *to, const struct holdfast_remote_set *set)
{
	bool known = set->created && !set->busy;

	put_string(to, "object", "remote-pool-set");
	put_string(to, "survives", holdfast_survival_name(HOLDFAST_SURVIVES_ELSEWHERE));
	put_string(to, "needed", known ? granularity_word(set->granularity) : NULL);
	put_string(to, "state", set->busy ? "in-use" : set->created ? "created" : "absent");
	put_int(to, "size", (int64_t)set->size);
	if (known)
		put_int(to, "header_size", (int64_t)set->header_size);
	else
		put(to, "header_size", NULL);
	put(to, "attributes", known && set->header_size ? attributes_object(&set->attr) : NULL);
	put_int(to, "max_lanes", set->max_lanes);
	put_methods(to, set);
	put_parts(to, set);
	put_string(to, "protocol", set->version);
}

static void put_text(struct json_object *to, const char *text)
{
	char *verdict = must_copy(text);

	verdict[strcspn(verdict, "\n")] = '\0';
	put_string(to, "verdict", verdict);
	put_string(to, "text", text);
	free(verdict);
}

static struct json_object *answer_object(
	const struct answer *answer, const enum pmem2_granularity *required)
{
	struct json_object *made = new_object();

	put_string(made, "path", answer->path);
	put_string(made, "error", answer->error);
	if (required) {
		if (answer->outcome == OUTCOME_UNKNOWN)
			put(made, "met", NULL);
		else
			put_bool(made, "met", answer->outcome == OUTCOME_YES);
		put_string(made, "met_because", answer->because);
	}
	if (answer->told)
		put_explanation(made, answer->told);
	if (answer->set) {
		put_text(made, answer->text);
		put_remote(made, answer->set);
	}
	return made;
}

static bool print(struct json_object *all)
{
	const char *text = json_object_to_json_string_ext(
		all, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (text)
		puts(text);
	else
		fprintf(stderr, "holdfast: no memory\n");
	json_object_put(all);
	return text;
}

bool json_answers(
	const struct answer *answers, unsigned count, const enum pmem2_granularity *required)
{
	struct json_object *all = new_object(), *paths;

	put_string(all, "version", HOLDFAST_VERSION);
	if (required)
		put_string(all, "required", granularity_word(*required));
	paths = new_array(all, "paths");
	for (unsigned i = 0; i < count; i++)
		append(paths, answer_object(&answers[i], required));
	return print(all);
}

bool json_machine(const struct holdfast_machine *machine)
{
	struct json_object *all = new_object(), *told, *explanations;

	put_string(all, "version", HOLDFAST_VERSION);
	told = new_object();
	put(all, "machine", told);
	put_string(told, "text", machine->text);
	put(told, "cpu", cpu_object(machine->cpu));
	put_number(told, "auto_flush", &machine->auto_flush);
	put_regions(told, machine->regions, machine->region_count);
	explanations = new_array(told, "explanations");
	for (size_t i = 0; i < machine->explanation_count; i++) {
		struct json_object *one = new_object();
		put_explanation(one, machine->explanations[i]);
		append(explanations, one);
	}
	return print(all);
}
