/* SPDX-License-Identifier: BSD-3-Clause */
/* settings.h - what the environment says of connections */
#ifndef LIBRPMEM_SETTINGS_H
#define LIBRPMEM_SETTINGS_H

/* Read for each connection, except for those that stay as they were when the library was loaded. */
struct settings {
	const char *ssh;     /* points into the environment */
	unsigned providers;  /* a set of enum control_provider; never empty */
	unsigned max_nlanes; /* when loaded */
	unsigned window;     /* when loaded; messages of a lane on their way; 0: as it likes */
	int timeout_ms;
	unsigned poll_us;
};

#define SETTINGS_TIMEOUT_MS 30000
#define SETTINGS_POLL_US    50

/* Once, when the library is loaded. */
void settings_init(void);

/* -EINVAL for malformed values of our own variables, -ENOMEDIUM if no provider is allowed. */
int settings_read(struct settings *settings);

/* The next ssh's command: those of RPMEM_CMD take turns. The caller's to free; NULL: ENOMEM. */
char *settings_next_command(void);

#endif
