/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/stamp.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "pool/internal.h"

#define NAME      "user.rpmemd.stamp"
#define NAME_PATH "user.rpmemd.state"

/*
 * The value of the extended attribute NAME, which tells to which pool a part belongs. The
 * generation is in big-endian order.
 */
struct stamp {
	uint8_t identity[STATE_IDENTITY_SIZE];
	uint8_t generation[8];
};

static struct stamp stamp_of(const struct pool_state *state)
{
	struct stamp stamp;

	memcpy(stamp.identity, state->identity, sizeof(stamp.identity));
	for (unsigned i = 0; i < 8; i++)
		stamp.generation[i] = (uint8_t)(state->generation >> (56 - 8 * i));
	return stamp;
}

static uint64_t generation_of(const struct stamp *stamp)
{
	uint64_t generation = 0;

	for (unsigned i = 0; i < 8; i++)
		generation = generation << 8 | stamp->generation[i];
	return generation;
}

static bool set_one(const struct part *part, const struct stamp *stamp, const char *path)
{
	if (fsetxattr(part->fd, NAME_PATH, path, strlen(path), 0))
		log_notice("%s: cannot record the path of the pool's state file: %m", part->path);
	if (!fsetxattr(part->fd, NAME, stamp, sizeof(*stamp), 0) && !fsync(part->fd))
		return true;
	log_notice("%s: cannot record the session in an attribute: %m", part->path);
	return false;
}

bool stamp_set(const struct pool *pool, const struct pool_state *state, const char *path)
{
	struct stamp stamp = stamp_of(state);
	bool all = true;

	for (size_t i = 0; i < pool->count; i++)
		if (pool->parts[i].device.kind == DEVICE_FILE)
			all &= set_one(&pool->parts[i], &stamp, path);
	return all;
}

/*
 * Read the state file whose path is in an extended attribute of the part, if that is not `path`.
 * Returns true if this state is marked as inconsistent, and the part has the state's identity and
 * its generation or a later one.
 */
static bool find_mark(const struct part *part, const char *path, struct pool_state *other)
{
	struct stamp stamp;
	char named[PATH_MAX];
	ssize_t length = fgetxattr(part->fd, NAME_PATH, named, sizeof(named) - 1);

	if (length <= 0 || fgetxattr(part->fd, NAME, &stamp, sizeof(stamp)) != sizeof(stamp))
		return false;
	named[length] = '\0';
	if (!strcmp(named, path) || access(named, R_OK) || state_read(named, other) ||
		memcmp(stamp.identity, other->identity, sizeof(stamp.identity)) ||
		generation_of(&stamp) < other->generation || !other->inconsistent)
		return false;
	log_notice(
		"%s: its last session was recorded in another state file, %s", part->path, named);
	return true;
}

bool stamp_find_mark(const struct pool *pool, const char *path, struct pool_state *other)
{
	char sentence[ERR_SIZE];
	bool found = false;

	memcpy(sentence, err_get(), sizeof(sentence));
	for (size_t i = 0; i < pool->count && !found; i++)
		found = pool->parts[i].device.kind == DEVICE_FILE &&
			find_mark(&pool->parts[i], path, other);
	err_put_back(sentence);
	return found;
}

static int check_one(const struct part *part, const struct pool_state *state, uint64_t generation)
{
	struct stamp got;
	ssize_t size = fgetxattr(part->fd, NAME, &got, sizeof(got));

	if (size < 0 && !state->stamped)
		return 0;
	if (size < 0)
		return err_set(-ESTALE,
			"%s was replaced: it lacks the attribute that the last session set: %m",
			part->path);
	if (size != sizeof(got) || memcmp(got.identity, state->identity, sizeof(got.identity)))
		return err_set(-ESTALE, "%s was replaced: it has the attribute of another pool",
			part->path);
	if (generation_of(&got) < generation)
		return err_set(-ESTALE,
			"%s was replaced by an older copy: its generation is %ju, and the session's is %ju",
			part->path, (uintmax_t)generation_of(&got), (uintmax_t)generation);
	return 0;
}

int stamp_check(const struct pool *pool, const struct pool_state *state, uint64_t generation)
{
	int error = 0;

	for (size_t i = 0; i < pool->count && !error; i++)
		if (pool->parts[i].device.kind == DEVICE_FILE)
			error = check_one(&pool->parts[i], state, generation);
	return error;
}
