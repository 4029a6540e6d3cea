/* SPDX-License-Identifier: BSD-3-Clause */
/* options.c - the command line of holdfast crash */
#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

enum {
	OPTION_CHECK = 'c',
	OPTION_FILE = 'f',
	OPTION_TIME = 't',
	OPTION_OUTPUT = 'o',
	OPTION_JOBS = 'j',
	OPTION_BUDGET = 256,
	OPTION_IMAGES,
	OPTION_SEED,
	OPTION_EXHAUSTIVE,
	OPTION_DEADLINE,
	OPTION_IN_PLACE,
	OPTION_STRICT,
	OPTION_SAVE,
	OPTION_REPLAY,
	OPTION_FORMAT,
	OPTION_MODEL,
	OPTION_RECOVER,
	OPTION_ATOM,
	OPTION_REALLY,
	OPTION_DUMP,
	OPTION_IMAGE,
	OPTION_TEAR,
	OPTION_SVG,
	OPTION_WATCH,
	OPTION_FS,
	OPTION_NO_PROBES,
	OPTION_MIRROR_CHECK,
};

static const struct argp_option options[] = {
	{"check", OPTION_CHECK, "COMMAND", 0,
		"Run COMMAND on each image, whose name replaces {}; exit status 0 means that the image is good",
		0},
	{"file", OPTION_FILE, "FILE", 0,
		"Test a copy of FILE, whose name replaces FILE among the arguments of PROGRAM; it need not exist yet. May be repeated. Without it, all arguments that name files",
		0},
	{"in-place", OPTION_IN_PLACE, NULL, 0,
		"Let PROGRAM work on the files themselves, and test all files that it maps", 0},
	{"dump", OPTION_DUMP, "COMMAND", 0,
		"Run COMMAND on each image, whose name replaces {}: its output must be the output without a crash, before or after the interrupted operation",
		0},
	{"mirror-check", OPTION_MIRROR_CHECK, "COMMAND", 0,
		"Test also what remains if the whole machine is lost, as with --model=mirror: run COMMAND on each image of pools on other machines",
		0},
	{"watch", OPTION_WATCH, "DIR", 0,
		"Test the files in a copy of DIR, with their names and sizes; its name replaces DIR among the arguments of PROGRAM. Assumes the model page",
		0},
	{"fs", OPTION_FS, "KIND", 0,
		"Assume for watched files a file system that keeps the order of names and sizes, ordered (unless given), or one that does not, posix",
		1},
	{"recover", OPTION_RECOVER, NULL, 0,
		"Run PROGRAM itself on each image instead of a COMMAND: it must end, by itself, with exit status 0",
		0},
	{"really", OPTION_REALLY, NULL, 0,
		"Execute flushes and syncs of PROGRAM, besides recording them, so that it sees their errors",
		0},
	{"no-probes", OPTION_NO_PROBES, NULL, 0,
		"Do not observe flushes, fences and streaming stores that PROGRAM executes without a library",
		0},
	{"model", OPTION_MODEL, "MODEL", 0,
		"Assume that a crash loses the stores that MODEL says: cache-line (the default), byte, process, page or armv8; or the whole machine, so that only pools on other machines remain: mirror",
		1},
	{"atom", OPTION_ATOM, "8", 0,
		"Assume also that memory may tear lines, and keeps only 8 bytes whole; for the models cache-line and armv8",
		1},
	{"tear", OPTION_TEAR, "512", 0,
		"Assume also that storage may tear pages, and keeps only 512 bytes whole; for the model page",
		1},
	{"time", OPTION_TIME, "SECONDS", 0, "Stop looking after SECONDS (60); 0: never", 1},
	{"budget", OPTION_BUDGET, "N", 0,
		"Try N images (64) the first time that stores from the same places are pending, a quarter of N the second time, and so on",
		1},
	{"images", OPTION_IMAGES, "N", 0, "Try at most N images", 1},
	{"exhaustive", OPTION_EXHAUSTIVE, NULL, 0, "Try every image that is possible", 1},
	{"seed", OPTION_SEED, "N", 0, "Draw random images in another order for each N", 1},
	{"deadline", OPTION_DEADLINE, "SECONDS", 0,
		"Let a check fail that takes longer than SECONDS (10); 0: no limit", 1},
	{"jobs", OPTION_JOBS, "N", 0,
		"Run N checks in parallel (1); the report does not depend on N", 1},
	{"strict", OPTION_STRICT, NULL, 0, "Exit with 6 if something could not be observed", 2},
	{"format", OPTION_FORMAT, "FORMAT", 0, "Report as text, json, sarif or junit", 2},
	{"svg", OPTION_SVG, "FILE", 0, "Draw the events that led to each bug into FILE, as SVG", 2},
	{"save", OPTION_SAVE, "TRACE", 0, "Keep the recorded run in the file TRACE", 2},
	{"replay", OPTION_REPLAY, "TRACE", 0,
		"Test the run recorded in TRACE, instead of running PROGRAM", 2},
	{"image", OPTION_IMAGE, "ID", 0,
		"Test nothing; only write the image of TRACE that has this ID in a report", 2},
	{"output", OPTION_OUTPUT, "FILE", 0, "Write the image to FILE", 2},
	{0},
};

