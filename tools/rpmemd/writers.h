/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writers.h - the sessions that have stored to the pool of this daemon: its state file, and the
 * part of this session
 *
 * Call these functions with the pool open: its lock guards the state file, too. They return 0, or
 * -errno with an error message: -ESTALE if a session cannot be resumed, -EUCLEAN for a pool with a
 * mark. No other failure has these two codes.
 */
#ifndef RPMEMD_WRITERS_H
#define RPMEMD_WRITERS_H

#include "config.h"
#include "pool/pool.h"
#include "pool/state.h"
#include "wire/control.h"

struct writers {
	char *path;              /* path of the state file; NULL: no pool is open */
	struct pool_state state; /* as in the file, once there is one */
	bool begun;              /* the initiator of this daemon has a session in the state */
	int hold;                /* descriptor of state_hold(), if begun */
};

/* A pool was created: make its state, and its file. */
int writers_create(struct writers *writers, const struct config *config, const char *name);

/*
 * A pool was opened. A pool without a state file gets a state, but no file yet. With `marked`, a
 * mark is allowed; without, also the state of another pool set with the same parts must have none.
 */
int writers_open(struct writers *writers, const struct pool *pool, const struct config *config,
	const char *name, bool marked);

/*
 * Advance the generation for a new session with this secret; NULL: a random one. Changes nothing if
 * the session has begun.
 */
int writers_begin(struct writers *writers, const struct pool *pool, const uint8_t *secret);
void writers_session(const struct writers *writers, struct control_session *session);

/*
 * Before a pool is opened for RESUME: check the session against the state file. Then end the
 * daemon that serves it, if it still runs.
 */
int writers_take_over(
	const struct config *config, const char *name, const struct control_session *session);
/* After writers_open(): check that the pool is as the session has left it. */
int writers_check(const struct writers *writers, const struct pool *pool,
	const struct control_session *session);
/* After writers_check(): go on with that session. */
int writers_resume(struct writers *writers, const struct pool *pool);

/*
 * Set the mark, or change its number of bytes and enlarge its extent; remove it. The session must
 * have begun.
 */
int writers_mark(struct writers *writers, const struct control_mark *mark);
int writers_clear(struct writers *writers);

/* The pool is about to be closed; `properly`: by its initiator. */
int writers_close(struct writers *writers, bool properly);

/* The pool, which is still open, is about to be discarded: remove its state. */
void writers_discard(struct writers *writers);

/* pool_set_load(), and -EINVAL for a name that leads into a folder of states. */
int writers_load_set(const struct config *config, const char *name, struct pool_set **set);

/* The state of a pool that need not be open. */
int writers_look(const struct config *config, const char *name, struct control_state *state);

/* Remove a pool with its state: pool_remove_with_state(). */
int writers_remove(const struct config *config, const char *name, unsigned flags);

#endif
