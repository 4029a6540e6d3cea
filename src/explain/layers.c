/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/attr.h"
#include "device/loop.h"
#include "device/medium.h"
#include "device/members.h"
#include "device/mounts.h"
#include "device/provider.h"
#include "device/walk.h"
#include "explain/facts.h"
#include "explain/stores.h"

/*
 * Functions here are NOINLINE so that each gives back its stack when it returns: a public call may
 * use 4 KiB of stack.
 */

/*
 * Maximum number of files and disks to visit. Real chains of files on disks have an end, but sysfs
 * in a test may have a loop.
 */
#define PLACES 64

/*
 * Find out if an ext4 without a journal keeps stores to blocks that fallocate(2) has allocated.
 * After a power cut these blocks may be zeros, although MAP_SYNC was accepted or msync(2) has
 * succeeded. Experiments (doc/storage.md, row `journal`) show that the kernels of this table, and
 * later ones of each series, keep the stores after msync(2). After MAP_SYNC, kernels up to 7.3
 * have lost them. Returns true if stores are kept. `syncs`: MAP_SYNC is used.
 */
NOINLINE static bool keeps_without_journal(unsigned kernel, bool syncs)
{
	static const struct {
		unsigned from, to;
	} mended[] = {
		{FACTS_KERNEL(6, 12, 85), FACTS_KERNEL(6, 13, 0)},
		{FACTS_KERNEL(6, 18, 44), FACTS_KERNEL(6, 19, 0)},
		{FACTS_KERNEL(7, 2, 13), FACTS_KERNEL(1000, 0, 0)},
	};

	for (size_t i = 0; i < sizeof(mended) / sizeof(mended[0]); i++)
		if (kernel >= mended[i].from && kernel < mended[i].to)
			return !syncs;
	return false;
}

/* A disk or file that the explained file lies on, to be visited later. */
struct place {
	enum { A_DISK, A_FILE } kind;
	dev_t device; /* number of the disk; or st_dev of the file, 0 if only its path is known */
	ino_t inode;
	const char *path; /* path of the file; NULL: not known */
};

/*
 * The state of the descent through the layers that a file lies on. Disks and files that are found
 * are queued and visited one after the other: recursion would use more stack than callers have to
 * provide.
 */
struct descent {
	struct layers *layers;
	struct keep *keep;
	const char *sysfs;
	unsigned kernel;
	dev_t disk; /* the disk on which the explained file is */
	bool syncs; /* the explained file accepts MAP_SYNC, or may accept it */
	struct keep_list places;
	bool has_reached_media;
};

NOINLINE static void go_into_later(struct descent *at, struct place place)
{
	struct place *kept = keep_new(at->keep, sizeof(*kept));

	if (kept)
		*kept = place;
	keep_append(at->keep, &at->places, kept);
}

NOINLINE static void go_into_disk_later(struct descent *at, dev_t number)
{
	go_into_later(at, (struct place){.kind = A_DISK, .device = number});
}

/* If `survival` is weaker than the result so far, make `survival` the result. */
NOINLINE static void promise(
	struct descent *at, enum holdfast_survival survival, const char *who, const char *evidence)
{
	struct layers *layers = at->layers;

	if (survival >= layers->survival)
		return;
	layers->survival = survival;
	layers->who = who;
	layers->evidence = evidence;
}

/* Add a layer to the list. `who` completes ", if %s keeps them" and "it is on %s". */
NOINLINE static void add(struct descent *at, const char *what, enum holdfast_survival survival,
	const char *who, const char *evidence)
{
	struct holdfast_layer *layer = keep_new(at->keep, sizeof(*layer));

	if (layer)
		*layer = (struct holdfast_layer){sizeof(*layer), what, survival, evidence};
	keep_append(at->keep, &at->layers->list, layer);
	promise(at, survival, who, evidence);
}

/* Add a layer that exists, but cannot be seen from here, to the list. */
NOINLINE static void add_unseen(
	struct descent *at, const char *what, const char *who, const char *evidence)
{
	at->layers->has_gap = true;
	add(at, what, HOLDFAST_SURVIVES_UNKNOWN, who, evidence);
}

/* Add an entry to the list for a layer that should exist, but was not found. */
NOINLINE static void add_gap(struct descent *at, const char *what, const char *evidence)
{
	add_unseen(at, keep_text(at->keep, "%s, not found", what),
		keep_text(at->keep, "%s, not found here,", what), evidence);
}

