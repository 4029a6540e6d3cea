/* SPDX-License-Identifier: BSD-3-Clause */
/* remove.c - pools that nobody wants any more */
#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "pool/layout.h"
#include "pool/pool.h"

/* The first failure, with its sentence; the rest goes on. */
struct outcome {
	int error;
	bool force; /* what is not there is as good as removed */
	char sentence[ERR_SIZE];
};

static void note(struct outcome *outcome, int error)
{
	if (!error || outcome->error || (outcome->force && error == -ENOENT))
		return;
	outcome->error = error;
	snprintf(outcome->sentence, sizeof(outcome->sentence), "%s", err_get());
}

static int remove_parts(const struct pool_set *set, bool force)
{
	struct outcome outcome = {.force = force};
	struct layout layout;
	int error = layout_existing(&layout, set, 0);

	if (error)
		return force && error == -ENOENT ? 0 : error;
	for (size_t i = 0; i < layout.count; i++)
		note(&outcome, part_remove(layout.parts[i].path, set->sysfs));
	layout_fini(&layout);
	if (outcome.error)
		err_put_back(outcome.sentence);
	return outcome.error;
}

int pool_remove(const char *directory, const char *name, unsigned flags)
{
	bool force = flags & POOL_REMOVE_FORCE;
	struct pool_set *set;
	int error = pool_set_load(directory, name, &set);

	if (error)
		return force && error == -ENOENT ? 0 : error;
	error = remove_parts(set, force);
	pool_set_free(set);
	if (!error && flags & POOL_REMOVE_SET_FILE)
		error = pool_set_unlink(directory, name);
	return force ? 0 : error;
}
