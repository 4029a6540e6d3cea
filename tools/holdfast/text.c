/* SPDX-License-Identifier: BSD-3-Clause */
/* text.c - explanations for people: the verdict, the reasons, the details */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "tool.h"

#define WIDTH  80
#define INDENT 4

/* Words of one line, in as many lines as they need. */
static void wrap(const char *line, size_t length)
{
	size_t column = 0;

	for (size_t at = 0; at < length;) {
		size_t word = strcspn(line + at, " \n");
		if (word > length - at)
			word = length - at;
		if (column && column + 1 + word > WIDTH) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%*s%.*s", column ? 1 : INDENT, "", (int)word, line + at);
		at += word;
		at += strspn(line + at, " ");
	}
	putchar('\n');
}

static void wrap_lines(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		wrap(text, length);
		text += length;
		text += *text == '\n';
	}
}

static void __attribute__((__format__(__printf__, 2, 3)))
detail(const char *name, const char *format, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&line, format, ap) < 0)
		line = NULL;
	va_end(ap);
	if (!line)
		line = must_copy(NULL);
	printable(line);
	printf("%*s%-18s%s\n", INDENT, "", name, line);
	free(line);
}

/* What nobody tells of is left out; what could not be read is not. */
static void number(const char *name, const struct holdfast_number *number)
{
	if (number->answer == HOLDFAST_ANSWERED)
		detail(name, "%" PRId64, number->value);
	else if (number->answer == HOLDFAST_UNREADABLE)
		detail(name, "unknown: %s", number->why);
}

static void modules(const struct holdfast_region *region)
{
	for (size_t i = 0; i < region->dimm_count; i++)
		detail(i ? "" : "modules", "%s%s%s of %s", region->dimms[i]->name,
			region->dimms[i]->id ? ", " : "",
			region->dimms[i]->id ? region->dimms[i]->id : "", region->name);
}

static const char *map_sync_word(enum holdfast_map_sync map_sync)
{
	switch (map_sync) {
	case HOLDFAST_MAP_SYNC_WOULD_ACCEPT:
		return "accepted (inferred)";
	case HOLDFAST_MAP_SYNC_WOULD_REFUSE:
		return "refused (inferred)";
	default:
		return holdfast_map_sync_name(map_sync);
	}
}

static void details(const struct holdfast_explanation *told)
{
	if (told->file_system && told->mount_point)
		detail("file system", "%s at %s from %s (%s)", told->file_system, told->mount_point,
			told->mount_source, told->mount_options);
	detail("MAP_SYNC", "%s", map_sync_word(told->map_sync));
	if (told->memory != HOLDFAST_MEMORY_NONE)
		detail("domain", "%s", holdfast_domain_name(told->domain));
	number("alignment", &told->alignment);
	number("NUMA node", &told->numa_node);
	number("unsafe shutdowns", &told->unsafe_shutdowns);
	for (size_t i = 0; i < told->region_count; i++)
		modules(told->regions[i]);
	detail("engine", "%s", told->cpu->engine);
}

static void requirement(const struct answer *answer, enum pmem2_granularity required)
{
	static const char *const words[] = {
		[OUTCOME_YES] = "met", [OUTCOME_NO] = "not met", [OUTCOME_UNKNOWN] = "unknown"};

	printf("%*sRequired: durable at %s granularity: %s%s%s.\n", INDENT, "",
		granularity_word(required), words[answer->outcome], answer->because ? ": " : "",
		answer->because ? answer->because : "");
}

/* Bytes that another machine sent, fit for a terminal, in `buffer`. */
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

	detail("size", "%" PRIu64, set->size);
	if (set->created && !set->busy && set->header_size)
		detail("header", "%zu, signature \"%s\"", set->header_size,
			ascii_of(clean, sizeof(clean), set->attr.signature,
				sizeof(set->attr.signature)));
	for (size_t i = 0; i < set->part_count; i++)
		detail(i ? "" : "parts", "%s, %" PRIu64,
			ascii_of(clean, sizeof(clean), set->parts[i]->path, SIZE_MAX),
			set->parts[i]->size);
	detail("lanes", "%u at most", set->max_lanes);
	detail("protocol", "%s", set->version);
}

void text_answer(const struct answer *answer, const enum pmem2_granularity *required)
{
	const char *text = answer->told ? answer->told->text : answer->text;
	const char *reasons = strchr(text, '\n');
	size_t verdict = answer->told ? strlen(answer->told->verdict) : strcspn(text, "\n");

	char *path = must_copy(answer->path);
	printable(path);
	printf("%s: %.*s\n", path, (int)verdict, answer->told ? answer->told->verdict : text);
	free(path);
	if (required)
		requirement(answer, *required);
	wrap_lines(reasons ? reasons + 1 : "");
	if (answer->told)
		details(answer->told);
	else
		remote_details(answer->set);
}

void text_machine(const struct holdfast_machine *machine)
{
	fputs(machine->text, stdout);
}
