/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - a session with a daemon: its host, its pool set, and the settings from the
 * environment
 */
#ifndef LIBRPMEM_SESSION_H
#define LIBRPMEM_SESSION_H

#include "librpmem/channel.h"
#include "librpmem/settings.h"
#include "librpmem/target.h"
#include "wire/control.h"

struct session {
	struct target target;
	struct settings settings;
	const char *set; /* the name of the pool set; points into `name` */
	struct channel *channel;
	/*
	 * how to sum counters when the target asks; zeros: not at all. Set before the session is
	 * started.
	 */
	struct channel_counters counters;
	char name[]; /* "user@host: mirror.set", to begin error messages with */
};

/*
 * Check the arguments and read the environment. -EPERM if the program has more rights than its
 * user; -EINVAL, -ENOMEM and the codes of settings_read().
 */
int session_new(struct session **session, const char *target, const char *set);

/* Start the daemon by channel_open(). Returns what that function returns. */
int session_start(struct session *session);

/* Make a session with the same target and set, which is not started. Reads the environment. */
int session_again(const struct session *old, struct session **session);

/* End the daemon, if it was started. Lanes in the channel can still be closed. */
void session_stop(struct session *session);

/* End the daemon, if it was started, and free the session. */
void session_free(struct session *session);

/* In a child of the process that has started the session: free the memory, and do nothing else. */
void session_abandon(struct session *session);

/* Put the session's name before the last error message. Returns `rc`. */
int session_failed(const struct session *session, int rc);

#endif
