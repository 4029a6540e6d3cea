/* SPDX-License-Identifier: BSD-3-Clause */
/* info.c - holdfast info: explains paths, a program, or the whole machine */
#include <argp.h>
#include <libpmem2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "health.h"
#include "program.h"
#include "tool.h"

enum {
	OPTION_JSON = 'j',
	OPTION_PROGRAM = 'p',
	OPTION_REQUIRE = 'r',
	OPTION_TRY = 't',
	OPTION_HEALTH = 256, /* this option and the next ones have no short form */
	OPTION_PROMETHEUS,
	OPTION_STATE,
};

struct arguments {
	bool json, try, is_required, health, prometheus;
	const char *program, *state;
	enum pmem2_granularity required;
	unsigned path_count;
	struct answer *answers; /* an array with an element for each command-line argument */
};

static const struct argp_option options[] = {
	{"health", OPTION_HEALTH, NULL, 0,
		"Instead of paths, look whether anything is wrong with persistent memory, file systems or arrays of disks, or has become worse since the last look",
		0},
	{"json", OPTION_JSON, NULL, 0, "Print one JSON object, for programs", 0},
#ifdef HAVE_LIBELF
	{"program", OPTION_PROGRAM, "FILE", 0,
		"Instead of paths, explain what the program FILE needs of libpmem, libpmem2 and librpmem, and how these differ from PMDK's libraries; FILE is not run",
		0},
#endif
	{"prometheus", OPTION_PROMETHEUS, NULL, 0, "With --health, print metrics for Prometheus",
		0},
	{"require", OPTION_REQUIRE, "GRANULARITY", 0,
		"Fail unless stores to every PATH are durable at this granularity or a finer one: byte, cache-line or page",
		0},
	{"state", OPTION_STATE, "FILE", 0,
		"With --health, compare with the state in FILE and store the new state there; " HEALTH_STATE
		" unless given",
		0},
	{"try", OPTION_TRY, NULL, 0,
		"For a directory, make an unnamed file in it and explain this file, instead of inferring the answer from the file system",
		0},
	{0},
};

static const char doc[] =
	"Explain what stores to a file, to new files in a directory, to a file system on a block device or to a DAX device need to be durable, and why; "
	"for HOST:POOLSET, explain when data that is persisted in a pool on another machine is durable. Without PATH, explain this machine.\v"
	"Nothing is written, unless --try or --health is given. HOST is [USER@]NAME[:PORT], reached by ssh; rpmemd on HOST answers. "
	"A file whose name has a colon is ./NAME.\n\n"
	"Exit status: 0 if everything could be explained and meets what is required; 1 if a PATH does not meet it, whatever is known of the other paths; "
	"2 if that could not be found out, if a PATH cannot be explained, or if the command line is wrong.";

static void set_required(struct arguments *arguments, const char *word, struct argp_state *state)
{
	static const enum pmem2_granularity all[] = {
		PMEM2_GRANULARITY_BYTE, PMEM2_GRANULARITY_CACHE_LINE, PMEM2_GRANULARITY_PAGE};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(word, granularity_word(all[i]))) {
			arguments->is_required = true;
			arguments->required = all[i];
			return;
		}
	argp_error(state, "\"%s\" is not a granularity; use byte, cache-line or page", word);
}

