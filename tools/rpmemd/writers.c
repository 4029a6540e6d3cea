/* SPDX-License-Identifier: BSD-3-Clause */
#include "writers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "pool/stamp.h"

_Static_assert(STATE_IDENTITY_SIZE == CONTROL_ID_SIZE, "identities");
_Static_assert(STATE_SECRET_SIZE == CONTROL_SECRET_SIZE, "secrets");

/*
 * Convert an error of a file in the state folder. Network file systems may fail with ESTALE, and
 * damaged file systems with EUCLEAN, but in the protocol these two codes have other meanings.
 */
static int of_folder(int rc)
{
	char cause[ERR_SIZE];

	if (!rc)
		return 0;
	if (rc == -ESTALE || rc == -EUCLEAN || rc == -ENOENT || rc == -ENOTDIR)
		rc = -EREMOTEIO;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(rc, "cannot keep the state of the pool (setting state-dir): %.800s", cause);
}

static int check_name(const struct config *config, const char *name)
{
	return state_check_name(config->state_dir, config->poolset_dir, name);
}

static int find_path(const struct config *config, const char *name, char **path)
{
	int rc = check_name(config, name);

	if (!rc)
		rc = state_path(config->state_dir, config->poolset_dir, name, path);
	return rc == -ESTALE || rc == -EUCLEAN ? of_folder(rc) : rc;
}

static void leave(struct writers *writers)
{
	if (writers->begun && writers->hold >= 0)
		close(writers->hold);
	free(writers->path);
	*writers = (struct writers){.path = NULL};
}

static bool is_missing(const char *path)
{
	struct stat st;

	return stat(path, &st) && (errno == ENOENT || errno == ENOTDIR);
}

/*
 * True if the pool can be served although its state file cannot be written. rpmemd before 3.1.0
 * needed no writable folder beside its pool sets, so a pool that has no state file yet is served
 * without one if this daemon may not write to this folder. After another error, such as a full
 * disk, the pool is not served: the error may end by itself, and the pool would have no state file
 * for no good reason.
 */
static bool forget(struct writers *writers, int rc)
{
	if (writers->must_keep || (rc != -EACCES && rc != -EPERM && rc != -EROFS) ||
		!is_missing(writers->path))
		return false;
	if (!writers->forgets)
		log_warning(
			"a session of this pool cannot be resumed after the connection is lost, "
			"because its state cannot be saved (setting state-dir): %s",
			err_get());
	return true;
}

static int write_state(struct writers *writers, const struct pool_state *next)
{
	int rc = state_write(writers->path, next);

	writers->must_keep |= !rc;
	writers->forgets = rc && forget(writers, rc);
	if (writers->forgets)
		rc = 0;
	if (!rc)
		writers->state = *next;
	return of_folder(rc);
}

/*
 * Set the error message for a pool that is marked as inconsistent: since when, and how many bytes
 * are missing.
 */
static int marked_error(const struct pool_state *state)
{
	char since[40] = "a time that is not known";
	time_t seconds = (time_t)state->since;
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S UTC", &tm);
	return err_set(-EUCLEAN,
		"the pool has been inconsistent since %s: %" PRIu64
		" bytes are missing; only a reconnect of its writer, or a sync of at least its "
		"first %" PRIu64 " bytes, can make it consistent",
		since, state->missing, state->extent);
}

int writers_create(struct writers *writers, const struct config *config, const char *name)
{
	struct pool_state state;
	int rc = find_path(config, name, &writers->path);

	if (!rc)
		rc = state_new(&state);
	writers->must_keep = config->state_dir;
	if (!rc)
		rc = write_state(writers, &state);
	if (rc)
		leave(writers);
	return rc;
}

/* Read the state file. If there is no file, make a new state in memory. */
static int read_state(struct writers *writers)
{
	int rc = state_read(writers->path, &writers->state);

	if (rc == -ENOENT || rc == -ENOTDIR)
		rc = state_new(&writers->state);
	return of_folder(rc);
}

static int check_mark(const struct writers *writers, const struct pool *pool)
{
	struct pool_state other;

	if (writers->state.inconsistent)
		return marked_error(&writers->state);
	if (stamp_find_mark(pool, writers->path, &other))
		return marked_error(&other);
	return 0;
}

int writers_open(struct writers *writers, const struct pool *pool, const struct config *config,
	const char *name, bool marked)
{
	int rc = find_path(config, name, &writers->path);

	writers->must_keep = config->state_dir;
	if (!rc)
		rc = read_state(writers);
	if (!rc && !marked)
		rc = check_mark(writers, pool);
	if (rc)
		leave(writers);
	return rc;
}

/*
 * Begin a session: stamp the parts, that is, write the pool's identity and the number of the
 * session (its generation) to an extended attribute of each; then write the state file; then take
 * the lock that shows that the session has a daemon. Stamps come before the state file, because the
 * file says whether all parts have a stamp.
 */
static int begin(struct writers *writers, const struct pool *pool, struct pool_state *next)
{
	next->generation = writers->state.generation + 1;
	next->unclosed = true;
	next->stamped = stamp_set(pool, next, writers->path);
	int rc = write_state(writers, next);
	if (rc)
		return rc;
	writers->hold = -1;
	if (!writers->forgets) {
		writers->hold = state_hold(writers->path);
		if (writers->hold < 0)
			return of_folder(writers->hold);
	}
	writers->begun = true;
	return 0;
}

