/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "device/sysfs.h"

/* Stacks of block devices are a few floors high; a loop in a made-up tree would be endless. */
#define STACK_DEPTH 8

/* One walk: what has been found, and whom to tell. */
struct walk {
	const char *sysfs;
	walk_visit *visit;
	void *context;
	bool at_disks;
	unsigned covered, bare; /* disks that lie in a region, and all others */
	struct stat *seen;      /* the directories that have been visited */
	size_t seen_count;
};

/* Only regions have "mappings": neither their bus nor the namespaces in them do. */
static bool is_region(int dir)
{
	return sysfs_subsystem_is(dir, "nd") && sysfs_has(dir, "mappings");
}

int walk_region_above(const char *sysfs, int dir)
{
	int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (at >= 0 && !is_region(at)) {
		int parent = sysfs_parent_open(sysfs, at);
		close(at);
		at = parent;
	}
	return at < 0 ? -ENOENT : at;
}

/* 1 if it is new, 0 if it has been seen. */
static int see(struct walk *walk, int dir)
{
	struct stat st;

	if (fstat(dir, &st))
		return err_sys("cannot stat a directory of %s", walk->sysfs);
	for (size_t i = 0; i < walk->seen_count; i++)
		if (walk->seen[i].st_dev == st.st_dev && walk->seen[i].st_ino == st.st_ino)
			return 0;
	struct stat *seen = reallocarray(walk->seen, walk->seen_count + 1, sizeof(*seen));
	if (!seen)
		return err_set(-ENOMEM, "no memory to look at %zu devices", walk->seen_count + 1);
	seen[walk->seen_count++] = st;
	walk->seen = seen;
	return 1;
}

static int visit_once(struct walk *walk, int dir)
{
	int new = see(walk, dir);

	return new > 0 ? walk->visit(dir, walk->context) : new;
}

/* A device that is built on no other. */
static int at_disk(struct walk *walk, int disk)
{
	if (walk->at_disks)
		return visit_once(walk, disk);
	int region = walk_region_above(walk->sysfs, disk);
	if (region < 0) {
		walk->bare++;
		return 0;
	}
	walk->covered++;
	int result = visit_once(walk, region);
	close(region);
	return result;
}

static int walk_down(struct walk *walk, int device, int depth);

struct floor_below {
	struct walk *walk;
	int depth;
	unsigned count;
};

static int walk_slave(int dir, const char *name, void *context)
{
	struct floor_below *below = context;

	below->count++;
	return walk_down(
		below->walk, openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC), below->depth);
}

/* The whole disk if this is a partition of one; `device` is closed then. */
static int whole_disk(struct walk *walk, int device)
{
	if (!sysfs_has(device, "partition"))
		return device;
	int disk = sysfs_parent_open(walk->sysfs, device);
	close(device);
	return disk;
}

/* What the device is built on, or else itself. `device` is closed. */
static int walk_down(struct walk *walk, int device, int depth)
{
	struct floor_below below = {.walk = walk, .depth = depth + 1};

	if (device >= 0)
		device = whole_disk(walk, device);
	if (device < 0 || depth > STACK_DEPTH) {
		walk->bare++;
		if (device >= 0)
			close(device);
		return 0;
	}
	int result = sysfs_each(device, "slaves", walk_slave, &below);
	if (!below.count)
		result = at_disk(walk, device);
	close(device);
	return result;
}

static int start(struct walk *walk, const char *type, dev_t number)
{
	int result = walk_down(walk, sysfs_device_open(walk->sysfs, type, number), 0);

	free(walk->seen);
	return result;
}

int walk_regions(const char *sysfs, const char *type, dev_t number, walk_visit *visit,
	void *context, enum walk_cover *cover)
{
	struct walk walk = {.sysfs = sysfs, .visit = visit, .context = context};
	int result = start(&walk, type, number);

	if (!result && cover)
		*cover = !walk.covered ? WALK_NONE : walk.bare ? WALK_PARTLY : WALK_ALL;
	return result;
}

int walk_disks(const char *sysfs, const char *type, dev_t number, walk_visit *visit, void *context)
{
	struct walk walk = {.sysfs = sysfs, .visit = visit, .context = context, .at_disks = true};

	return start(&walk, type, number);
}
