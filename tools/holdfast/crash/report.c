/* SPDX-License-Identifier: BSD-3-Clause */
/* report.c - what was found, in words */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "command.h"

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
	};

	return words[cause];
}

static const char *repair_words(enum cause cause)
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
	};

	return words[cause];
}

void status_words(int status, char *words, size_t size)
{
	if (status == VERDICT_DEADLINE)
		snprintf(words, size, "past its deadline");
	else if (WIFSIGNALED(status))
		snprintf(words, size, "signal %d", WTERMSIG(status));
	else
		snprintf(words, size, "exit %d", WEXITSTATUS(status));
}

static const char *state_words(const struct suspect *suspect, bool is_lost)
{
	if (suspect->flags & ELEMENT_FLUSHED)
		return "flushed, not drained";
	if (suspect->flags & ELEMENT_STREAM)
		return "around the caches, not drained";
	return is_lost ? "not flushed" : "not flushed: its line may be evicted at any time";
}

static void print_suspect(
	const struct findings *findings, const char *what, const struct suspect *suspect, FILE *to)
{
	const struct trace *trace = &findings->run->trace;

	if (!suspect->is_there)
		return;
	char *where = place_words(trace, suspect->stack);
	fprintf(to, "  %-6s %3u B  %s%s  %s+%#llx  %s\n", what, suspect->length,
		suspect->flags & ELEMENT_SEEN ? "found at " : "", where,
		file_base_name(trace, place_file(suspect->place)),
		(unsigned long long)place_offset(suspect->place),
		state_words(suspect, what[0] == 'l'));
	free(where);
}

static void print_bug(const struct findings *findings, unsigned number, FILE *to)
{
	const struct bug *bug = &findings->explored->bugs[number];
	char status[64];

	status_words(bug->status, status, sizeof(status));
	fprintf(to, "BUG %u  %s   power cut, cache-line   %llu of %llu images fail: %s", number + 1,
		cause_words(bug->cause), (unsigned long long)bug->images,
		(unsigned long long)bug->looked, status);
	if (bug->words)
		fprintf(to, ", \"%s\"", bug->words);
	fputc('\n', to);
	print_suspect(findings, "lost", &bug->lost, to);
	print_suspect(findings, "early", &bug->early, to);
	if (bug->at < findings->run->trace.count) {
		char *where = place_words(&findings->run->trace, bug->stack);
		fprintf(to, "  crash         before %s\n", where);
		free(where);
	} else {
		fprintf(to, "  crash         after the end of the program\n");
	}
	fprintf(to, "  repair        %s\n", repair_words(bug->cause));
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
		fprintf(to,
			"  stores found only by comparing: %llu times a line, %llu of them after the "
			"end; their order inside the line is not known\n",
			(unsigned long long)findings->explored->seen,
			(unsigned long long)run->lines_at_end);
	if (run->failed_maps)
		fprintf(to, "  maps that could not be recorded: %u\n", run->failed_maps);
	if (run->lost_slots)
		fprintf(to, "  records lost because the program was killed: at most %llu\n",
			(unsigned long long)run->lost_slots);
	if (run->file_gone)
		fprintf(to, "  a file was renamed or removed: its end could not be compared\n");
	if (findings->is_spawned)
		fprintf(to, "the check was started for each image, on a copy, because %s\n",
			findings->why_spawned);
}

void report_text(const struct findings *findings, FILE *to)
{
	const struct explored *explored = findings->explored;

	if (findings->accepts_anything)
		fprintf(to, "the check accepted even an empty file: it may check nothing\n");
	if (explored->seen)
		fprintf(to, "level 0: stores between two flushes of a line were not told apart "
			    "(holdfast cc tells them)\n");
	else
		fprintf(to, "level 1: each store was seen by itself\n");
	fprintf(to, "cache-line model; %llu crash points, %llu of %llu signatures covered, ",
		(unsigned long long)explored->points, (unsigned long long)explored->covered,
		(unsigned long long)explored->signatures);
	fprintf(to, "%llu images in %.1f s%s\n", (unsigned long long)explored->images,
		findings->seconds, explored->was_ended ? ", ended by a limit" : "");
	for (unsigned i = 0; i < explored->bug_count; i++)
		print_bug(findings, i, to);
	print_blind_spots(findings, to);
}
