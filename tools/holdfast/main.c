/* SPDX-License-Identifier: BSD-3-Clause */
/* main.c - the holdfast command: finds the subcommand and runs it */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Exported, so that it replaces the C library's weak symbol of the same name. */
__attribute__((visibility("default"))) const char *argp_program_version =
	"holdfast " HOLDFAST_VERSION;

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{"info", info_main},
	{"mirror", mirror_main},
#ifdef HOLDFAST_MODULES
	{"crash", crash_main},
	{"stat", stat_main},
	{"cc", cc_main},
#endif
};

static const char doc[] =
	"Report when stores to mapped files are really durable, and test programs for it.\v"
	"Commands:\n"
	"  info    explain what stores to a file need to be durable, here or on another machine; see `holdfast info --help'\n"
	"  mirror  compare a file with its mirror on another machine, or send what differs; see `holdfast mirror --help'\n"
#ifdef HOLDFAST_MODULES
	"  crash   run a program, and check what a power cut could have left of its files; see `holdfast crash --help'\n"
	"  stat    run a program, and count its flushes and drains at each call site; see `holdfast stat --help'\n"
	"  cc      compile a program so that crash sees each of its stores; see `holdfast cc --help'\n"
#endif
	;

/*
 * Finds the name of the subcommand on the command line, and stops there: the arguments behind the
 * name belong to the subcommand.
 */
static error_t parse(int key, char *argument, struct argp_state *state)
{
	int *at = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		*at = state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "a command is missing");
		return 0;
	default:
		(void)argument;
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "holdfast %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse, .args_doc = "COMMAND [OPTION...]", .doc = doc};
	int at = 0;

	argp_err_exit_status = OUTCOME_UNKNOWN;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &at);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[at], commands[i].name))
			return run(&commands[i], argc - at, argv + at);
	fprintf(stderr, "holdfast: there is no command \"%s\"; try `holdfast --help'\n", argv[at]);
	return OUTCOME_UNKNOWN;
}