static const char doc[] =
	"Run PROGRAM once, record what it stores to mapped files and makes durable, and have COMMAND check the files that a power cut could have left behind at any moment.\v"
	"Flushes, fences and msync(2) of PROGRAM are recorded and not executed for the files under test: PROGRAM must not depend on their effect. "
	"Standard output of PROGRAM is shown on standard error.\n\n"
	"Exit status: 0 no bug was found; 1 some were; 2 wrong command line; 3 PROGRAM failed by itself; 4 nothing could be tested; 5 the check fails without a crash; "
	"6 with --strict, not all stores of PROGRAM could be observed.";

static double seconds(const char *text, struct argp_state *state)
{
	char *end;
	double number = strtod(text, &end);

	if (!*text || *end || !(number >= 0 && number < 1e9))
		argp_error(state, "\"%s\" is not a number of seconds", text);
	return number;
}

static uint64_t whole_number(const char *text, uint64_t least, struct argp_state *state)
{
	char *end;

	errno = 0;
	unsigned long long number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < least)
		argp_error(state, "\"%s\" is not a whole number from %llu on", text,
			(unsigned long long)least);
	return number;
}

static void set_format(struct options *chosen, const char *word, struct argp_state *state)
{
	static const char *const words[] = {
		[FORMAT_TEXT] = "text",
		[FORMAT_JSON] = "json",
		[FORMAT_SARIF] = "sarif",
		[FORMAT_JUNIT] = "junit",
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i])) {
			chosen->format = (enum report_format)i;
			return;
		}
	argp_error(state, "\"%s\" is not a format; use text, json, sarif or junit", word);
}

static void set_model(struct options *chosen, const char *word, struct argp_state *state)
{
	chosen->explore.model = model_of(word);
	if (chosen->explore.model == MODELS)
		argp_error(state,
			"\"%s\" is not a model; use cache-line, byte, process, page, armv8 or mirror",
			word);
}

static void set_torn(struct options *chosen, bool is_page, const char *word, const char *wanted,
	struct argp_state *state)
{
	if (strcmp(word, wanted))
		argp_error(state, "--%s=%s: only %s is known", is_page ? "tear" : "atom", word,
			wanted);
	chosen->explore.is_torn = true;
	chosen->tears_pages = is_page;
}

static void check_torn(const struct options *chosen, struct argp_state *state)
{
	bool is_page = chosen->explore.model == MODEL_PAGE;

	if (!chosen->explore.is_torn)
		return;
	if (chosen->tears_pages && !is_page)
		argp_error(state, "--tear needs --model=page");
	if (!chosen->tears_pages && (is_page || !model_can_tear(chosen->explore.model)))
		argp_error(state, "--atom needs the model cache-line or armv8");
}

static void check_image(const struct options *chosen, struct argp_state *state)
{
	if (!chosen->image != !chosen->output)
		argp_error(state, "--image and --output need each other");
	if (chosen->image && !chosen->replay)
		argp_error(state, "--image needs --replay");
	if (chosen->image && (chosen->check || chosen->dump))
		argp_error(state, "--image excludes --check and --dump");
}

static void set_file_system(struct options *chosen, const char *word, struct argp_state *state)
{
	chosen->explore.is_posix = !strcmp(word, "posix");
	if (!chosen->explore.is_posix && strcmp(word, "ordered"))
		argp_error(
			state, "\"%s\" is not a kind of file system; use ordered or posix", word);
}

/*
 * With --mirror-check, the mirrors are tested after the files of this machine. Without another
 * check, or with --model=mirror, only the mirrors are tested.
 */
static void check_sides(struct options *chosen, struct argp_state *state)
{
	bool has_other = chosen->check || chosen->dump || chosen->recover;

	if (!chosen->mirror_check)
		return;
	if (chosen->image)
		argp_error(state, "--image excludes --mirror-check");
	if (!has_other && !chosen->has_model)
		chosen->explore.model = MODEL_MIRROR;
	if (chosen->explore.model == MODEL_MIRROR && chosen->dump)
		argp_error(
			state, "with --model=mirror, --dump and --mirror-check exclude each other");
	if (chosen->explore.model == MODEL_MIRROR) {
		chosen->check = chosen->mirror_check;
		chosen->mirror_check = NULL;
	} else if (chosen->format != FORMAT_TEXT || chosen->svg) {
		argp_error(state,
			"--mirror-check makes a second report, as text: for --format and --svg, use --save, and then --replay with --model=mirror");
	}
}

