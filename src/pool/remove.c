/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remove.c - remove pools
 *
 * All parts are locked and checked before the first one is removed: if one cannot be removed, the
 * pool stays as it is. If a removal fails after that, its part is left behind and the others are
 * removed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pool/layout.h"
#include "pool/part.h"
#include "pool/pool.h"

struct claim {
	struct part part;
	struct name_place place;
};

struct removal {
	struct claim *claims;
	size_t count, left;
	int error;                /* the first failure */
	char cause[ERR_SIZE];     /* its error message */
	char names[ERR_SIZE / 2]; /* the parts that are left */
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
	return err_set(removal->error, "%.300s; of %zu parts, %zu are left: %s", removal->cause,
		removal->count, removal->left, removal->names);
}

static void release(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++)
		part_release(&removal->claims[i].part, &removal->claims[i].place);
	free(removal->claims);
}

static int remove_parts(const struct pool_set *set, bool force)
{
	struct removal removal = {.count = 0};
	struct layout layout;
	int error = layout_to_remove(&layout, set, force);

	if (error)
		return error;
	removal.claims = calloc(layout.count + 1, sizeof(*removal.claims));
	if (!removal.claims)
		error = err_set(-ENOMEM, "%s: no memory to remove the pool", set->name);
	if (!error)
		error = claim_all(&removal, &layout, set->sysfs, force);
	if (!error)
		error = remove_claimed(&removal);
	release(&removal);
	layout_fini(&layout);
	return error;
}

/* With force, only two errors count: the pool is in use, or a directory is missing. */
static int outcome(int error, bool force)
{
	return force && error != -EBUSY && error != -EREMOTEIO ? 0 : error;
}

int pool_remove(const char *directory, const char *name, unsigned flags)
{
	bool force = flags & POOL_REMOVE_FORCE;
	struct pool_set *set;
	int error = pool_set_load(directory, name, &set);

	if (error)
		return outcome(error, force);
	error = remove_parts(set, force);
	pool_set_free(set);
	if (force && error == -ENOENT)
		error = 0;
	if (!error && flags & POOL_REMOVE_SET_FILE)
		error = pool_set_unlink(directory, name);
	return outcome(error, force);
}
