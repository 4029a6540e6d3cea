/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "device/counters.h"
#include "device/mounts.h"

struct search {
	counters_visit *visit;
	void *context;
	/*
	 * File systems and mount points that were visited: each is visited once, even if mounted
	 * several times.
	 */
	struct place {
		dev_t device;
		char *point;
	} * seen;
	size_t count;
};

/*
 * Returns true for a type of file system that is mounted writable unless the administrator asks
 * for read-only.
 */
static bool is_for_writing(const char *type)
{
	static const char *const types[] = {"btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i]))
			return true;
	return false;
}

static bool is_seen(const struct search *search, const struct mount *mount)
{
	for (size_t i = 0; i < search->count; i++)
		if (search->seen[i].device == mount->device ||
			!strcmp(search->seen[i].point, mount->point))
			return true;
	return false;
}

static int note(struct search *search, const struct mount *mount)
{
	struct place *seen = reallocarray(search->seen, search->count + 1, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	search->seen = seen;
	seen[search->count] = (struct place){mount->device, strdup(mount->point)};
	if (!seen[search->count].point)
		return -ENOMEM;
	search->count++;
	return 0;
}

/*
 * Find out if an XFS has shut down. Its only sign is that all calls fail with EIO. Returns 1 or 0;
 * -ENOENT if another file system is mounted over the mount point; another -errno if stat(2) fails.
 */
static int has_shut_down(const struct mount *mount)
{
	struct stat st;

	if (stat(mount->point, &st))
		return errno == EIO ? 1 : -errno;
	return st.st_dev == mount->device ? 0 : -ENOENT;
}

/*
 * Find out if the kernel has stopped writing to a file system that is mounted "rw". mount(8) makes
 * both the file system and the mount read-only; after an error the kernel makes only the file
 * system read-only. Since Linux 6.15, ext4 shows the option emergency_ro or shutdown instead.
 */
static int is_stopped(const struct mount *mount)
{
	if (mounts_option(mount->super_options, "ro") ||
		mounts_option(mount->super_options, "emergency_ro") ||
		mounts_option(mount->super_options, "shutdown"))
		return 1;
	return strcmp(mount->type, "xfs") ? 0 : has_shut_down(mount);
}

static int visit_mount(const struct mount *mount, void *context)
{
	struct search *search = context;

	if (!is_for_writing(mount->type) || !mounts_option(mount->options, "rw") ||
		is_seen(search, mount))
		return 0;
	int stopped = is_stopped(mount);
	if (stopped == -ENOENT)
		return 0; /* not marked as visited: it may also be mounted elsewhere */
	int error = note(search, mount);
	if (error)
		return error;
	const struct counters_one one = {
		.kind = mount->type,
		.name = mount->point,
		.counter = "stopped",
		.meaning = "the kernel no longer writes to this file system, after an error",
		.counting = COUNTERS_STATE,
		.error = stopped < 0 ? stopped : 0,
		.value = stopped > 0,
	};
	return search->visit(&one, search->context);
}

int counters_of_mounts(const char *mountinfo, counters_visit *visit, void *context)
{
	struct search search = {.visit = visit, .context = context};
	int result = mounts_each(mountinfo, visit_mount, &search);

	for (size_t i = 0; i < search.count; i++)
		free(search.seen[i].point);
	free(search.seen);
	return result;
}
