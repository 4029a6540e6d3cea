/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - what every call that starts a daemon begins with: whom to reach, how, for which set
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
	const char *set; /* the name of the pool set, in `name` */
	struct channel *channel;
	char name[]; /* "user@host: mirror.set", for sentences */
};

/*
 * Checks its arguments and reads the environment. -EPERM in a program that has more rights than its
 * user; -EINVAL, -ENOMEM, those of settings_read().
 */
int session_new(struct session **session, const char *target, const char *set);

/* Start the daemon: channel_open(). */
int session_start(struct session *session);

/* Ends the daemon if it was started. */
void session_free(struct session *session);

/* Free its memory, in a child of the process that has started it, and nothing else. */
void session_abandon(struct session *session);

/* Begin the last sentence, which does not name the session, with its name. Returns `rc`. */
int session_failed(const struct session *session, int rc);

#endif
