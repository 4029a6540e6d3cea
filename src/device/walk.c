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

/*
 * A directory that was visited. A directory of both a device and a region is visited twice: as a
 * device, and as a region.
 */
struct seen {
	dev_t device;
	ino_t inode;
	bool is_region;
};

/* The state of one walk over devices: its visitor, and the results so far. */
struct walk {
	const char *sysfs;
	walk_visit *visit;
	walk_floor *visit_floor; /* called by walk_floors() instead of `visit` */
	void *context;
	/* how many disks lie in a region, lie in no region, could not be read */
	unsigned covered, bare, lost;
	unsigned slaves; /* number of devices under the current device */
	int error;       /* 0 or -ENOMEM */
	int *pending;    /* directories to visit later; the last one is visited next */
	size_t pending_count;
	struct seen *seen; /* the directories that have been visited */
	size_t seen_count;
};

/*
 * Returns true for the directory of a region: only regions have the attribute "mappings", their
 * bus and namespaces do not.
 */
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

/*
 * Record the visit of a directory. Returns 1 for the first visit; 0 if the directory was visited
 * before: the caller then leaves it out, so that each walk ends.
 */
static int see(struct walk *walk, int dir, bool is_region)
{
	struct stat st;

	if (fstat(dir, &st))
		return err_sys("cannot stat a directory of %s", walk->sysfs);
	for (size_t i = 0; i < walk->seen_count; i++)
		if (walk->seen[i].device == st.st_dev && walk->seen[i].inode == st.st_ino &&
			walk->seen[i].is_region == is_region)
			return 0;
	struct seen *seen = reallocarray(walk->seen, walk->seen_count + 1, sizeof(*seen));
	if (!seen)
		return err_set(
			-ENOMEM, "out of memory while examining %zu devices", walk->seen_count + 1);
	seen[walk->seen_count++] = (struct seen){st.st_dev, st.st_ino, is_region};
	walk->seen = seen;
	return 1;
}

static int visit_once(struct walk *walk, int dir)
{
	int new = see(walk, dir, true);

	return new > 0 ? walk->visit(dir, walk->context) : new;
}

/* Visit the region that contains a device which is built on no other device. */
static int at_disk(struct walk *walk, int disk)
{
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

/*
 * Returns the disk of a partition, and closes `device`. Returns `device` itself if it is not a
 * partition.
 */
static int whole_disk(struct walk *walk, int device)
{
	if (!sysfs_has(device, "partition"))
		return device;
	int disk = sysfs_parent_open(walk->sysfs, device);
	close(device);
	return disk;
}

static int add_pending(struct walk *walk, int device)
{
	int *pending = reallocarray(walk->pending, walk->pending_count + 1, sizeof(*walk->pending));

	if (!pending)
		return err_set(-ENOMEM, "out of memory while examining %zu devices",
			walk->pending_count + 1);
	pending[walk->pending_count++] = device;
	walk->pending = pending;
	return 0;
}

/*
 * Queue a device to be visited later, and then closed. If the device was queued before, close it
 * now.
 */
static int look_later(struct walk *walk, int device)
{
	if (device >= 0)
		device = whole_disk(walk, device);
	if (device < 0) {
		walk->lost++;
		return 0;
	}
	int result = see(walk, device, false);
	if (result > 0)
		result = add_pending(walk, device);
	else
		close(device);
	return result;
}

static int look_at_slave_later(int dir, const char *name, void *context)
{
	struct walk *walk = context;

	walk->slaves++;
	walk->error = look_later(walk, openat(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC));
	return walk->error;
}

/* Reverse a list of devices, so that the device that was queued first is visited next. */
static void reverse(int *list, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		int one = list[i];
		list[i] = list[count - 1 - i];
		list[count - 1 - i] = one;
	}
}

/* Visit a device, and queue the devices that it is built on. */
static int look_at(struct walk *walk, int device)
{
	size_t before = walk->pending_count;

	walk->slaves = 0;
	int listed = sysfs_each(device, "slaves", look_at_slave_later, walk);
	if (walk->error)
		return walk->error;
	bool is_listed = !listed || listed == -ENOENT;
	if (!is_listed)
		walk->lost++;
	reverse(walk->pending + before, walk->pending_count - before);
	bool is_lowest = is_listed && !walk->slaves;
	if (!walk->visit_floor)
		return is_lowest ? at_disk(walk, device) : 0;
	walk->bare += is_lowest;
	return walk->visit_floor(device, is_lowest, walk->context);
}

static int start(struct walk *walk, const char *type, dev_t number)
{
	int result = look_later(walk, sysfs_device_open(walk->sysfs, type, number));

	while (walk->pending_count > 0) {
		int device = walk->pending[--walk->pending_count];
		if (!result)
			result = look_at(walk, device);
		close(device);
	}
	free(walk->pending);
	free(walk->seen);
	return result;
}

static enum walk_cover cover_of(const struct walk *walk)
{
	if (walk->covered)
		return walk->bare || walk->lost ? WALK_PARTLY : WALK_ALL;
	/* If nothing was found because a device is built on itself, its storage is unknown. */
	return walk->lost || !walk->bare ? WALK_UNKNOWN : WALK_NONE;
}

int walk_regions(const char *sysfs, const char *type, dev_t number, walk_visit *visit,
	void *context, enum walk_cover *cover)
{
	struct walk walk = {.sysfs = sysfs, .visit = visit, .context = context};
	int result = start(&walk, type, number);

	if (!result && cover)
		*cover = cover_of(&walk);
	return result;
}

int walk_floors(const char *sysfs, const char *type, dev_t number, walk_floor *visit, void *context,
	bool *lost)
{
	struct walk walk = {.sysfs = sysfs, .visit_floor = visit, .context = context};
	int result = start(&walk, type, number);

	if (!result)
		*lost = walk.lost || !walk.bare;
	return result;
}
