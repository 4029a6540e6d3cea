/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pool/pool.h"

/* Exported, so that it replaces the C library's weak symbol of the same name. */
__attribute__((visibility("default"))) const char *argp_program_bug_address;

enum { KEY_USAGE = 0x800, KEY_SETTING = 0x1000 };

/*
 * The options. Settings have the same names as in configuration files. A setting without an
 * argument means yes.
 */
static const struct argp_option table[] = {
	{"config", 'c', "FILE", 0,
		"Read this configuration file, and neither " CONFIG_SYSTEM_FILE
		" nor $HOME/" CONFIG_USER_FILE,
		0},
	{"remove", 'r', "POOLSET", 0, "Remove this pool, and exit", 1},
	{"force", 'f', NULL, 0, "With --remove: go on if something cannot be removed", 1},
	{"pool-set", 's', NULL, 0, "With --remove: remove the pool set file, too", 1},
	{"poolset-dir", KEY_SETTING, "DIRECTORY", 0, "Directory of the pool sets", 2},
	{"nthreads", 't', "NUMBER", 0,
		"Threads that serve lanes (connections for data); 0: as many as CPUs", 2},
	{"max-lanes", KEY_SETTING + 1, "NUMBER", 0, "Maximum of lanes per connection", 2},
	{"port-range", KEY_SETTING + 2, "LOW-HIGH", 0,
		"Ports on which to listen for data; for firewalls", 2},
	{"timeout", KEY_SETTING + 3, "MILLISECONDS", 0, "Drop a peer that is silent this long", 2},
	{"poll-us", KEY_SETTING + 4, "MICROSECONDS", 0,
		"Busy-poll this long after the last message before sleeping", 2},
	{"persist-apm", KEY_SETTING + 5, NULL, 0,
		"Assume that network cards write past the CPU's caches, so that data is durable when it arrives",
		2},
	{"persist-general", KEY_SETTING + 6, NULL, 0, "Accepted, without effect", 2},
	{"data-over-ssh", KEY_SETTING + 11, "yes|no", 0,
		"Carry data inside the ssh connection if the other end asks for it", 2},
	{"log-file", KEY_SETTING + 7, "FILE", 0, "Log to this file instead of syslog", 3},
	{"use-syslog", KEY_SETTING + 8, NULL, 0, "Log to syslog", 3},
	{"log-level", KEY_SETTING + 9, "LEVEL", 0,
		"Log messages of this level and more severe ones: err, warn, notice, info or debug",
		3},
	{"state-dir", KEY_SETTING + 10, "DIRECTORY", 0,
		"Directory of the state files of pools; unless given, \".rpmemd\" beside each pool set",
		2},
	{"help", 'h', NULL, 0, "Give this help list", -1},
	{"usage", KEY_USAGE, NULL, OPTION_HIDDEN, NULL, -1}, /* argp's messages mention --usage */
	{"version", 'V', NULL, 0, "Print program version", -1},
	{0},
};

static const char doc[] =
	"Keep a copy of another machine's memory, on its behalf. librpmem on that machine starts this daemon here, through ssh, and speaks to it on standard input and output.";

static const char *name_of(int key)
{
	for (size_t i = 0; table[i].name; i++)
		if (table[i].key == key)
			return table[i].name;
	return NULL;
}

static void add_setting(struct argp_state *state, int key, const char *value)
{
	struct options *options = state->input;

	if (options->count == OPTIONS_SETTINGS)
		argp_error(state, "there are too many options");
	else
		options->settings[options->count++] =
			(struct options_setting){name_of(key), value ? value : "yes"};
}

static void say_version(void)
{
	fprintf(stderr, "rpmemd version %s\n", HOLDFAST_VERSION);
	exit(EXIT_SUCCESS);
}

static void check(struct argp_state *state)
{
	const struct options *options = state->input;

	if (!options->remove && options->remove_flags)
		argp_error(state, "--force and --pool-set require --remove");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'c':
		options->config_file = argument;
		return 0;
	case 'r':
		options->remove = argument;
		return 0;
	case 'f':
		options->remove_flags |= POOL_REMOVE_FORCE;
		return 0;
	case 's':
		options->remove_flags |= POOL_REMOVE_SET_FILE;
		return 0;
	case 'h':
		argp_state_help(state, stderr, ARGP_HELP_STD_HELP);
		return 0;
	case KEY_USAGE:
		argp_state_help(state, stderr, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return 0;
	case 'V':
		say_version();
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\" is not an option", argument);
		return 0;
	case ARGP_KEY_END:
		check(state);
		return 0;
	}
	if (!name_of(key))
		return ARGP_ERR_UNKNOWN;
	add_setting(state, key, argument);
	return 0;
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {.options = table, .parser = parse, .doc = doc};

	*options = (struct options){.config_file = NULL};
	argp_err_exit_status = OPTIONS_EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, options);
}

static int apply(const struct options_setting *setting, struct config *config)
{
	char sentence[ERR_SIZE];
	int error = config_set(config, setting->key, setting->value);

	if (!error)
		return 0;
	memcpy(sentence, err_get(), sizeof(sentence));
	return err_set(error, "--%s: %s", setting->key, sentence);
}

int options_configure(const struct options *options, struct config *config)
{
	int error = config_init(config);

	if (error)
		return error;
	if (options->config_file)
		error = config_read(config, options->config_file, false);
	else
		error = config_read_defaults(config);
	for (size_t i = 0; i < options->count && !error; i++)
		error = apply(&options->settings[i], config);
	if (error)
		config_fini(config);
	return error;
}