static void check_together(const struct options *chosen, struct argp_state *state)
{
	check_image(chosen, state);
	if (!chosen->check && !chosen->dump && !chosen->recover && !chosen->image)
		argp_error(state, "--check is missing");
	if (!!chosen->check + !!chosen->dump + chosen->recover > 1)
		argp_error(state, "--check, --dump and --recover exclude each other");
	if (chosen->recover && chosen->explore.model == MODEL_MIRROR)
		argp_error(state, "--recover and --model=mirror exclude each other: use --check");
	if (chosen->replay && chosen->recover)
		argp_error(state,
			"--recover runs PROGRAM, and --replay has none: use --check instead");
	if (chosen->replay && chosen->program)
		argp_error(state, "--replay takes no PROGRAM");
	if (!chosen->replay && !chosen->program)
		argp_error(state, "PROGRAM is missing");
	check_torn(chosen, state);
	if (chosen->in_place && chosen->file_count)
		argp_error(state, "--in-place and --file exclude each other");
	if (chosen->watch && chosen->file_count)
		argp_error(state, "--watch and --file exclude each other");
	if (chosen->watch && chosen->explore.is_torn)
		argp_error(state, "--watch and --tear exclude each other");
	if (chosen->watch && chosen->explore.model != MODEL_PAGE)
		argp_error(state, "--watch needs --model=page");
}

#define MOST_JOBS 64u

static error_t parse_number(int key, char *argument, struct argp_state *state)
{
	struct options *chosen = state->input;

	switch (key) {
	case OPTION_TIME:
		chosen->time = seconds(argument, state);
		return 0;
	case OPTION_DEADLINE:
		chosen->deadline = seconds(argument, state);
		return 0;
	case OPTION_BUDGET:
		chosen->explore.budget = whole_number(argument, 1, state);
		return 0;
	case OPTION_IMAGES:
		chosen->explore.images = whole_number(argument, 1, state);
		return 0;
	case OPTION_SEED:
		chosen->explore.seed = whole_number(argument, 0, state);
		return 0;
	case OPTION_JOBS:
		if (whole_number(argument, 1, state) > MOST_JOBS)
			argp_error(state, "--jobs is at most %u", MOST_JOBS);
		chosen->jobs = (unsigned)whole_number(argument, 1, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *chosen = state->input;

	switch (key) {
	case OPTION_CHECK:
		chosen->check = argument;
		return 0;
	case OPTION_DUMP:
		chosen->dump = argument;
		return 0;
	case OPTION_FILE:
		chosen->files[chosen->file_count++] = argument;
		return 0;
	case OPTION_IN_PLACE:
		chosen->in_place = true;
		return 0;
	case OPTION_MIRROR_CHECK:
		chosen->mirror_check = argument;
		return 0;
	case OPTION_REALLY:
		chosen->really = true;
		return 0;
	case OPTION_EXHAUSTIVE:
		chosen->explore.exhaustive = true;
		return 0;
	case OPTION_STRICT:
		chosen->strict = true;
		return 0;
	case OPTION_FORMAT:
		set_format(chosen, argument, state);
		return 0;
	case OPTION_MODEL:
		chosen->has_model = true;
		set_model(chosen, argument, state);
		return 0;
	case OPTION_ATOM:
		set_torn(chosen, false, argument, "8", state);
		return 0;
	case OPTION_TEAR:
		set_torn(chosen, true, argument, "512", state);
		return 0;
	case OPTION_RECOVER:
		chosen->recover = true;
		return 0;
	case OPTION_IMAGE:
		chosen->image = argument;
		return 0;
	case OPTION_OUTPUT:
		chosen->output = argument;
		return 0;
	case OPTION_NO_PROBES:
		chosen->no_probes = true;
		return 0;
	case OPTION_SAVE:
		chosen->save = argument;
		return 0;
	case OPTION_REPLAY:
		chosen->replay = argument;
		return 0;
	case OPTION_SVG:
		chosen->svg = argument;
		return 0;
	case OPTION_WATCH:
		chosen->watch = argument;
		return 0;
	case OPTION_FS:
		set_file_system(chosen, argument, state);
		return 0;
	case ARGP_KEY_ARG: /* the remaining words are the program's */
		chosen->program = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (chosen->watch && !chosen->has_model)
			chosen->explore.model = MODEL_PAGE;
		check_sides(chosen, state);
		check_together(chosen, state);
		chosen->is_dump = chosen->dump;
		if (chosen->is_dump)
			chosen->check = chosen->dump;
		return 0;
	default:
		return parse_number(key, argument, state);
	}
}

void options_parse(int argc, char **argv, struct options *chosen)
{
	static const struct argp argp = {.options = options,
		.parser = parse,
		.args_doc = "-- PROGRAM [ARGUMENT...]\n--replay=TRACE\n"
			    "--replay=TRACE --image=ID -o FILE",
		.doc = doc};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, chosen);
}
