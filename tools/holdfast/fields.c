/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.c - tables of the facts that `holdfast info` prints. To add a fact, add a row here, and
 * one to a table of holdfast(1).
 */
#include "fields.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "health.h"
#include "program.h"
#include "tool.h"

#define COUNT(array)          (sizeof(array) / sizeof((array)[0]))
#define TABLE(table, rows_of) const struct fields table = {#table, rows_of, COUNT(rows_of)}

const void *field_member(const struct field *field, const void *whole)
{
	return (const char *)whole + field->at;
}

int field_int(const struct field *field, const void *whole)
{
	int value;

	memcpy(&value, field_member(field, whole), sizeof(value));
	return value;
}

size_t field_length(const struct field *field, const void *whole)
{
	size_t count;

	memcpy(&count, (const char *)whole + field->count, sizeof(count));
	return count;
}

const char *field_why(const struct field *field, const void *whole)
{
	const char *why = NULL;

	if (field->why)
		memcpy(&why, (const char *)whole + field->why, sizeof(why));
	return why;
}

const char *field_type(const struct field *field)
{
	static const char *const types[] = {
		[FIELD_TEXT] = "string",
		[FIELD_WORD] = "string",
		[FIELD_INT] = "number",
		[FIELD_SIZE] = "number",
		[FIELD_FLAG] = "boolean",
		[FIELD_TRUTH] = "boolean",
		[FIELD_NUMBER] = "number",
		[FIELD_MAYBE] = "number",
		[FIELD_LIST] = "array",
		[FIELD_OBJECT] = "object",
		[FIELD_GROUP] = "object",
	};

	return types[field->kind];
}

/* ---- words for values of enums */

#define WORD_OF(name)                                                                              \
	static const char *word_of_##name(int value)                                               \
	{                                                                                          \
		return holdfast_##name##_name((enum holdfast_##name)value);                        \
	}
WORD_OF(object)
WORD_OF(survival)
WORD_OF(reason)
WORD_OF(map_sync)
WORD_OF(obstacle)
WORD_OF(memory)
WORD_OF(domain)
WORD_OF(deep_flush)
WORD_OF(counting)

static const char *word_of_health(int value)
{
	static const char *const words[] = {
		[OUTCOME_YES] = "well", [OUTCOME_NO] = "wrong", [OUTCOME_UNKNOWN] = "unknown"};

	return words[value];
}

static const char *word_of_granularity(int value)
{
	return granularity_word((enum pmem2_granularity)value);
}

/* ---- texts for people */

static const char *say_file_system(const void *whole, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	if (!told->file_system || !told->mount_point)
		return NULL;
	snprintf(room, size, "%s at %s from %s (%s)", told->file_system, told->mount_point,
		told->mount_source, told->mount_options);
	return room;
}

static const char *say_map_sync(const void *whole, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	(void)room;
	(void)size;
	if (told->survival == HOLDFAST_SURVIVES_NOT)
		return NULL;
	switch (told->map_sync) {
	case HOLDFAST_MAP_SYNC_UNIMPORTANT:
		return NULL;
	case HOLDFAST_MAP_SYNC_WOULD_ACCEPT:
		return "accepted (inferred)";
	case HOLDFAST_MAP_SYNC_WOULD_REFUSE:
		return "refused (inferred)";
	default:
		return holdfast_map_sync_name(told->map_sync);
	}
}

static const char *say_domain(const void *whole, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	(void)room;
	(void)size;
	return told->domain == HOLDFAST_DOMAIN_NONE ? NULL : holdfast_domain_name(told->domain);
}

/* Makes the text for an alignment. Leaves out the usual alignment of one page. */
static const char *say_alignment(const void *whole, char *room, size_t size)
{
	const struct holdfast_number *number =
		&((const struct holdfast_explanation *)whole)->alignment;

	if (number->answer == HOLDFAST_UNREADABLE)
		snprintf(room, size, "unknown: %s", number->why);
	else if (number->answer == HOLDFAST_ANSWERED && number->value != sysconf(_SC_PAGESIZE))
		snprintf(room, size, "%lld", (long long)number->value);
	else
		return NULL;
	return room;
}

/*
 * Makes the text that says why nothing is known about the regions. Other facts do not repeat this
 * reason.
 */