NOINLINE static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

NOINLINE static bool ends(const char *name, const char *with)
{
	size_t length = strlen(name), end = strlen(with);

	return length >= end && !strcmp(name + length - end, with);
}

NOINLINE static void loop_device(struct descent *at, int dir, const char *name)
{
	struct loop loop = loop_read(dir, name);
	const char *path = keep_copy(at->keep, loop.path);
	const char *what =
		path ? keep_text(at->keep, "loop device %s, which is the file %s", name, path)
		     : keep_text(at->keep, "loop device %s", name);

	if (loop.is_empty) {
		add(at, keep_text(at->keep, "loop device %s, without a file", name),
			HOLDFAST_SURVIVES_UNKNOWN,
			keep_text(at->keep, "the file to be attached to loop device %s", name),
			"no file is attached to it");
	} else if (!loop.is_told) {
		add_unseen(at, what,
			keep_text(at->keep, "the file that is attached to loop device %s", name),
			"only root can find out which file is attached, if the device's node is in /dev");
	} else {
		add(at, what, HOLDFAST_SURVIVES, NULL,
			"the kernel reports the device and the inode of its file");
		if (loop.disk)
			go_into_disk_later(at, loop.disk);
		else
			go_into_later(at, (struct place){A_FILE, loop.device, loop.inode, path});
	}
	at->has_reached_media = true; /* the file of the loop device is visited next */
	loop_fini(&loop);
}

/*
 * Note the kind of memory that a disk is on, even if layers above the disk keep programs from
 * mapping it.
 */
NOINLINE static void note_memory(struct descent *at, int disk)
{
	int region = walk_region_above(at->sysfs, disk);
	struct layers *layers = at->layers;

	if (region < 0)
		return;
	enum holdfast_memory memory = (enum holdfast_memory)provider_of_region(at->sysfs, region);
	close(region);
	layers->memory = layers->memory == HOLDFAST_MEMORY_NONE || layers->memory == memory
				 ? memory
				 : HOLDFAST_MEMORY_MIXED;
}

NOINLINE static void add_medium(
	struct descent *at, const char *what, const char *who, const struct medium *medium)
{
	if (medium->keeper && !at->layers->condition)
		at->layers->condition = medium->keeper;
	add(at, keep_text(at->keep, "%s, %s", what, medium->kind), medium->survival, who,
		medium->evidence);
}

/* Add a disk to the list of layers, as "a virtio disk (vda)". */
NOINLINE static void add_disk(
	struct descent *at, const char *what, const char *name, const struct medium *medium)
{
	add_medium(at, what, keep_text(at->keep, "%s (%s)", medium->kind, name), medium);
}

/*
 * Add a device of device-mapper or md to the list of layers. The device is built on other devices,
 * or should be.
 */
NOINLINE static void add_stack(struct descent *at, const char *name, const struct medium *medium)
{
	const char *what = keep_text(at->keep, "%s %s",
		begins(name, "dm-")  ? "device-mapper device"
		: begins(name, "md") ? "RAID device"
				     : "device",
		name);

	add_medium(at, what, keep_text(at->keep, "%s, %s,", what, medium->kind), medium);
}

NOINLINE static void lowest_disk(struct descent *at, int dir, const char *name)
{
	if (begins(name, "loop")) {
		loop_device(at, dir, name);
		return;
	}
	struct medium medium = medium_of_disk(at->sysfs, dir, name);
	note_memory(at, dir);
	if (begins(name, "dm-"))
		add_stack(at, name, &medium);
	else
		add_disk(at, keep_text(at->keep, "disk %s", name), name, &medium);
	at->has_reached_media = true;
}

NOINLINE static int look_at_floor(int dir, bool is_lowest, void *context)
{
	struct descent *at = context;
	char name[SYSFS_NAME];

	if (sysfs_name(dir, name)) {
		add_gap(at, "a disk", "sysfs does not show its name");
		return 0;
	}
	if (is_lowest) {
		lowest_disk(at, dir, name);
		return 0;
	}
	struct medium medium = medium_of_stack(dir, name);
	add_stack(at, name, &medium);
	return 0;
}

