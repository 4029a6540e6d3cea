/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * junit.c - writes the facts as JUnit XML, which CI servers show as tests
 *
 * Each bug is a test that failed. Each cause that no bug has is a test that passed. If something
 * could not be observed, a further test is skipped, or failed with --strict.
 */
#include <stdlib.h>
#include <string.h>

#include "holdfast/tool.h"
#include "facts.h"

static void print_attribute(FILE *to, const char *name, const char *words)
{
	fprintf(to, " %s=\"", name);
	xml_print(to, words);
	fputc('"', to);
}

static void print_property(FILE *to, const struct fact_row *row, const void *whole)
{
	const void *member = fact_member(row, whole);
	const char *words;
	uint64_t number;
	bool flag;

	fputs("      <property", to);
	print_attribute(to, "name", row->key);
	if (row->kind == FACT_NUMBER) {
		memcpy(&number, member, sizeof(number));
		fprintf(to, " value=\"%llu\"", (unsigned long long)number);
	} else if (row->kind == FACT_FLAG) {
		memcpy(&flag, member, sizeof(flag));
		print_attribute(to, "value", flag ? "true" : "false");
	} else {
		memcpy(&words, member, sizeof(words));
		print_attribute(to, "value", words);
	}
	fputs("/>\n", to);
}

static void begin_case(FILE *to, const struct facts *facts, const char *name)
{
	fprintf(to, "    <testcase classname=\"holdfast.crash.%s\"", facts->model);
	print_attribute(to, "name", name);
}

/* ---- bugs */

/*
 * Returns the name of a bug's test, such as "missing order: log.c:83 append lost, log.c:90 append
 * early".
 */
static char *case_name(const struct fact_bug *bug)
{
	struct collected words;
	FILE *to = collect_begin(&words);
	const struct fact_store *const stores[] = {&bug->lost, &bug->early};

	fputs(bug->name, to);
	for (unsigned i = 0; i < 2; i++) {
		const struct call *call = fact_call(bug, stores[i]);
		if (!stores[i]->is_there)
			continue;
		fputs(i && bug->lost.is_there ? ", " : ": ", to);
		if (call)
			fprintf(to, "%s:%u %s", place_base_name(call), call->line, call->function);
		else
			fputs(stores[i]->words, to);
		fputs(i ? " early" : " lost", to);
	}
	return collect_end(&words);
}

static void print_store(FILE *to, const char *role, const struct fact_store *store)
{
	char *words = store->is_there ? fact_store_words(role, store) : NULL;

	if (words) {
		xml_print(to, words);
		fputc('\n', to);
	}
	free(words);
}

static void print_failure(FILE *to, const struct facts *facts, const struct fact_bug *bug)
{
	fprintf(to, "      <failure type=\"%s\" message=\"%llu of %llu images fail: ", bug->name,
		(unsigned long long)bug->failing, (unsigned long long)bug->images);
	xml_print(to, bug->status);
	if (bug->output) {
		fputs(": ", to);
		xml_print(to, bug->output);
	}
	fprintf(to, "\">\n%s, %s model\n", facts->event, facts->model);
	print_store(to, "lost", &bug->lost);
	print_store(to, "early", &bug->early);
	fputs(bug->is_at_end ? "crash: " : "crash: before ", to);
	xml_print(to, bug->crash_words);
	fputs("\nrepair: ", to);
	xml_print(to, bug->repair);
	fputs("\n</failure>\n", to);
}

static void print_bug(FILE *to, const struct facts *facts, const struct fact_bug *bug)
{
	const struct call *call = fact_main_call(bug);
	char *name = case_name(bug);

	begin_case(to, facts, name);
	if (call) {
		print_attribute(to, "file", call->file);
		fprintf(to, " line=\"%u\"", call->line);
	}
	fputs(">\n", to);
	print_failure(to, facts, bug);
	fputs("    </testcase>\n", to);
	free(name);
}

static bool has_bug(const struct facts *facts, enum cause cause)
{
	for (unsigned i = 0; i < facts->bug_count; i++)
		if (facts->bugs[i].cause == cause)
			return true;
	return false;
}

/* ---- the run */

static void print_blind_spots(FILE *to, const struct facts *facts, bool is_strict)
{
	begin_case(to, facts, "everything could be observed");
	if (!facts->is_blind) {
		fputs("/>\n", to);
		return;
	}
	fprintf(to, ">\n      <%s message=\"", is_strict ? "failure" : "skipped");
	for (unsigned i = 0; i < facts->blind.count; i++) {
		fputs(i ? "; " : "", to);
		xml_print(to, facts->blind.words[i]);
	}
	fputs("\"/>\n    </testcase>\n", to);
}

static void print_oracle(FILE *to, const struct facts *facts)
{
	begin_case(to, facts, "the check refuses an empty file");
	if (facts->accepts_anything)
		fputs(">\n      <skipped message=\"the check accepts an empty file, and may check nothing\"/>\n    </testcase>\n",
			to);
	else
		fputs("/>\n", to);
}

static void print_head(FILE *to, const struct facts *facts, bool is_strict)
{
	unsigned tests = facts->bug_count + 2, failures = facts->bug_count, skipped;
	char numbers[128];

	for (unsigned cause = 0; cause < FACT_CAUSES; cause++)
		tests += !has_bug(facts, (enum cause)cause);
	failures += facts->is_blind && is_strict;
	skipped = (facts->is_blind && !is_strict) + facts->accepts_anything;
	snprintf(numbers, sizeof(numbers),
		"tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"%u\" time=\"%.3f\"", tests,
		failures, skipped, facts->seconds);
	fprintf(to,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites %s>\n"
		"  <testsuite name=\"holdfast crash, %s\" %s>\n    <properties>\n",
		numbers, facts->model, numbers);
	for (const struct fact_row *row = run_rows; row->key; row++)
		print_property(to, row, facts);
	fputs("    </properties>\n", to);
}

/* Prints the whole report as text, for people. */
static void print_text(FILE *to, const struct facts *facts)
{
	struct collected text;

	report_text(facts, false, collect_begin(&text));
	char *words = collect_end(&text);
	fputs("    <system-out>", to);
	xml_print(to, words);
	fputs("</system-out>\n", to);
	free(words);
}

bool report_junit(const struct facts *facts, FILE *to)
{
	bool is_strict = facts->findings->options->strict;

	print_head(to, facts, is_strict);
	for (unsigned i = 0; i < facts->bug_count; i++)
		print_bug(to, facts, &facts->bugs[i]);
	for (unsigned cause = 0; cause < FACT_CAUSES; cause++)
		if (!has_bug(facts, (enum cause)cause)) {
			begin_case(to, facts, fact_causes[cause].name);
			fputs("/>\n", to);
		}
	print_oracle(to, facts);
	print_blind_spots(to, facts, is_strict);
	print_text(to, facts);
	fputs("  </testsuite>\n</testsuites>\n", to);
	return !ferror(to);
}

bool report_junit_failure(int status, const char *message, FILE *to)
{
	static const char numbers[] =
		"tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\"";

	fprintf(to,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites %s>\n"
		"  <testsuite name=\"holdfast crash\" %s>\n"
		"    <testcase classname=\"holdfast.crash\" name=\"the run\">\n"
		"      <error type=\"exit %d\"",
		numbers, numbers, status);
	print_attribute(to, "message", message);
	fputs("/>\n    </testcase>\n  </testsuite>\n</testsuites>\n", to);
	return !ferror(to);
}