static const char *say_regions(const void *whole, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	if (!told->regions_why)
		return NULL;
	snprintf(room, size, "unknown: %s", told->regions_why);
	return room;
}

static const char *say_unless_unseen(
	const void *whole, const struct holdfast_number *number, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	if (number->answer == HOLDFAST_ANSWERED)
		snprintf(room, size, "%lld", (long long)number->value);
	else if (number->answer == HOLDFAST_UNREADABLE && !told->regions_why)
		snprintf(room, size, "unknown: %s", number->why);
	else
		return NULL;
	return room;
}

static const char *say_numa_node(const void *whole, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	return say_unless_unseen(told, &told->numa_node, room, size);
}

static const char *say_unsafe_shutdowns(const void *whole, char *room, size_t size)
{
	const struct holdfast_explanation *told = whole;

	return say_unless_unseen(told, &told->unsafe_shutdowns, room, size);
}

static const char *say_engine(const void *whole, char *room, size_t size)
{
	(void)room;
	(void)size;
	return ((const struct holdfast_explanation *)whole)->cpu->engine;
}

/* ---- the tables */

#define AT(member) .at = offsetof(struct THIS, member)
#define LIST_OF(items, length, table)                                                              \
	.kind = FIELD_LIST, AT(items), .count = offsetof(struct THIS, length), .of = &(table)

#define THIS holdfast_layer
static const struct field layer_rows[] = {
	{"what", FIELD_TEXT, AT(what)},
	{"survives", FIELD_WORD, AT(survival), .word = word_of_survival},
	{"evidence", FIELD_TEXT, AT(evidence)},
};
static TABLE(fields_layer, layer_rows);
#undef THIS

#define THIS holdfast_dimm
static const struct field module_rows[] = {
	{"name", FIELD_TEXT, AT(name)},
	{"id", FIELD_TEXT, AT(id)},
	{"unsafe_shutdowns", FIELD_NUMBER, AT(unsafe_shutdowns)},
	{"flags", FIELD_TEXT, AT(flags)},
	{"fault_flags", FIELD_TEXT, AT(fault_flags)},
	{"faults", FIELD_NUMBER, AT(faults)},
};
static TABLE(fields_module, module_rows);
#undef THIS

#define THIS holdfast_region
static const struct field region_rows[] = {
	{"name", FIELD_TEXT, AT(name)},
	{"memory", FIELD_WORD, AT(memory), .word = word_of_memory},
	{"domain", FIELD_WORD, AT(domain), .word = word_of_domain},
	{"deep_flush", FIELD_WORD, AT(deep_flush), .word = word_of_deep_flush},
	{"volatile", FIELD_TRUTH, AT(is_volatile)},
	{"size", FIELD_NUMBER, AT(size)},
	{"numa_node", FIELD_NUMBER, AT(numa_node)},
	{"read_only", FIELD_NUMBER, AT(read_only)},
	{"bad_sectors", FIELD_NUMBER, AT(bad_sectors)},
	{"modules", LIST_OF(dimms, dimm_count, fields_module),
		.why = offsetof(struct THIS, dimms_why)},
};
static TABLE(fields_region, region_rows);
#undef THIS

#define THIS holdfast_cpu
static const struct field cpu_rows[] = {
	{"engine", FIELD_TEXT, AT(engine)},
	{"flush", FIELD_TEXT, AT(flush)},
	{"fence", FIELD_TEXT, AT(fence)},
	{"copy", FIELD_TEXT, AT(copy)},
	{"line_size", FIELD_SIZE, AT(line_size)},
	{"copy_threshold", FIELD_SIZE, AT(copy_threshold)},
	{"tuning", FIELD_TEXT, AT(tuning)},
};
static TABLE(fields_cpu, cpu_rows);
#undef THIS

#define THIS holdfast_explanation
static const struct field file_system_rows[] = {
	{"type", FIELD_TEXT, AT(file_system)},
	{"mount_point", FIELD_TEXT, AT(mount_point)},
	{"source", FIELD_TEXT, AT(mount_source)},
	{"options", FIELD_TEXT, AT(mount_options)},
	{"read_only", FIELD_FLAG, AT(read_only)},
};
static TABLE(fields_file_system, file_system_rows);

