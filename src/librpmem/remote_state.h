/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote_state.h - requests about what the target remembers of a pool from session to session
 *
 * A session begins before its first store, by remote_begin(). A mark of inconsistency says that the
 * pool at the target may have a content that this program's memory never had. Before a reconnect
 * sends missing bytes again, or a sync sends bytes that differ, set the mark; clear it when all
 * lanes have drained. While it is set, the target refuses CONTROL_OPEN with EUCLEAN; CONTROL_REPAIR
 * opens the pool all the same:
 *
 *	remote_secret(secret);
 *	remote_begin(session, secret, &begun);
 *	remote_mark(session, &mark);
 *	send all bytes and drain all lanes
 *	remote_clear(session);
 *
 * All functions return 0, or -errno with an error message: -EOPNOTSUPP for a target of an earlier
 * version, which has no state; else the target's refusal or the end of the channel. When they
 * return 0, what they have changed is durable at the target.
 */
#ifndef LIBRPMEM_REMOTE_STATE_H
#define LIBRPMEM_REMOTE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "librpmem/session.h"
#include "wire/control.h"

/* True if the target has these requests. The session must have been started. */
bool remote_has_state(const struct session *session);

/*
 * Begin a session with the pool that is open, with this secret (remote_secret()), or get the one
 * that has begun. If the reply is lost, the session may have begun: to resume it, the secret is
 * enough.
 */
int remote_begin(struct session *session, const uint8_t secret[CONTROL_SECRET_SIZE],
	struct control_session *begun);

/* Make a secret of random bytes from the kernel. */
int remote_secret(uint8_t secret[CONTROL_SECRET_SIZE]);

/*
 * Mark the pool as inconsistent, with the number of missing bytes and the extent in *mark. If the
 * pool is already marked, the time of that mark is kept, and so is its extent if that is larger.
 */
int remote_mark(struct session *session, const struct control_mark *mark);
int remote_clear(struct session *session);

/* Ask for the state of the session's pool set, which need not be open. */
int remote_state(struct session *session, struct control_state *state);

#endif
