/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remove.c - remove pools
 *
 * All parts are locked and checked before the first one is removed: if one cannot be removed, the
 * pool stays as it is. If a removal fails after that, its part is left behind and the others are
 * removed.
 *
 * The state file goes before the first part: as long as a part has its name and its lock, no other
 * process can create the pool again, and write a state that would be removed here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "pool/layout.h"
#include "pool/part.h"
#include "pool/pool.h"
#include "pool/state.h"

struct claim {
	struct part part;
	struct name_place place;
};

struct removal {
	char *state;     /* path of the state file; NULL: the pool has none */
	bool is_refused; /* the state file cannot be removed: an error even with force */
	struct layout layout;
	struct claim *claims; /* parts found and locked; `layout` owns their paths */
	size_t count, left;
	bool passes_over;         /* force skipped an existing part */
	int error;                /* the first failure */
	char cause[ERR_SIZE];     /* its error message */
	char names[ERR_SIZE / 2]; /* names of the parts that are left */
};

/* True if force ignores this error. A pool that another process has open is never removed. */
static bool is_passed_over(int error, bool force)
{
	return force && error != -EBUSY;
}

static int claim_all(
	struct removal *removal, const struct layout *layout, const char *sysfs, bool force)
{
	for (size_t i = 0; i < layout->count; i++) {
		struct claim *claim = &removal->claims[removal->count];
		int error = part_claim(&claim->part, &claim->place, layout->parts[i].path, sysfs);
		if (!error)
			removal->count++;
		else if (!is_passed_over(error, force))
			return error;
		else if (error != -EREMOTEIO)
			removal->passes_over = true;
	}
	return 0;
}

static void note_left(struct removal *removal, const char *path, int error)
{
	size_t length = strlen(removal->names);

	if (!removal->error) {
		removal->error = error;
		snprintf(removal->cause, sizeof(removal->cause), "%s", err_get());
	}
	removal->left++;
	snprintf(removal->names + length, sizeof(removal->names) - length, "%s%s",
		length ? ", " : "", path);
}

static int remove_claimed(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++) {
		const struct claim *claim = &removal->claims[i];
		int error = part_remove(&claim->part, &claim->place);
		if (error)
			note_left(removal, claim->part.path, error);
	}
	if (!removal->error)
		return 0;
	return err_set(removal->error, "%.300s; of %zu parts, %zu were not removed: %s",
		removal->cause, removal->count, removal->left, removal->names);
}

static int remove_state(struct removal *removal)
{
	int error = removal->state ? state_remove(removal->state) : 0;

	removal->is_refused = error;
	return error;
}

/*
 * Write the state file again if parts are left, because the state may have a mark, which says that
 * the pool is inconsistent. Keeps the error message.
 */
static void restore_state(const struct removal *removal, const struct pool_state *state)
{
	char failure[ERR_SIZE];

	snprintf(failure, sizeof(failure), "%s", err_get());
	state_write(removal->state, state);
	err_put_back(failure);
}

/* Remove the state file, and the parts that claim_parts() has locked. */
static int remove_pool(struct removal *removal)
{
	struct pool_state state;
	bool is_known = removal->state && !state_read(removal->state, &state);
	int error = removal->passes_over ? 0 : remove_state(removal);

	if (error)
		return error;
	error = remove_claimed(removal);
	if (error && error != -ENOENT && is_known)
		restore_state(removal, &state);
	return error;
}

static void release(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++)
		part_release(&removal->claims[i].part, &removal->claims[i].place);
	removal->count = 0;
	free(removal->claims);
	removal->claims = NULL;
	layout_fini(&removal->layout);
}

/* Lock all parts. With force, it is not an error if the pool has no parts. */
static int claim_parts(struct removal *removal, const struct pool_set *set, bool force)
{
	int error = layout_to_remove(&removal->layout, set, force);

	if (error)
		return force && error == -ENOENT ? 0 : error;
	removal->claims = calloc(removal->layout.count + 1, sizeof(*removal->claims));
	if (!removal->claims)
		return err_set(-ENOMEM, "%s: out of memory to remove the pool", set->name);
	return claim_all(removal, &removal->layout, set->sysfs, force);
}

/*
 * Look for parts again if none was found to lock. Another process may be making the pool: it gives
 * the parts their names first, and then needs the lock of the state folder to write the state. So
 * this function holds that lock while it looks. *folder becomes the folder's descriptor if there
 * is still no part.
 */
static int claim_again(struct removal *removal, const struct pool_set *set, bool force, int *folder)
{
	*folder = state_lock_folder(removal->state);
	if (*folder == -ENOENT || *folder == -ENOTDIR)
		return 0;
	if (*folder < 0) {
		removal->is_refused = true;
		return *folder;
	}
	release(removal);
	int error = claim_parts(removal, set, force);
	if (error || removal->count) {
		close(*folder);
		*folder = -1;
	}
	return error;
}

static int remove_parts(struct removal *removal, const struct pool_set *set, bool force)
{
	int folder = -1, error = claim_parts(removal, set, force);

	if (!error && !removal->count && removal->state)
		error = claim_again(removal, set, force, &folder);
	if (!error)
		error = remove_pool(removal);
	if (folder >= 0)
		close(folder);
	release(removal);
	return error;
}

/* With force, only two errors count: the pool is in use, or a directory is missing. */
static int outcome(int error, bool force)
{
	return force && error != -EBUSY && error != -EREMOTEIO ? 0 : error;
}

/*
 * Remove the parts, and then the set's file, but only if all parts that were locked have been
 * removed.
 */
static int remove_set(
	struct removal *removal, const char *directory, const struct pool_set *set, unsigned flags)
{
	bool force = flags & POOL_REMOVE_FORCE;
	int error = remove_parts(removal, set, force);

	if (removal->is_refused)
		return error;
	if (force && error == -ENOENT)
		error = 0;
	if (!error && flags & POOL_REMOVE_SET_FILE)
		error = pool_set_unlink(directory, set->name);
	return outcome(error, force);
}

/* A file that is not a pool set is never removed: a peer has sent its name. */
int pool_remove(const char *directory, const char *name, unsigned flags)
{
	struct removal removal = {.state = NULL};
	struct pool_set *set;
	int error = pool_set_load(directory, name, &set);

	if (error)
		return outcome(error, flags & POOL_REMOVE_FORCE);
	error = remove_set(&removal, directory, set, flags);
	pool_set_free(set);
	return error;
}

int pool_remove_with_state(
	const char *folder, const char *directory, const char *name, unsigned flags)
{
	struct removal removal = {.state = NULL};
	struct pool_set *set;
	int error = pool_set_load(directory, name, &set);

	if (error)
		return outcome(error, flags & POOL_REMOVE_FORCE);
	error = state_path(folder, directory, name, &removal.state);
	if (!error)
		error = remove_set(&removal, directory, set, flags);
	free(removal.state);
	pool_set_free(set);
	return error;
}