int writers_begin(struct writers *writers, const struct pool *pool, const uint8_t *secret)
{
	struct pool_state next = writers->state;
	int rc = 0;

	if (writers->begun)
		return 0;
	if (secret)
		memcpy(next.session, secret, sizeof(next.session));
	else
		rc = state_random(next.session, sizeof(next.session));
	return rc ? rc : begin(writers, pool, &next);
}

void writers_session(const struct writers *writers, struct control_session *session)
{
	memcpy(session->identity, writers->state.identity, sizeof(session->identity));
	session->generation = writers->state.generation;
	memcpy(session->secret, writers->state.session, sizeof(session->secret));
}

/*
 * Check that the session is the last one that had this pool. Each session, and each attempt to
 * resume one, increases the pool's generation. So the generation in the state file may be higher
 * than the session's, if an attempt to resume the session failed after it had increased the number.
 * A lower generation means that the pool is an old snapshot.
 */
static int check_session(const struct pool_state *state, const struct control_session *session)
{
	if (memcmp(state->identity, session->identity, sizeof(state->identity)))
		return err_set(-ESTALE, "this is another pool than the one that the session used");
	if (!state_same_secret(state->session, session->secret))
		return err_set(-ESTALE,
			"another writer has used the pool meanwhile: its generation is %" PRIu64
			", this session's %" PRIu64,
			state->generation, session->generation);
	if (state->generation < session->generation)
		return err_set(-ESTALE,
			"the pool is older than this session: its generation is %" PRIu64
			", the session's %" PRIu64,
			state->generation, session->generation);
	return 0;
}

int writers_take_over(
	const struct config *config, const char *name, const struct control_session *session)
{
	struct pool_state state;
	char *path;
	int rc = find_path(config, name, &path);

	if (rc)
		return rc;
	rc = state_read(path, &state);
	if (rc == -ENOENT || rc == -ENOTDIR)
		rc = err_set(-ESTALE,
			"the pool has no state file: it is not the pool of this session, or rpmemd could not "
			"write one (setting state-dir)");
	else if (rc)
		rc = of_folder(rc);
	else
		rc = check_session(&state, session);
	if (!rc) {
		rc = state_take_over(path, session->secret, config->timeout_ms);
		rc = rc == -EBUSY ? rc : of_folder(rc);
	}
	free(path);
	return rc;
}

int writers_check(const struct writers *writers, const struct pool *pool,
	const struct control_session *session)
{
	int rc = check_session(&writers->state, session);

	return rc ? rc : stamp_check(pool, &writers->state, session->generation);
}

int writers_resume(struct writers *writers, const struct pool *pool)
{
	struct pool_state next = writers->state;

	return begin(writers, pool, &next);
}

static int need_session(const struct writers *writers)
{
	return writers->begun ? 0 : err_set(-EPROTO, "no session has begun");
}

int writers_mark(struct writers *writers, const struct control_mark *mark)
{
	struct pool_state next = writers->state;
	int rc = need_session(writers);

	if (!rc && writers->forgets)
		rc = of_folder(err_set(-EACCES, "%s cannot be written", writers->path));
	if (rc)
		return rc;
	if (!next.inconsistent)
		next.since = (uint64_t)time(NULL);
	next.inconsistent = true;
	next.missing = mark->missing;
	if (next.extent < mark->extent)
		next.extent = mark->extent;
	return write_state(writers, &next);
}

int writers_clear(struct writers *writers)
{
	struct pool_state next = writers->state;
	int rc = need_session(writers);

	if (rc || !next.inconsistent)
		return rc;
	next.inconsistent = false;
	next.since = next.missing = next.extent = 0;
	return write_state(writers, &next);
}

/*
 * Write the state before the lock is released, because only the daemon that has the pool open holds
 * the lock.
 */
int writers_close(struct writers *writers, bool properly)
{
	struct pool_state next = writers->state;
	int rc = 0;

	if (writers->begun && properly && !writers->forgets) {
		next.unclosed = false;
		rc = write_state(writers, &next);
	}
	leave(writers);
	return rc;
}

void writers_discard(struct writers *writers)
{
	if (writers->path)
		state_remove(writers->path);
	leave(writers);
}

int writers_look(const struct config *config, const char *name, struct control_state *state)
{
	struct pool_state found;
	char *path;
	int rc = find_path(config, name, &path);

	if (rc)
		return rc;
	*state = (struct control_state){.known = false};
	rc = state_read(path, &found);
	free(path);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	if (rc)
		return of_folder(rc);
	*state = (struct control_state){
		.known = true,
		.generation = found.generation,
		.unclosed = found.unclosed,
		.inconsistent = found.inconsistent,
		.since = found.since,
		.missing = found.missing,
		.extent = found.extent,
	};
	memcpy(state->identity, found.identity, sizeof(state->identity));
	return 0;
}

int writers_load_set(const struct config *config, const char *name, struct pool_set **set)
{
	int rc = check_name(config, name);

	return rc ? rc : pool_set_load(config->poolset_dir, name, set);
}

int writers_remove(const struct config *config, const char *name, unsigned flags)
{
	int rc = check_name(config, name);
	char cause[ERR_SIZE];

	if (!rc)
		rc = pool_remove_with_state(config->state_dir, config->poolset_dir, name, flags);
	if (rc != -ESTALE && rc != -EUCLEAN)
		return rc;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(-EREMOTEIO, "%s", cause);
}