NOINLINE static void add_partition(struct descent *at, dev_t number)
{
	char name[SYSFS_NAME];
	int dir = sysfs_device_open(at->sysfs, "block", number);

	if (dir < 0)
		return;
	if (sysfs_has(dir, "partition") && !sysfs_name(dir, name))
		add(at, keep_text(at->keep, "partition %s", name), HOLDFAST_SURVIVES, NULL,
			"it is a part of the disk that is listed next");
	close(dir);
}

NOINLINE static void go_into_disk(struct descent *at, dev_t number)
{
	bool lost = false;

	add_partition(at, number);
	if (walk_floors(at->sysfs, "block", number, look_at_floor, at, &lost))
		at->keep->failed = true;
	if (lost)
		add_gap(at, "a disk",
			"sysfs does not show it: /sys is masked, or the disk was unplugged");
}

NOINLINE static bool same_storage(const char *one, const char *other)
{
	struct statfs a, b;

	return !statfs(one, &a) && !statfs(other, &b) && a.f_bsize == b.f_bsize &&
	       a.f_blocks == b.f_blocks && a.f_bfree == b.f_bfree && a.f_files == b.f_files &&
	       a.f_ffree == b.f_ffree;
}

/*
 * Returns true if the path `upper`, from the mount options, leads to the overlay's upper layer. In
 * this process's mount namespace the path may lead to something else. But statfs(2) of an overlay
 * returns the values of the file system of the upper layer, and it is unlikely that another file
 * system has the same numbers of free blocks and inodes.
 */
NOINLINE static bool is_upper(const struct filesystem *filesystem, const char *upper)
{
	if (*upper != '/' || !filesystem->point)
		return false;
	for (int i = 0; i < 8; i++) /* another process may write between two calls */
		if (same_storage(filesystem->point, upper))
			return true;
	return false;
}

/*
 * Queue the layers of an option like "lowerdir=a:b". A colon in a layer's name is preceded by a
 * backslash.
 */
NOINLINE static void lower_layers(struct descent *at, char *list)
{
	for (char *from = list, *to = list, *start = list; from; from++) {
		if (*from == '\\' && from[1])
			from++;
		else if (!*from || *from == ':') {
			bool is_last = !*from;
			*to = '\0';
			if (*start)
				go_into_later(at, (struct place){.kind = A_FILE,
							  .path = keep_copy(at->keep, start)});
			if (is_last)
				return;
			start = to = from + 1;
			continue;
		}
		*to++ = *from;
	}
}

/*
 * Queue the path in each mount option with this name: newer kernels have one such option for each
 * layer.
 */
NOINLINE static bool listed_layers(struct descent *at, const char *options, const char *name)
{
	bool found = false;

	for (const char *option = options; option && *option;) {
		char *value = begins(option, name) ? mounts_option_value(option, name) : NULL;
		if (value) {
			go_into_later(at,
				(struct place){.kind = A_FILE, .path = keep_copy(at->keep, value)});
			found = true;
		}
		free(value);
		option = strchr(option, ',');
		option += option != NULL;
	}
	return found;
}

NOINLINE static void overlay(struct descent *at, const struct filesystem *filesystem)
{
	char *upper = mounts_option_value(filesystem->options, "upperdir");
	char *lower = mounts_option_value(filesystem->options, "lowerdir");

	if (upper && is_upper(filesystem, upper)) {
		add(at, keep_text(at->keep, "its upper layer %s", upper), HOLDFAST_SURVIVES, NULL,
			"the overlay reports as many blocks and inodes as this layer has");
		go_into_later(
			at, (struct place){.kind = A_FILE, .path = keep_copy(at->keep, upper)});
	} else if (upper) {
		add_unseen(at, keep_text(at->keep, "its upper layer %s, not visible here", upper),
			keep_text(at->keep, "the upper layer %s (not visible here)", upper),
			"another directory has this name here");
	}
	bool has_list = listed_layers(at, filesystem->options, "lowerdir+");
	has_list |= listed_layers(at, filesystem->options, "datadir+");
	if (lower)
		lower_layers(at, lower);
	if (!upper && !lower && !has_list)
		add_gap(at, "the file system under the overlay", "no layers are listed");
	free(upper);
	free(lower);
}

NOINLINE static void go_into_members(
	struct descent *at, const struct filesystem *filesystem, dev_t number)
{
	struct members members;

