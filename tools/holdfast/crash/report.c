/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - what was found, in words */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "command.h"

#define COLUMNS 80

const char *cause_words(enum cause cause)
{
	static const char *const words[] = {
		[CAUSE_FLUSH] = "missing flush",
		[CAUSE_DRAIN] = "missing drain",
		[CAUSE_ORDER] = "missing order",
		[CAUSE_EVICTION] = "missing order (eviction)",
		[CAUSE_ATOMICITY] = "atomicity",
		[CAUSE_TORN] = "torn copy",
		[CAUSE_RECOVERY] = "recovery",
		[CAUSE_TORN_LINE] = "torn line",
		[CAUSE_TORN_PAGE] = "torn page",
	};

	return words[cause];
}

static const char *repair_words(const struct bug *bug)
{
	static const char *const words[] = {
		[CAUSE_FLUSH] = "flush the lost store",
		[CAUSE_DRAIN] =
			"drain, on the thread that flushed the lost store, before what relies on it",
		[CAUSE_ORDER] = "a drain between the two",
		[CAUSE_EVICTION] = "make the lost store durable before the early one is stored",
		[CAUSE_ATOMICITY] = "one store of 8 bytes that makes all of it count, or a log",
		[CAUSE_TORN] = "a flag or checksum, stored when the copy is durable",
		[CAUSE_RECOVERY] =
			"the program's recovery, or a flush of what was found only after the end",
		[CAUSE_TORN_LINE] = "a drain between the two, or a checksum over both",
		[CAUSE_TORN_PAGE] = "a sync between the two, or a checksum over both",
	};

	bool is_under_way = bug->lost.flags & (ELEMENT_FLUSHED | ELEMENT_STREAM);

	if (bug->cause == CAUSE_ORDER && !is_under_way)
		return words[CAUSE_EVICTION];
	return words[bug->cause];
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

static const char *state_words(const struct suspect *suspect, bool is_lost)
{
	if (suspect->flags & SUSPECT_LATER)
		return "not stored yet";
	if (suspect->flags & ELEMENT_DURABLE)
		return "durable";
	if (suspect->flags & ELEMENT_FLUSHED)
		return "flushed, not drained";
	if (suspect->flags & ELEMENT_STREAM)
		return "around the caches, not drained";
	return is_lost ? "not flushed" : "not flushed: its line may be evicted at any time";
}

/*
 * Find the end of a line within the room: behind a part of a call stack, or where two blanks are;
 * `anywhere`: at any blank. 0: there is no such place.
 */
static size_t place_to_break(const char *text, size_t room, bool anywhere)
{
	size_t found = 0;

	for (size_t i = 1; i <= room && text[i]; i++)
		if (text[i] == ' ' && text[i - 1] != ' ' &&
			(anywhere || text[i - 1] == '<' || text[i + 1] == ' '))
			found = i;
	return found;
}

/* Lines of at most 80 columns; `indent` for all but the first. */
static void print_lines(FILE *to, const char *text, size_t indent)
{
	size_t room = COLUMNS;

	while (strlen(text) > room) {
		size_t end = place_to_break(text, room, false);
		if (end < indent)
			end = place_to_break(text, room, true);
		if (end < indent)
			end = indent + strcspn(text + indent, " ");
		fprintf(to, "%.*s\n%*s", (int)end, text, (int)indent, "");
		text += end + strspn(text + end, " ");
		room = COLUMNS - indent;
		indent = indent < room ? indent : 0;
	}
	fprintf(to, "%s\n", text);
}

static void print_formatted(FILE *to, size_t indent, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

static void print_formatted(FILE *to, size_t indent, const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		print_lines(to, text, indent);
	free(text);
}

static void print_suspect(
	const struct findings *findings, const char *what, const struct suspect *suspect, FILE *to)
{
	const struct trace *trace = &findings->run->trace;

	if (!suspect->is_there)
		return;
	char *where = place_words(trace, suspect->stack);
	print_formatted(to, 16, "  %-6s %3u B  %s%s  %s+%#llx  %s", what, suspect->length,
		suspect->flags & ELEMENT_SEEN ? "found at " : "", where,
		file_base_name(trace, place_file(suspect->place)),
		(unsigned long long)place_offset(suspect->place),
		state_words(suspect, what[0] == 'l'));
	free(where);
}

/* Only a trace that was kept has its images again. */
static void print_again(const struct findings *findings, const struct bug *bug, FILE *to)
{
	const struct options *options = findings->options;
	const char *trace = options->save ? options->save : options->replay;
	bool is_usual = options->explore.model == MODEL_CACHE_LINE;

	if (trace && bug->name)
		fprintf(to, "  again         holdfast crash --replay=%s%s%s --image=%s -o FILE\n",
			trace, is_usual ? "" : " --model=",
			is_usual ? "" : model_name(options->explore.model), bug->name);
}

static void print_bug(const struct findings *findings, unsigned number, FILE *to)
{
	const struct bug *bug = &findings->explored->bugs[number];
	char status[64];

	status_words(bug->status, status, sizeof(status));
	print_formatted(to, 7, "BUG %u  %s   %s, %s   %llu of %llu images fail: %s%s%s%s",
		number + 1, cause_words(bug->cause),
		findings->options->explore.model == MODEL_PROCESS ? "killed" : "power cut",
		model_name(findings->options->explore.model), (unsigned long long)bug->images,
		(unsigned long long)bug->looked, status, bug->words ? ", \"" : "",
		bug->words ? bug->words : "", bug->words ? "\"" : "");
	print_suspect(findings, "lost", &bug->lost, to);
	print_suspect(findings, "early", &bug->early, to);
	if (bug->at < findings->run->trace.count) {
		char *where = place_words(&findings->run->trace, bug->stack);
		print_formatted(to, 16, "  crash         before %s", where);
		free(where);
	} else {
		fprintf(to, "  crash         after the end of the program\n");
	}
	print_formatted(to, 16, "  repair        %s", repair_words(bug));
	print_again(findings, bug, to);
}

bool is_blind(const struct findings *findings)
{
	return findings->explored->seen || findings->run->lost_slots ||
	       findings->run->failed_maps || findings->run->file_gone;
}

static void print_blind_spots(const struct findings *findings, FILE *to)
{
	const struct run *run = findings->run;

	fprintf(to, "not seen:\n");
	if (!is_blind(findings))
		fprintf(to, "  nothing that is known\n");
	if (findings->explored->seen)
		print_formatted(to, 4,
			"  stores found only by comparing: %llu times a line, %llu of them after the "
			"end; their order inside the line is not known",
			(unsigned long long)findings->explored->seen,
			(unsigned long long)run->lines_at_end);
	if (run->failed_maps)
		fprintf(to, "  maps that could not be recorded: %u\n", run->failed_maps);
	if (run->lost_slots)
		fprintf(to, "  records lost because the program was killed: at most %llu\n",
			(unsigned long long)run->lost_slots);
	if (run->file_gone)
		fprintf(to, "  a file was renamed or removed: its end could not be compared\n");
	if (findings->way.is_spawned)
		print_formatted(to, 2,
			"the check was started for each image, on a copy, because %s",
			findings->way.why);
}

/* The level is that of the weakest part of the program. */
static void print_level(const struct explored *explored, FILE *to)
{
	if (explored->seen && explored->stores)
		print_formatted(to, 2,
			"levels 0 and 1: %llu stores were seen by themselves; parts of the program "
			"that holdfast cc did not build changed a line %llu times, and their stores "
			"were not told apart",
			(unsigned long long)explored->stores, (unsigned long long)explored->seen);
	else if (explored->seen)
		print_formatted(to, 2,
			"level 0: stores between two flushes of a line were not told apart "
			"(holdfast cc tells them)");
	else if (explored->stores)
		fprintf(to, "level 1: each store was seen by itself\n");
	else if (explored->copies)
		fprintf(to, "level 1: all that was stored are copies and fills by calls\n");
	else
		fprintf(to, "no store was seen\n");
}

void report_text(const struct findings *findings, FILE *to)
{
	const struct explored *explored = findings->explored;

	if (findings->accepts_anything)
		fprintf(to, "the check accepted even an empty file: it may check nothing\n");
	print_level(explored, to);
	print_formatted(to, 2,
		"%s model; %llu crash points, %llu of %llu signatures covered, "
		"%llu images in %.1f s%s",
		model_name(findings->options->explore.model), (unsigned long long)explored->points,
		(unsigned long long)explored->covered, (unsigned long long)explored->signatures,
		(unsigned long long)explored->images, findings->seconds,
		explored->was_ended ? ", ended by a limit" : "");
	for (unsigned i = 0; i < explored->bug_count; i++)
		print_bug(findings, i, to);
	print_blind_spots(findings, to);
}