/*
 * The order is that of a reader's questions: the verdict, its reasons, what would change it, how it
 * was found, where the file is, details.
 */
static const struct field path_rows[] = {
	{"name", FIELD_TEXT, AT(name)},
	{"object", FIELD_WORD, AT(object), .word = word_of_object},
	{"verdict", FIELD_TEXT, AT(verdict)},
	{"text", FIELD_TEXT, AT(text)},
	{"survives", FIELD_WORD, AT(survival), .word = word_of_survival},
	{"condition", FIELD_TEXT, AT(condition)},
	{"not_storable", FIELD_TEXT, AT(not_storable)},
	{"needed", FIELD_WORD, AT(needed), .word = word_of_granularity},
	{"needed_reason", FIELD_WORD, AT(needed_reason), .word = word_of_reason},
	{"granularity", FIELD_WORD, AT(granularity), .word = word_of_granularity},
	{"reason", FIELD_WORD, AT(reason), .word = word_of_reason},
	{"map_error", FIELD_INT, AT(map_error)},
	{"map_error_text", FIELD_TEXT, AT(map_error_text)},
	{"map_sync", FIELD_WORD, AT(map_sync), .word = word_of_map_sync, .label = "MAP_SYNC",
		.say = say_map_sync},
	{"obstacle", FIELD_WORD, AT(obstacle), .word = word_of_obstacle},
	{"flush", FIELD_TEXT, AT(flush)},
	{"drain", FIELD_TEXT, AT(drain)},
	{"deep_flush", FIELD_WORD, AT(deep_flush), .word = word_of_deep_flush},
	{"layers", LIST_OF(layers, layer_count, fields_layer)},
	{"file_system", FIELD_GROUP, AT(file_system), .of = &fields_file_system,
		.label = "file system", .say = say_file_system},
	{"memory", FIELD_WORD, AT(memory), .word = word_of_memory},
	{"domain", FIELD_WORD, AT(domain), .word = word_of_domain, .label = "domain",
		.say = say_domain},
	{"regions", LIST_OF(regions, region_count, fields_region),
		.why = offsetof(struct THIS, regions_why), .label = "regions", .say = say_regions},
	{"size", FIELD_NUMBER, AT(size)},
	{"alignment", FIELD_NUMBER, AT(alignment), .label = "alignment", .say = say_alignment},
	{"numa_node", FIELD_NUMBER, AT(numa_node), .label = "NUMA node", .say = say_numa_node},
	{"unsafe_shutdowns", FIELD_NUMBER, AT(unsafe_shutdowns), .label = "unsafe shutdowns",
		.say = say_unsafe_shutdowns},
	{"cpu", FIELD_OBJECT, AT(cpu), .of = &fields_cpu, .label = "engine", .say = say_engine},
};
TABLE(fields_path, path_rows);
#undef THIS

#define THIS holdfast_machine
static const struct field machine_rows[] = {
	{"text", FIELD_TEXT, AT(text)},
	{"cpu", FIELD_OBJECT, AT(cpu), .of = &fields_cpu},
	{"auto_flush", FIELD_NUMBER, AT(auto_flush)},
	{"regions", LIST_OF(regions, region_count, fields_region),
		.why = offsetof(struct THIS, regions_why)},
	{"explanations", LIST_OF(explanations, explanation_count, fields_path),
		.why = offsetof(struct THIS, regions_why)},
};
static TABLE(fields_machine, machine_rows);
#undef THIS

#define THIS remote_part
static const struct field part_rows[] = {
	{"path", FIELD_TEXT, AT(path)},
	{"survives", FIELD_TEXT, AT(survives)},
	{"size", FIELD_SIZE, AT(size)},
};
static TABLE(fields_part, part_rows);
#undef THIS

