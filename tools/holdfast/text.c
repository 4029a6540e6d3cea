/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - prints explanations as text for people: the verdict, the reasons, and the details */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "fields.h"
#include "health.h"
#include "program.h"
#include "tool.h"

#define INDENT 4
#define COLUMN 22 /* column at which the value of a detail begins */

/*
 * Prints a detail: its name and value. The value may come from another machine, so control
 * characters are replaced.
 */
static void detail(const char *name, const char *text)
{
	char *clean = must_copy(text), first[64];

	printable(clean);
	snprintf(first, sizeof(first), "%*s%-*s", INDENT, "", COLUMN - INDENT, name);
	wrap(first, COLUMN, clean, strlen(clean));
	free(clean);
}

static void __attribute__((__format__(__printf__, 2, 3)))
detail_of(const char *name, const char *format, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&line, format, ap) < 0)
		line = must_copy(NULL);
	va_end(ap);
	detail(name, line);
	free(line);
}

static void module(const char *name, const struct holdfast_dimm *of, const char *region)
{
	bool has_faults = of->fault_flags && *of->fault_flags;

	detail_of(name, "%s%s%s of %s%s%s", of->name, of->id ? ", " : "", of->id ? of->id : "",
		region, has_faults ? ": " : "", has_faults ? of->fault_flags : "");
}

static void modules(const struct holdfast_region *region)
{
	for (size_t i = 0; i < region->dimm_count; i++)
		module(i ? "" : "modules", region->dimms[i], region->name);
}

/* Prints the details, without fields that people need not see. */
static void details(const struct holdfast_explanation *told)
{
	enum { ROOM = 8192 };
	char *room = malloc(ROOM);

	if (!room)
		room = must_copy(NULL);
	for (size_t i = 0; i < fields_path.count; i++) {
		const struct field *field = &fields_path.rows[i];
		const char *text = field->label ? field->say(told, room, ROOM) : NULL;
		if (text)
			detail(field->label, text);
	}
	for (size_t i = 0; i < told->region_count; i++)
		modules(told->regions[i]);
	free(room);
}

static void requirement(const struct answer *answer, enum pmem2_granularity required)
{
	static const char *const words[] = {
		[OUTCOME_YES] = "met", [OUTCOME_NO] = "not met", [OUTCOME_UNKNOWN] = "unknown"};

	char *line;

	if (asprintf(&line, "Required: durable at %s granularity: %s%s%s.",
		    granularity_word(required), words[answer->outcome], answer->because ? ": " : "",
		    answer->because ? answer->because : "") < 0)
		line = must_copy(NULL);
	wrap_lines(INDENT, INDENT, line);
	free(line);
}

/*
 * Copies bytes from another machine to `buffer`, and replaces those that must not be printed on a
 * terminal.
 */
static const char *ascii_of(char *buffer, size_t size, const char *bytes, size_t length)
{
	size_t n = 0;

	for (; n < length && n < size - 1 && bytes[n]; n++)
		buffer[n] = bytes[n] >= ' ' && bytes[n] <= '~' ? bytes[n] : '?';
	buffer[n] = '\0';
	return buffer;
}

static void remote_details(const struct holdfast_remote_set *set)
{
	char clean[512];

	detail_of("size", "%" PRIu64, set->size);
	if (set->created && !set->busy && set->header_size)
		detail_of("header", "%zu, signature \"%s\"", set->header_size,
			ascii_of(clean, sizeof(clean), set->attr.signature,
				sizeof(set->attr.signature)));
	for (size_t i = 0; i < set->part_count; i++)
		detail_of(i ? "" : "parts", "%s, %" PRIu64,
			ascii_of(clean, sizeof(clean), set->parts[i]->path, SIZE_MAX),
			set->parts[i]->size);
	detail_of("lanes", "%u at most", set->max_lanes);
	detail_of("protocol", "%s", set->version);
}

void text_answer(const struct answer *answer, const enum pmem2_granularity *required)
{
	const char *text = answer->told ? answer->told->text : answer->text;
	const char *reasons = strchr(text, '\n');
	size_t verdict = answer->told ? strlen(answer->told->verdict) : strcspn(text, "\n");

	char *line;
	if (asprintf(&line, "%s: %.*s", answer->path, (int)verdict,
		    answer->told ? answer->told->verdict : text) < 0)
		line = must_copy(NULL);
	printable(line);
	wrap_lines(0, INDENT, line);
	free(line);
	if (required)
		requirement(answer, *required);
	wrap_lines(INDENT, INDENT, reasons ? reasons + 1 : "");
	if (answer->told)
		details(answer->told);
	else
		remote_details(answer->set);
}

void text_machine(const struct holdfast_machine *machine)
{
	wrap_lines(0, INDENT, machine->text);
}

static void program_calls(const struct program *program)
{
	size_t same = 0;

	for (size_t i = 0; i < program->call_count; i++) {
		const struct program_call *call = program->calls[i];
		same += !call->difference;
		if (call->difference)
			detail_of(call->is_offered ? "differs" : "lost", "%s: %s", call->name,
				call->difference);
	}
	if (program->call_count)
		detail_of("the same", "%zu of %zu calls", same, program->call_count);
}

/*
 * Prints the result for a program. Lists calls that differ from PMDK's, and only counts the other
 * calls.
 */
void text_program(const struct program *program)
{
	char *line;

	if (asprintf(&line, "%s: %s", program->path, program->verdict) < 0)
		line = must_copy(NULL);
	printable(line);
	wrap_lines(0, INDENT, line);
	free(line);
	for (size_t i = 0; i < program->library_count; i++)
		detail_of(i ? "" : "libraries", "%s%s%s", program->libraries[i]->name,
			program->libraries[i]->note ? ": " : "",
			program->libraries[i]->note ? program->libraries[i]->note : "");
	for (size_t i = 0; i < program->node_count; i++)
		detail_of(i ? "" : "versions", "%s of %s%s", program->nodes[i]->name,
			program->nodes[i]->library,
			program->nodes[i]->is_offered ? "" : ": not offered");
	program_calls(program);
}

void text_health(const struct health *health)
{
	char *line;

	if (asprintf(&line, "this machine: %s", health->verdict) < 0)
		line = must_copy(NULL);
	wrap_lines(0, INDENT, line);
	free(line);
	for (size_t i = 0; i < health->finding_count; i++) {
		const struct health_finding *finding = health->findings[i];
		detail_of(finding->is_wrong ? "wrong" : "not known", "%s: %s", finding->what,
			finding->text);
	}
	detail_of("looked at", "%zu modules, %zu regions, %zu counters of storage",
		health->now->dimm_count, health->now->region_count, health->now->counter_count);
	detail("compared with",
		health->before.time ? health->before.time : "nothing: there was no earlier look");
}