	if (members_find(&members, filesystem, number, at->sysfs)) {
		at->keep->failed = true;
		return;
	}
	if (members.has_no_journal &&
		!keeps_without_journal(at->kernel, at->syncs && number == at->disk))
		add(at, "no journal", HOLDFAST_SURVIVES_UNKNOWN,
			"an ext4 without a journal, on this kernel,",
			"in tests, some kernels lost stores to allocated blocks of such a file system in a power cut, and this kernel has not been seen to keep them");
	for (size_t i = 0; i < members.count; i++)
		go_into_disk_later(at, members.list[i]);
	if (members.gap)
		add_gap(at, members.gap,
			"the kernel shows this process no list of the file system's devices");
	members_fini(&members);
}

/*
 * Judge a file system without a disk by its class. `kind` is NULL if the layers below the file
 * system decide.
 */
NOINLINE static struct medium of_class(enum filesystem_class class)
{
	switch (class) {
	case FILESYSTEM_RAM:
		return (struct medium){HOLDFAST_SURVIVES_NOT, "which is main memory",
			"this type of file system keeps files in main memory", NULL};
	case FILESYSTEM_KERNEL:
		return (struct medium){HOLDFAST_SURVIVES_NOT, "whose contents the kernel makes up",
			"files of this type of file system are not kept anywhere", NULL};
	case FILESYSTEM_NETWORK:
		return (struct medium){HOLDFAST_SURVIVES_ELSEWHERE, "the server of this",
			"a server keeps the files of this type of file system", NULL};
	case FILESYSTEM_HOST:
		return (struct medium){HOLDFAST_SURVIVES_ELSEWHERE, "the host, which serves this",
			"the host keeps the files of this type of file system", NULL};
	case FILESYSTEM_DAEMON:
		return (struct medium){HOLDFAST_SURVIVES_ELSEWHERE, "the program that serves this",
			"a program serves this type of file system (FUSE)", NULL};
	default:
		return (struct medium){HOLDFAST_SURVIVES, NULL,
			"it lies on the storage that is listed next", NULL};
	}
}

NOINLINE static const char *who_keeps(
	struct descent *at, const struct medium *medium, const char *type)
{
	if (medium->survival == HOLDFAST_SURVIVES_NOT)
		return keep_text(at->keep, "%s, %s", type, medium->kind);
	return keep_text(at->keep, "%s %s file system", medium->kind, type);
}

NOINLINE static void add_filesystem(
	struct descent *at, const struct filesystem *filesystem, const char *what, const char *type)
{
	struct medium medium = of_class(filesystem->class);
	const char *doubt = stores_not_flushed(filesystem);

	if (medium.kind && doubt && medium.survival > HOLDFAST_SURVIVES_UNKNOWN)
		add(at, what, HOLDFAST_SURVIVES_UNKNOWN,
			keep_text(at->keep, "%s file system, mounted with %s,", medium.kind, doubt),
			"a mount option prevents the file system from requesting flushes of its data");
	else if (medium.kind)
		add(at, what, medium.survival, who_keeps(at, &medium, type), medium.evidence);
	else if (doubt)
		add(at, what, HOLDFAST_SURVIVES_UNKNOWN,
			keep_text(at->keep, "the disk, whose cache is not flushed (%s),", doubt),
			"a mount option prevents the file system from flushing its disks' caches");
	else if (filesystem->class == FILESYSTEM_UNKNOWN)
		add(at, what, HOLDFAST_SURVIVES_UNKNOWN,
			keep_text(at->keep, "%s (an unknown type)", type),
			"the type of this file system is not known");
	else if (stores_is_volatile(filesystem))
		add(at, what, HOLDFAST_SURVIVES_NOT,
			"an overlay that is mounted as volatile: the kernel refuses to mount it again after a power cut",
			"its mount options include volatile or fsync=volatile");
	else
		add(at, what, HOLDFAST_SURVIVES, NULL, medium.evidence);
}

NOINLINE static void go_into_filesystem(
	struct descent *at, const struct filesystem *filesystem, dev_t number)
{
	const char *type =
		filesystem->type ? keep_copy(at->keep, filesystem->type) : "an unknown file system";

