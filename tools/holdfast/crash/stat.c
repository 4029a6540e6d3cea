/* SPDX-License-Identifier: BSD-3-Clause */
/* stat.c - holdfast stat: counts by call site the flushes, drains and copies of a program */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "holdfast/tool.h"
#include "base/err.h"
#include "sites.h"

enum {
	OPTION_FILE = 'f',
	OPTION_ROWS = 'n',
	OPTION_IN_PLACE = 256,
	OPTION_SAVE,
	OPTION_REPLAY,
	OPTION_FORMAT,
	OPTION_NO_PROBES,
};

static const struct argp_option options[] = {
	{"file", OPTION_FILE, "FILE", 0,
		"Let PROGRAM work on a copy of FILE, whose name replaces FILE among its arguments; "
		"it need not exist yet. May be repeated. Without it, all arguments that name files",
		0},
	{"in-place", OPTION_IN_PLACE, NULL, 0,
		"Let PROGRAM work on the files themselves, and count for all files that it maps",
		0},
	{"no-probes", OPTION_NO_PROBES, NULL, 0,
		"Do not observe flushes, fences and streaming stores that PROGRAM executes without a library",
		0},
	{"rows", OPTION_ROWS, "N", 0, "Show N call sites (20); 0: all", 1},
	{"format", OPTION_FORMAT, "FORMAT", 0, "Print text or json", 1},
	{"save", OPTION_SAVE, "TRACE", 0,
		"Keep the recorded run in the file TRACE, which `holdfast crash' can read, too", 1},
	{"replay", OPTION_REPLAY, "TRACE", 0,
		"Count the events in TRACE, instead of running PROGRAM", 1},
	{0},
};

static const char doc[] =
	"Run PROGRAM once, and count at each call site the flushes, drains and copies by which it makes its stores to mapped files durable, and those that were redundant.\v"
	"Flushes, fences and msync(2) of PROGRAM are counted and not executed for these files: PROGRAM must not depend on their effect. "
	"Standard output of PROGRAM is shown on standard error.\n\n"
	"Exit status: 0 all was counted; 2 wrong command line; 3 PROGRAM failed by itself, and what it had done was counted; 4 nothing could be counted.";

struct chosen {
	struct options run;
	unsigned rows;
};

/* ---- the command line */

static unsigned whole_number(const char *text, struct argp_state *state)
{
	char *end;

	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number > 1000000)
		argp_error(state, "\"%s\" is not a number of rows", text);
	return (unsigned)number;
}

static void set_format(struct options *run, const char *word, struct argp_state *state)
{
	run->format = strcmp(word, "json") ? FORMAT_TEXT : FORMAT_JSON;
	if (run->format == FORMAT_TEXT && strcmp(word, "text"))
		argp_error(state, "\"%s\" is not a format; use text or json", word);
}

static void check_together(const struct options *run, struct argp_state *state)
{
	if (run->replay && run->program)
		argp_error(state, "--replay takes no PROGRAM");
	if (!run->replay && !run->program)
		argp_error(state, "PROGRAM is missing");
	if (run->in_place && run->file_count)
		argp_error(state, "--in-place and --file exclude each other");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct chosen *chosen = state->input;
	struct options *run = &chosen->run;

	switch (key) {
	case OPTION_FILE:
		run->files[run->file_count++] = argument;
		return 0;
	case OPTION_ROWS:
		chosen->rows = whole_number(argument, state);
		return 0;
	case OPTION_IN_PLACE:
		run->in_place = true;
		return 0;
	case OPTION_FORMAT:
		set_format(run, argument, state);
		return 0;
	case OPTION_NO_PROBES:
		run->no_probes = true;
		return 0;
	case OPTION_SAVE:
		run->save = argument;
		return 0;
	case OPTION_REPLAY:
		run->replay = argument;
		return 0;
	case ARGP_KEY_ARG: /* the remaining words are the program's */
		run->program = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		check_together(run, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- the run */

/*
 * Saves the trace, with the files' content from before the run, which `holdfast stat` itself does
 * not use.
 */
static int save(struct work *work, const struct options *chosen, struct run *run)
{
	int status = images_make(work, run);

	if (!status && trace_save(&run->trace, run->memories.first, chosen->save))
		status = complain(STATUS_NOTHING, "%s", err_get());
	return status;
}

static int record(struct work *work, struct options *chosen, struct run *run)
{
	int status = work_make(work);

	if (!status)
		status = work_copy_files(work, chosen);
	if (!status && trace_init(&run->trace, TRACE_SLOTS_MANY))
		status = complain(STATUS_NOTHING, "%s", err_get());
	if (!status)
		status = target_run(work, chosen, run);
	if (!status && chosen->save)
		status = save(work, chosen, run);
	return status;
}

static int load(const struct options *chosen, struct run *run)
{
	unsigned char *first[EVENT_FILES];
	int error = trace_load(&run->trace, first, chosen->replay);

	if (error)
		return complain(error == -ENOENT ? STATUS_USAGE : STATUS_NOTHING, "%s", err_get());
	for (unsigned f = 0; f < run->trace.file_count; f++)
		trace_file_free(first[f], run->trace.files[f].size);
	return STATUS_CLEAN;
}

static int print(const struct chosen *chosen, const struct run *run)
{
	struct sites sites;
	int status = sites_find(&run->trace, &sites);
	bool is_good = true;

	if (!status && chosen->run.format == FORMAT_JSON)
		is_good = sites_json(run, &sites, stdout);
	else if (!status)
		sites_text(run, &sites, chosen->rows, stdout);
	sites_free(&sites);
	if (!is_good || fflush(stdout) || ferror(stdout))
		status = complain(STATUS_NOTHING, "the table could not be written");
	return status;
}

int stat_main(int argc, char **argv)
{
	static const struct argp argp = {.options = options,
		.parser = parse,
		.args_doc = "-- PROGRAM [ARGUMENT...]\n--replay=TRACE",
		.doc = doc};
	struct chosen chosen = {
		.run = {.files = calloc((size_t)argc + 1, sizeof(char *))}, .rows = 20};
	struct work work = {0};
	static struct run run;

	command_name = "holdfast stat";
	if (!chosen.run.files)
		return complain(STATUS_NOTHING, "out of memory");
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen);
	set_signals(&work);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	int status = chosen.run.replay ? load(&chosen.run, &run) : record(&work, &chosen.run, &run);
	/* print what a program did before it failed */
	if (status == STATUS_CLEAN || (status == STATUS_PROGRAM && run.trace.file_count)) {
		int printed = print(&chosen, &run);
		status = printed ? printed : status;
	}
	run_forget(&run);
	end_children();
	work_remove(&work);
	free(chosen.run.files);
	return status;
}
