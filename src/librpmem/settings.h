/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.h - settings of connections from the environment */
#ifndef LIBRPMEM_SETTINGS_H
#define LIBRPMEM_SETTINGS_H

#include <stdbool.h>

/*
 * Settings, read from the environment for each connection. Members marked "when loaded" are read
 * only once, when the library is loaded.
 */
struct settings {
	const char *ssh;     /* points into the environment */
	unsigned providers;  /* a set of enum holdfast_provider; not empty */
	bool chosen;         /* RPMEM_PROVIDER names the only one of `providers` */
	bool ssh_if_refused; /* RPMEM_FALLBACK=ssh: connect over ssh if all others fail */
	unsigned max_nlanes; /* when loaded; the maximum number of lanes of a pool */
	unsigned window;     /* when loaded; maximum of unanswered messages of a lane; 0: default */
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