static void check(const struct arguments *arguments, struct argp_state *state)
{
	bool is_alone = !arguments->path_count && !arguments->try && !arguments->is_required;

	if (arguments->is_required && !arguments->path_count)
		argp_error(state, "--require needs a PATH");
	if (arguments->program && arguments->path_count)
		argp_error(state, "--program cannot be combined with a PATH");
	if (arguments->try && !arguments->path_count)
		argp_error(state, "--try needs a PATH");
	if (arguments->health && (!is_alone || arguments->program))
		argp_error(state,
			"--health cannot be combined with a PATH, --try, --require or --program");
	if (!arguments->health && (arguments->prometheus || arguments->state))
		argp_error(state, "--prometheus and --state need --health");
	if (arguments->prometheus && arguments->json)
		argp_error(state, "--prometheus and --json exclude each other");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct arguments *arguments = state->input;

	switch (key) {
	case OPTION_HEALTH:
		arguments->health = true;
		return 0;
	case OPTION_PROMETHEUS:
		arguments->prometheus = true;
		return 0;
	case OPTION_STATE:
		arguments->state = argument;
		return 0;
	case OPTION_JSON:
		arguments->json = true;
		return 0;
	case OPTION_PROGRAM:
		arguments->program = argument;
		return 0;
	case OPTION_REQUIRE:
		set_required(arguments, argument, state);
		return 0;
	case OPTION_TRY:
		arguments->try = true;
		return 0;
	case ARGP_KEY_ARG:
		arguments->answers[arguments->path_count++].path = argument;
		return 0;
	case ARGP_KEY_END:
		check(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static enum outcome explain_machine(bool json)
{
	struct holdfast_machine *machine;
	bool done = true;

	if (holdfast_explain_machine(&machine)) {
		fprintf(stderr, "holdfast: this machine: %s\n", pmem2_errormsg());
		return OUTCOME_UNKNOWN;
	}
	if (json)
		done = json_machine(machine);
	else
		text_machine(machine);
	holdfast_machine_free(&machine);
	return done ? OUTCOME_YES : OUTCOME_UNKNOWN;
}

static void complain(const struct answer *answer)
{
	bool has_name =
		*answer->error == '/'; /* the library's message already begins with the path */
	char *text = NULL;

	if (asprintf(&text, "%s%s%s", has_name ? "" : answer->path, has_name ? "" : ": ",
		    answer->error) < 0)
		text = must_copy(NULL);
	printable(text);
	fprintf(stderr, "holdfast: %s\n", text);
	free(text);
}

#ifdef HAVE_LIBELF
static enum outcome explain_program(const struct arguments *arguments)
{
	struct program program;
	bool done = true;

	program_read(&program, arguments->program);
	enum outcome outcome = program.runs > 0 ? OUTCOME_YES
			       : program.runs   ? OUTCOME_UNKNOWN
						: OUTCOME_NO;
	if (program.error)
		complain(&(struct answer){.path = program.path, .error = program.error});
	if (arguments->json)
		done = json_program(&program);
	else if (!program.error)
		text_program(&program);
	program_fini(&program);
	return done ? outcome : OUTCOME_UNKNOWN;
}
#else
static enum outcome explain_program(const struct arguments *arguments)
{
	(void)arguments;
	return OUTCOME_UNKNOWN; /* not reached: this build has no option --program */
}
#endif

static enum outcome look(const struct arguments *arguments)
{
	return health_look(arguments->prometheus ? HEALTH_PROMETHEUS
			   : arguments->json     ? HEALTH_JSON
						 : HEALTH_TEXT,
		arguments->state);
}

static void explain(struct answer *answer, bool try)
{
	if (remote_is(answer->path))
		remote_explain(answer);
	else
		path_explain(answer, try);
}

static void forget(struct answer *answer)
{
	path_fini(answer);
	remote_fini(answer);
	free(answer->error);
}

static void require(struct answer *answer, const enum pmem2_granularity *required)
{
	if (answer->told && required)
		path_require(answer, *required);
	if (answer->set && required)
		remote_require(answer, *required);
	answer->met = answer->error || answer->outcome == OUTCOME_UNKNOWN
			      ? -1
			      : answer->outcome == OUTCOME_YES;
}

/* Combines the outcomes of all paths by the rules of enum outcome. */
static enum outcome outcome_of_all(const struct arguments *arguments)
{
	bool failed = false, is_met = true, is_known = true;

	for (unsigned i = 0; i < arguments->path_count; i++) {
		const struct answer *answer = &arguments->answers[i];
		failed |= answer->error != NULL;
		is_met &= answer->outcome != OUTCOME_NO;
		is_known &= answer->outcome != OUTCOME_UNKNOWN;
	}
	if (failed)
		return OUTCOME_UNKNOWN;
	if (!is_met)
		return OUTCOME_NO;
	return is_known ? OUTCOME_YES : OUTCOME_UNKNOWN;
}

static enum outcome explain_paths(const struct arguments *arguments)
{
	const enum pmem2_granularity *required =
		arguments->is_required ? &arguments->required : NULL;

	for (unsigned i = 0; i < arguments->path_count; i++) {
		struct answer *answer = &arguments->answers[i];
		explain(answer, arguments->try);
		require(answer, required);
		if (answer->error)
			complain(answer);
		else if (!arguments->json)
			text_answer(answer, required);
	}
	enum outcome outcome = outcome_of_all(arguments);
	if (arguments->json && !json_answers(arguments->answers, arguments->path_count, required))
		outcome = OUTCOME_UNKNOWN;
	for (unsigned i = 0; i < arguments->path_count; i++)
		forget(&arguments->answers[i]);
	return outcome;
}

int info_main(int argc, char **argv)
{
	static const struct argp argp = {.options = options,
		.parser = parse,
		.args_doc = "[PATH|HOST:POOLSET...]",
		.doc = doc};
	struct arguments arguments = {.answers = calloc((size_t)argc, sizeof(struct answer))};

	if (!arguments.answers) {
		fprintf(stderr, "holdfast: out of memory for %d paths\n", argc);
		return OUTCOME_UNKNOWN;
	}
	argp_parse(&argp, argc, argv, 0, NULL, &arguments);
	enum outcome outcome = arguments.health       ? look(&arguments)
			       : arguments.program    ? explain_program(&arguments)
			       : arguments.path_count ? explain_paths(&arguments)
						      : explain_machine(arguments.json);
	free(arguments.answers);
	if (fflush(stdout) || ferror(stdout)) {
		perror("holdfast: standard output");
		return OUTCOME_UNKNOWN;
	}
	return outcome;
}
