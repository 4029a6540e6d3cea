/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writers.h - keep the state file of this daemon's pool: which session has stored to it last, and
 * whether the pool is marked as inconsistent
 *
 * Call these functions while the pool is open, because the pool's lock guards the state file, too.
 * They return 0, or -errno with an error message. The code is -ESTALE only if a session cannot be
 * resumed, and -EUCLEAN only for a pool that is marked as inconsistent.
 */
#ifndef RPMEMD_WRITERS_H
#define RPMEMD_WRITERS_H

#include "config.h"
#include "pool/pool.h"
#include "pool/state.h"
#include "wire/control.h"

struct writers {
	char *path;              /* path of the state file; NULL: no pool is open */
	struct pool_state state; /* the state in the state file, if that file exists */
	bool must_keep; /* state folder is configured, or was written to: it must be writable */
	bool forgets;   /* the state folder cannot be written: nothing is kept in a file */
	bool begun;     /* this daemon's initiator has begun a session */
	int hold;       /* if begun: descriptor of the lock, from state_hold(), or -1 */
};

/*
 * Call this after creating a pool: makes a state and a state file for it. If this daemon may not
 * write to the default state folder, the pool is used without a state file: then no session of the
 * pool can be resumed, and the pool cannot be marked as inconsistent. A configured folder must be
 * writable.
 */
int writers_create(struct writers *writers, const struct config *config, const char *name);

/*
 * Call this after opening a pool: reads its state file, or makes a state in memory if the file does
 * not exist. If `marked` is false, fails if the pool is marked as inconsistent, also if only the
 * state file of another pool set with the same parts says so.
 */
int writers_open(struct writers *writers, const struct pool *pool, const struct config *config,
	const char *name, bool marked);

/*
 * Begin a session with this secret, or with a random one if it is NULL, and increase the pool's
 * generation, which counts its sessions. Does nothing if the session has already begun.
 */
int writers_begin(struct writers *writers, const struct pool *pool, const uint8_t *secret);
void writers_session(const struct writers *writers, struct control_session *session);

/*
 * Call this before opening a pool for RESUME: checks that the session is that of the state file,
 * and then ends the daemon that has served the session so far, if it still runs.
 */
int writers_take_over(
	const struct config *config, const char *name, const struct control_session *session);
/* Call this after writers_open(): checks that this session is the last one that used the pool. */
int writers_check(const struct writers *writers, const struct pool *pool,
	const struct control_session *session);
/* Resumes the session that writers_check() has checked. */
int writers_resume(struct writers *writers, const struct pool *pool);

/*
 * writers_mark() marks the pool as inconsistent. If the pool is marked already, it changes the
 * number of missing bytes and enlarges the extent.
 * writers_clear() removes the mark.
 * The session must have begun.
 */
int writers_mark(struct writers *writers, const struct control_mark *mark);
int writers_clear(struct writers *writers);

/* Call this before closing a pool. `properly` is false if the initiator has not closed the pool. */
int writers_close(struct writers *writers, bool properly);

/* Call this before discarding an open pool: removes its state file. */
void writers_discard(struct writers *writers);

/*
 * Does what pool_set_load() does, but returns -EINVAL for a name that leads into a folder of state
 * files.
 */
int writers_load_set(const struct config *config, const char *name, struct pool_set **set);

/* Get the state of a pool, which need not be open. */
int writers_look(const struct config *config, const char *name, struct control_state *state);

/* Remove a pool and its state file by pool_remove_with_state(). */
int writers_remove(const struct config *config, const char *name, unsigned flags);

#endif