#define THIS remote_attributes
static const struct field attribute_rows[] = {
	{"signature", FIELD_TEXT, AT(signature)},
	{"major", FIELD_SIZE, AT(major)},
	{"compat_features", FIELD_SIZE, AT(compat_features)},
	{"incompat_features", FIELD_SIZE, AT(incompat_features)},
	{"ro_compat_features", FIELD_SIZE, AT(ro_compat_features)},
	{"poolset_uuid", FIELD_TEXT, AT(poolset_uuid)},
	{"uuid", FIELD_TEXT, AT(uuid)},
	{"next_uuid", FIELD_TEXT, AT(next_uuid)},
	{"prev_uuid", FIELD_TEXT, AT(prev_uuid)},
	{"user_flags", FIELD_TEXT, AT(user_flags)},
};
static TABLE(fields_attributes, attribute_rows);
#undef THIS

#define THIS remote_mark
static const struct field mark_rows[] = {
	{"since", FIELD_SIZE, AT(since)},
	{"missing", FIELD_SIZE, AT(missing)},
	{"extent", FIELD_SIZE, AT(extent)},
};
static TABLE(fields_mark, mark_rows);
#undef THIS

#define THIS remote_time
static const struct field time_rows[] = {
	{"below_us", FIELD_MAYBE, AT(below_us)},
	{"drains", FIELD_SIZE, AT(drains)},
};
static TABLE(fields_time, time_rows);
#undef THIS

#define THIS remote_counters
static const struct field counters_rows[] = {
	{"flushes", FIELD_SIZE, AT(flushes)},
	{"bytes", FIELD_SIZE, AT(bytes)},
	{"drains", FIELD_SIZE, AT(drains)},
	{"reads", FIELD_SIZE, AT(reads)},
	{"read_bytes", FIELD_SIZE, AT(read_bytes)},
	{"retries", FIELD_SIZE, AT(retries)},
	{"failures", FIELD_SIZE, AT(failures)},
	{"reconnects", FIELD_SIZE, AT(reconnects)},
	{"times", LIST_OF(times, time_count, fields_time)},
};
static TABLE(fields_counters, counters_rows);
#undef THIS

#define THIS remote_view
static const struct field methods_rows[] = {
	{"verbs", FIELD_TEXT, AT(method_verbs)},
	{"tcp", FIELD_TEXT, AT(method_tcp)},
	{"ssh", FIELD_TEXT, AT(method_ssh)},
};
static TABLE(fields_methods, methods_rows);

static const struct field remote_rows[] = {
	{"object", FIELD_TEXT, AT(object)},
	{"verdict", FIELD_TEXT, AT(verdict)},
	{"text", FIELD_TEXT, AT(text)},
	{"survives", FIELD_TEXT, AT(survives)},
	{"state", FIELD_TEXT, AT(state)},
	{"needed", FIELD_TEXT, AT(needed)},
	{"provider", FIELD_TEXT, AT(provider)},
	{"methods", FIELD_GROUP, AT(method_verbs), .of = &fields_methods},
	{"parts", LIST_OF(parts, part_count, fields_part)},
	{"size", FIELD_SIZE, AT(size)},
	{"header_size", FIELD_MAYBE, AT(header_size)},
	{"attributes", FIELD_OBJECT, AT(attributes), .of = &fields_attributes},
	{"max_lanes", FIELD_SIZE, AT(max_lanes)},
	{"protocol", FIELD_TEXT, AT(protocol)},
	{"generation", FIELD_MAYBE, AT(generation)},
	{"unclosed", FIELD_TRUTH, AT(unclosed)},
	{"inconsistent", FIELD_OBJECT, AT(inconsistent), .of = &fields_mark},
	{"counters", FIELD_OBJECT, AT(counters), .of = &fields_counters},
};
TABLE(fields_remote, remote_rows);
#undef THIS

#define THIS answer
static const struct field answer_rows[] = {
	{"path", FIELD_TEXT, AT(path)},
	{"error", FIELD_TEXT, AT(error)},
};
TABLE(fields_answer, answer_rows);

static const struct field required_rows[] = {
	{"met", FIELD_TRUTH, AT(met)},
	{"met_because", FIELD_TEXT, AT(because)},
};
TABLE(fields_required, required_rows);
#undef THIS

#define THIS output
static const struct field output_rows[] = {
	{"version", FIELD_TEXT, AT(version)},
	{"required", FIELD_TEXT, AT(required)}, /* json.c adds the member "paths" */
};
TABLE(fields_output, output_rows);

