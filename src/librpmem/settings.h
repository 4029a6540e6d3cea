/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.h - settings of connections from the environment */
#ifndef LIBRPMEM_SETTINGS_H
#define LIBRPMEM_SETTINGS_H

#include <stdbool.h>

/*
 * Settings, read from the environment for each connection, except for two members that are read
 * only once, when the library is loaded.
 */
struct settings {
	const char *ssh;    /* the program to run as ssh; points into the environment */
	unsigned providers; /* a set of enum holdfast_provider; not empty */
	bool chosen;        /* the user has chosen the only one of `providers`, by RPMEM_PROVIDER */
	bool ssh_if_refused; /* RPMEM_FALLBACK=ssh: connect over ssh if all others fail */
	/* read when the library is loaded; the maximum number of lanes of a pool */
	unsigned max_nlanes;
	/* read when the library is loaded; maximum of unanswered messages of a lane; 0: default */
	unsigned window;
	int timeout_ms;
	unsigned poll_us;
	bool learns; /* also poll when an answer is expected: RPMEM_POLL_US is not set */
};

#define SETTINGS_TIMEOUT_MS 30000
#define SETTINGS_POLL_US    50

/* Call once, when the library is loaded. */
void settings_init(void);

/*
 * Read the settings for a connection. -EINVAL for malformed values of Holdfast's variables,
 * -ENOMEDIUM if no provider is allowed.
 */
int settings_read(struct settings *settings);

/*
 * The command for the next ssh: the commands listed in RPMEM_CMD are used in turn. The caller
 * frees the string. NULL if there is no memory.
 */
char *settings_next_command(void);

#endif
