/* SPDX-License-Identifier: BSD-3-Clause */
/* options.h - the command line of rpmemd */
#ifndef RPMEMD_OPTIONS_H
#define RPMEMD_OPTIONS_H

#include <stddef.h>

#include "config.h"

/* The status of a command line that makes no sense. */
#define OPTIONS_EXIT_USAGE 255

/* A setting that overrules the files. */
struct options_setting {
	const char *key, *value;
};

#define OPTIONS_SETTINGS 64

struct options {
	const char *config_file; /* the only one to be read; or NULL */
	const char *remove;      /* the pool set; or NULL */
	unsigned remove_flags;   /* POOL_REMOVE_* */
	struct options_setting settings[OPTIONS_SETTINGS];
	size_t count;
};

/*
 * --help and --version say so on standard error, which is not the peer's, and end the process with
 * 0; what makes no sense ends it with OPTIONS_EXIT_USAGE.
 */
void options_parse(struct options *options, int argc, char **argv);

/*
 * Defaults, files, command line, in this order. 0, or -errno with a sentence, and then there is
 * nothing to free.
 */
int options_configure(const struct options *options, struct config *config);

#endif
