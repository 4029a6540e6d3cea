/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - the command line of rpmemd */
#ifndef RPMEMD_OPTIONS_H
#define RPMEMD_OPTIONS_H

#include <stddef.h>

#include "config.h"

/* The exit status for an invalid command line. */
#define OPTIONS_EXIT_USAGE 255

/* A setting on the command line, which overrules the configuration files. */
struct options_setting {
	const char *key, *value;
};

#define OPTIONS_SETTINGS 64

struct options {
	const char *config_file; /* read only this file; NULL: the default files */
	const char *remove;      /* name of a pool set to remove; NULL: none */
	unsigned remove_flags;   /* POOL_REMOVE_* */
	struct options_setting settings[OPTIONS_SETTINGS];
	size_t count;
};

/*
 * Parse the command line. --help and --version print to standard error, because standard output is
 * reserved for the initiator, and end the process with status 0. An invalid command line ends the
 * process with status OPTIONS_EXIT_USAGE.
 */
void options_parse(struct options *options, int argc, char **argv);

/*
 * Apply the defaults, the configuration files and the command line, in this order. Returns 0, or
 * -errno with an error message; in case of an error, do not call config_free().
 */
int options_configure(const struct options *options, struct config *config);

#endif
