/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state_name.c - refuse names of pool sets, sent by another machine, that lead into folders with
 * state files
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "pool/state.h"

static bool has_component(const char *path, const char *component)
{
	size_t length = strlen(component);

	for (const char *at = path; *at; at += strspn(at, "/")) {
		size_t here = strcspn(at, "/");
		if (here == length && !strncmp(at, component, length))
			return true;
		at += here;
	}
	return false;
}

/* True if a real path is this folder, or below it. */
static bool is_within(const char *path, const char *folder)
{
	size_t length = strcmp(folder, "/") ? strlen(folder) : 0;

	return !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

/*
 * True if a real path is in the folder that is configured for state files. If this folder is not
 * below `directory`, which contains the pool sets, then only one of its subfolders counts, which
 * has the states of these sets: its path is the path of the folder, followed by that of
 * `directory`.
 */
static bool in_configured(const char *path, const char *folder, const char *directory)
{
	char *states = NULL, *real = realpath(folder, NULL);
	bool within = false;

	if (real && is_within(real, directory) && strcmp(real, directory))
		within = is_within(path, real);
	else if (real && asprintf(&states, "%s%s", real, directory) >= 0)
		within = is_within(path, states);
	free(states);
	free(real);
	return within;
}

static bool is_among_states(const char *folder, const char *directory, const char *name)
{
	char *path = NULL, *real = NULL, *sets = realpath(directory, NULL);
	bool found = has_component(name, STATE_FOLDER);

	if (sets && asprintf(&path, "%s/%s", sets, name) >= 0)
		real = realpath(path, NULL);
	if (real && is_within(real, sets))
		found = found || has_component(real + strlen(sets), STATE_FOLDER) ||
			(folder && in_configured(real, folder, sets));
	free(real);
	free(path);
	free(sets);
	return found;
}

int state_check_name(const char *folder, const char *directory, const char *name)
{
	if (!is_among_states(folder, directory, name))
		return 0;
	return err_set(
		-EINVAL, "pool set \"%.200s\": the name leads into a folder of state files", name);
}
