/* SPDX-License-Identifier: BSD-3-Clause */
/* command.c - holdfast crash: performs the steps of a run, one after the other */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/err.h"
#include "command.h"
#include "facts.h"
#include "holdfast/tool.h"

static bool is_reported; /* true once a report was written to standard output */

/* True if standard output is a terminal with colours, and NO_COLOR is not set. */
static bool is_coloured(void)
{
	const char *terminal = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && terminal && strcmp(terminal, "dumb") && !(no && *no);
}

static bool write_report(const struct facts *facts, enum report_format format, FILE *to)
{
	is_reported = true;
	switch (format) {
	case FORMAT_JSON:
		return report_json(facts, to);
	case FORMAT_SARIF:
		return report_sarif(facts, to);
	case FORMAT_JUNIT:
		return report_junit(facts, to);
	case FORMAT_TEXT:
	default:
		report_text(facts, is_coloured(), to);
		return true;
	}
}

/*
 * Reports a failed run, also in the formats SARIF and JUnit: otherwise a CI server might go on
 * showing an old report.
 */
static void report_failure(enum report_format format, int status)
{
	char message[512];

	snprintf(message, sizeof(message), "%s", last_message());
	words_clean(message);
	if (is_reported || status == STATUS_CLEAN)
		return;
	if (format == FORMAT_SARIF)
		report_sarif_failure(status, message, stdout);
	if (format == FORMAT_JUNIT)
		report_junit_failure(status, message, stdout);
}

static int draw(const struct facts *facts, struct memories *memories, const char *path)
{
	FILE *to = fopen(path, "we");
	bool is_good = to && report_svg(facts, memories, to);

	if (to && fclose(to))
		is_good = false;
	return is_good ? STATUS_CLEAN
		       : complain(STATUS_NOTHING, "%s could not be written: %s", path,
				 strerror(errno));
}

static int report(const struct findings *findings, struct memories *memories)
{
	struct facts facts;

	facts_make(findings, &facts);
	if (is_reported)
		putchar('\n');
	bool is_good = write_report(&facts, findings->options->format, stdout);
	int status = findings->options->svg ? draw(&facts, memories, findings->options->svg)
					    : STATUS_CLEAN;
	facts_free(&facts);
	if (!is_good || fflush(stdout) || ferror(stdout))
		return complain(STATUS_NOTHING, "the report could not be written");
	if (status || findings->explored->bug_count)
		return status ? status : STATUS_BUGS;
	return findings->options->strict && is_blind(findings) ? STATUS_BLIND : STATUS_CLEAN;
}

static int explore_with(const struct judge *judge, struct findings *findings, struct run *run,
	struct explored *explored)
{
	int error =
		explore(&run->trace, &run->memories, &findings->options->explore, judge, explored);

	progress_end();
	if (error && error < -STATUS_BLIND)
		complain(STATUS_NOTHING, "%s", err_get());
	return error ? STATUS_NOTHING : STATUS_CLEAN;
}

static int explore_alone(struct checker *checker, struct findings *findings, struct run *run,
	struct explored *explored)
{
	struct judge judge = {.judge = checker_judge,
		.enough = checker_enough,
		.progress = progress_explored,
		.context = checker};
	int status = explore_with(&judge, findings, run, explored);

	findings->way = checker_way(checker);
	return status;
}

static int explore_together(struct work *work, struct way way, double until,
	struct findings *findings, struct run *run, struct explored *explored)
{
	struct crew *crew = NULL;
	int status = crew_start(work, run, findings->options, way, until, &crew);

	if (!status) {
		struct judge judge = {.judge = crew_judge,
			.enough = crew_enough,
			.progress = progress_explored,
			.context = crew,
			.workers = findings->options->jobs,
			.begin = crew_begin,
			.end = crew_end};
		status = explore_with(&judge, findings, run, explored);
		findings->way = crew_way(crew);
	}
	crew_stop(crew);
	return status;
}

static int test(struct work *work, struct run *run, const struct options *chosen)
{
	struct explored explored = {0};
	struct checker *checker = NULL;
	struct dump *dump = NULL;
	struct findings findings = {.options = chosen, .run = run, .explored = &explored};
	double begin = now(), until = chosen->time > 0 ? begin + chosen->time : 0;
	int status = checker_start(work, run, chosen, 0, &checker);

	if (!status && chosen->is_dump)
		status = dump_learn(work, run, checker, &dump);
	run->dump = dump;
	if (!status)
		status = oracle_check(work, run, checker, &findings.accepts_anything);
	if (!status && chosen->jobs == 1)
		status = explore_alone(checker, &findings, run, &explored);
	struct way way = checker ? checker_way(checker) : (struct way){0};
	/* Call checker_stop() before the crew starts, because it ends all child processes. */
	checker_stop(checker);
	if (!status && chosen->jobs > 1)
		status = explore_together(work, way, until, &findings, run, &explored);
	findings.seconds = now() - begin;
	if (!status)
		status = report(&findings, &run->memories);
	dump_free(dump);
	explored_fini(&explored);
	return status;
}

/* True if this is the status of a run that was tested to its end. */
static bool is_tested(int status)
{
	return status == STATUS_CLEAN || status == STATUS_BUGS || status == STATUS_BLIND;
}

/*
 * Tests the files of this machine. If the user gave a check for mirrors, which are copies on other
 * machines, then tests these, too.
 */
static int test_sides(struct work *work, struct run *run, struct options *chosen)
{
	bool has_files = !chosen->mirror_check || files_tested(run);
	int status = has_files ? test(work, run, chosen) : STATUS_CLEAN;

	if (!chosen->mirror_check || !is_tested(status) || is_stopped)
		return status;
	int other = side_turn(work, run, chosen);
	if (!other)
		other = test(work, run, chosen);
	return !is_tested(other) || status == STATUS_CLEAN || other == STATUS_BUGS ? other : status;
}

/* Makes the image that the option --image names, and writes it to the file that -o names. */
static int write_image(struct work *work, const struct options *chosen, struct run *run)
{
	int error =
		explore_image(&run->trace, &run->memories, chosen->explore.model, chosen->image);

	if (error)
		return complain(error == -EINVAL ? STATUS_USAGE : STATUS_NOTHING, "%s", err_get());
	return images_write(work, run, chosen->output);
}

int crash_main(int argc, char **argv)
{
	struct options chosen = {.time = 60,
		.deadline = 10,
		.jobs = 1,
		.explore = {.budget = 64},
		.files = calloc((size_t)argc + 1, sizeof(char *))};
	struct work work = {0};
	static struct run run;

	if (!chosen.files)
		return complain(STATUS_NOTHING, "out of memory");
	options_parse(argc, argv, &chosen);
	set_signals(&work);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int status = work_make(&work);
	if (!status)
		status = chosen.replay ? run_load(&work, &chosen, &run)
				       : run_record(&work, &chosen, &run);
	if (!status)
		status = chosen.image ? write_image(&work, &chosen, &run)
				      : test_sides(&work, &run, &chosen);
	run_forget(&run);
	end_children();
	work_remove(&work);
	free(chosen.files);
	if (is_stopped && status == STATUS_CLEAN)
		status = STATUS_NOTHING;
	report_failure(chosen.format, status);
	return status;
}