	add_filesystem(at, filesystem,
		keep_text(at->keep, "%s%s%s", type, filesystem->point ? " mounted at " : "",
			filesystem->point ? filesystem->point : ""),
		type);
	if (filesystem->class == FILESYSTEM_LAYERED)
		overlay(at, filesystem);
	else if (filesystem->class == FILESYSTEM_DISK ||
		 (filesystem->class == FILESYSTEM_UNKNOWN && major(number)))
		go_into_members(at, filesystem, number);
	else
		at->has_reached_media = true; /* no disk is below: the layers found so far decide */
}

/*
 * Visit a file that cannot be found by its name. If the file system with the st_dev of the file is
 * mounted here, visit this file system.
 */
NOINLINE static void go_into_unnamed(struct descent *at, const struct place *place)
{
	struct filesystem filesystem;

	if (place->path && ends(place->path, " (deleted)")) {
		add(at, "a file that has been removed", HOLDFAST_SURVIVES_NOT,
			"a file that has been removed", "its last name is gone");
		return;
	}
	if (!place->device || filesystem_of_device(&filesystem, place->device, MOUNTS_FILE)) {
		add_unseen(at,
			keep_text(at->keep, "the storage of %s, not visible here",
				place->path ? place->path : "a file"),
			keep_text(at->keep, "the storage of %s (not visible here)",
				place->path ? place->path : "a file"),
			"no file has this name here, or a different file has it");
		return;
	}
	go_into_filesystem(at, &filesystem, place->device);
	filesystem_fini(&filesystem);
}

NOINLINE static bool is_same(const struct place *place, const struct stat *st)
{
	return !place->device || (st->st_dev == place->device && st->st_ino == place->inode);
}

/*
 * Visit a file by its path. The path comes from the kernel, and may be relative or of another
 * mount namespace.
 */
NOINLINE static void go_into_file(struct descent *at, const struct place *place)
{
	const char *path = place->path ? place->path : "";
	int fd = *path == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;
	struct filesystem filesystem;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) || !is_same(place, &st) ||
		filesystem_of(&filesystem, fd, MOUNTS_FILE)) {
		go_into_unnamed(at, place);
	} else {
		go_into_filesystem(at, &filesystem, st.st_dev);
		filesystem_fini(&filesystem);
	}
	if (fd >= 0)
		close(fd);
}

NOINLINE static void go_on(struct descent *at)
{
	for (size_t i = 0; i < at->places.count; i++) {
		const struct place *place = at->places.items[i];
		if (i == PLACES) {
			add_gap(at, "the rest of the layers below this file",
				"there are too many layers");
			return;
		}
		if (place->kind == A_DISK)
			go_into_disk(at, place->device);
		else
			go_into_file(at, place);
	}
}

NOINLINE static int look_at_region(int dir, void *context)
{
	struct descent *at = context;
	struct medium medium = medium_of_region(at->sysfs, dir);
	char name[SYSFS_NAME];

	if (sysfs_name(dir, name))
		strcpy(name, "a region");
	add_disk(at, keep_copy(at->keep, name), name, &medium);
	at->has_reached_media = true;
	return 0;
}

NOINLINE static void start(struct descent *at, const struct facts *facts)
{
	if (facts->object == HOLDFAST_OBJECT_DAX_DEVICE) {
		if (device_regions(&facts->device, facts->sysfs, look_at_region, at, NULL))
			at->keep->failed = true;
		if (facts->regions.is_hidden)
			add_gap(at, "the memory of the DAX device", "sysfs does not show it");
	} else if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE)
		go_into_disk_later(at, facts->disk);
	else if (facts->has_filesystem)
		go_into_filesystem(at, &facts->filesystem, facts->device.number);
	else
		add_gap(at, "the file system", "it is not in this process's list of mounts");
}

void layers_find(struct layers *layers, const struct facts *facts)
{
	struct descent at = {.layers = layers,
		.keep = layers->keep,
		.sysfs = facts->sysfs,
		.kernel = facts->kernel,
		.disk = facts->disk,
		.syncs = facts->trial == FACTS_SYNC_ACCEPTED ||
			 (facts->trial == FACTS_NOT_TRIED && facts->disk_is_dax)};

	layers->survival = HOLDFAST_SURVIVES;
	start(&at, facts);
	go_on(&at);
	if (!at.has_reached_media && !layers->has_gap &&
		facts->object != HOLDFAST_OBJECT_DAX_DEVICE)
		add_gap(&at, "a disk", "no disk was found under the listed layers");
}