static const struct field machine_output_rows[] = {
	{"version", FIELD_TEXT, AT(version)},
	{"machine", FIELD_OBJECT, AT(machine), .of = &fields_machine},
};
TABLE(fields_machine_output, machine_output_rows);
#undef THIS

#define THIS program_library
static const struct field library_rows[] = {
	{"name", FIELD_TEXT, AT(name)},
	{"note", FIELD_TEXT, AT(note)},
};
static TABLE(fields_library, library_rows);
#undef THIS

#define THIS program_node
static const struct field node_rows[] = {
	{"name", FIELD_TEXT, AT(name)},
	{"library", FIELD_TEXT, AT(library)},
	{"offered", FIELD_FLAG, AT(is_offered)},
};
static TABLE(fields_node, node_rows);
#undef THIS

#define THIS program_call
static const struct field call_rows[] = {
	{"name", FIELD_TEXT, AT(name)},
	{"library", FIELD_TEXT, AT(library)},
	{"node", FIELD_TEXT, AT(node)},
	{"offered", FIELD_FLAG, AT(is_offered)},
	{"difference", FIELD_TEXT, AT(difference)},
};
static TABLE(fields_call, call_rows);
#undef THIS

#define THIS program
static const struct field program_rows[] = {
	{"path", FIELD_TEXT, AT(path)},
	{"error", FIELD_TEXT, AT(error)},
	{"verdict", FIELD_TEXT, AT(verdict)},
	{"runs", FIELD_TRUTH, AT(runs)},
	{"libraries", LIST_OF(libraries, library_count, fields_library)},
	{"nodes", LIST_OF(nodes, node_count, fields_node)},
	{"calls", LIST_OF(calls, call_count, fields_call)},
};
static TABLE(fields_program, program_rows);
#undef THIS

#define THIS output
static const struct field program_output_rows[] = {
	{"version", FIELD_TEXT, AT(version)},
	{"program", FIELD_OBJECT, AT(program), .of = &fields_program},
};
TABLE(fields_program_output, program_output_rows);
#undef THIS

#define THIS holdfast_counter
static const struct field counter_rows[] = {
	{"kind", FIELD_TEXT, AT(kind)},
	{"name", FIELD_TEXT, AT(name)},
	{"counter", FIELD_TEXT, AT(counter)},
	{"meaning", FIELD_TEXT, AT(meaning)},
	{"counting", FIELD_WORD, AT(counting), .word = word_of_counting},
	{"value", FIELD_NUMBER, AT(value)},
};
static TABLE(fields_counter, counter_rows);
#undef THIS

#define THIS holdfast_health
static const struct field kernel_rows[] = {
	{"modules", LIST_OF(dimms, dimm_count, fields_module),
		.why = offsetof(struct THIS, regions_why)},
	{"regions", LIST_OF(regions, region_count, fields_region),
		.why = offsetof(struct THIS, regions_why)},
	{"counters", LIST_OF(counters, counter_count, fields_counter),
		.why = offsetof(struct THIS, counters_why)},
};
static TABLE(fields_kernel, kernel_rows);
#undef THIS

#define THIS health_finding
static const struct field finding_rows[] = {
	{"what", FIELD_TEXT, AT(what)},
	{"kind", FIELD_TEXT, AT(kind)},
	{"wrong", FIELD_FLAG, AT(is_wrong)},
	{"text", FIELD_TEXT, AT(text)},
};
static TABLE(fields_finding, finding_rows);
#undef THIS

#define THIS health
static const struct field health_rows[] = {
	{"status", FIELD_WORD, AT(outcome), .word = word_of_health},
	{"verdict", FIELD_TEXT, AT(verdict)},
	{"state", FIELD_TEXT, AT(path)},
	{"last_look", FIELD_TEXT, AT(before.time)},
	{"findings", LIST_OF(findings, finding_count, fields_finding)},
	{"kernel", FIELD_OBJECT, AT(now), .of = &fields_kernel},
};
static TABLE(fields_health, health_rows);
#undef THIS

#define THIS output
static const struct field health_output_rows[] = {
	{"version", FIELD_TEXT, AT(version)},
	{"health", FIELD_OBJECT, AT(health), .of = &fields_health},
};
TABLE(fields_health_output, health_output_rows);
#undef THIS
