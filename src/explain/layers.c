/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/layers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device/disk.h"
#include "device/mounts.h"
#include "device/sysfs.h"
#include "device/walk.h"
#include "explain/facts.h"

/* Files on disks on files: an endless chain cannot be built, but one in a made-up tree could. */
#define FILES 16

/*
 * Files that are found are gone into later, one after the other: a call of ours within the other
 * for each floor would take more stack than callers are promised.
 */
struct descent {
	struct layers *layers;
	const char *sysfs;
	struct keep_list files;
};

static void go_into_file_later(struct descent *at, const char *path)
{
	keep_append(at->layers->keep, &at->files, keep_copy(at->layers->keep, path));
}

/*
 * The weakest promise counts: what is lost for certain, then what cannot be known, then the rest.
 */
static void promise(struct layers *layers, enum holdfast_survival survival, const char *who)
{
	static const int weakness[] = {
		[HOLDFAST_SURVIVES] = 0,
		[HOLDFAST_SURVIVES_ELSEWHERE] = 1,
		[HOLDFAST_SURVIVES_UNKNOWN] = 2,
		[HOLDFAST_SURVIVES_NOT] = 3,
	};

	if (weakness[survival] <= weakness[layers->survival])
		return;
	layers->survival = survival;
	layers->who = who;
}

static void add(struct descent *at, const char *phrase)
{
	keep_append(at->layers->keep, &at->layers->list, phrase);
}

static void loop_device(struct descent *at, int dir, const char *name)
{
	char *file;
	struct keep *keep = at->layers->keep;

	if (sysfs_read_text(dir, "loop/backing_file", &file)) {
		add(at, keep_text(keep, "loop device %s, of which the file is not known", name));
		promise(at->layers, HOLDFAST_SURVIVES_UNKNOWN, "the file of a loop device");
		return;
	}
	file[strcspn(file, "\n")] = '\0';
	add(at, keep_text(keep, "loop device %s, which is the file %s", name, file));
	go_into_file_later(at, file);
	free(file);
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool is_encrypted(int dir)
{
	char *uuid;

	if (sysfs_read_text(dir, "dm/uuid", &uuid))
		return false;
	bool encrypted = begins(uuid, "CRYPT-");
	free(uuid);
	return encrypted;
}

static int lowest_disk(int dir, bool is_lowest, void *context)
{
	struct descent *at = context;
	struct keep *keep = at->layers->keep;
	char name[SYSFS_NAME];

	if (!is_lowest || sysfs_name(dir, name))
		return 0;
	if (begins(name, "loop")) {
		loop_device(at, dir, name);
		return 0;
	}
	if (begins(name, "ram") || begins(name, "zram") || begins(name, "nullb")) {
		add(at, keep_text(keep, "disk %s, which is main memory", name));
		promise(at->layers, HOLDFAST_SURVIVES_NOT, "a disk made of main memory");
	} else if (begins(name, "nbd") || begins(name, "rbd") || begins(name, "drbd")) {
		add(at, keep_text(keep, "disk %s, which is on the network", name));
		promise(at->layers, HOLDFAST_SURVIVES_ELSEWHERE, "the server of the disk");
	} else {
		add(at, keep_text(keep, "disk %s", name));
	}
	return 0;
}

/* The device itself is told only if it is not its own lowest disk. */
static void go_into_device(struct descent *at, dev_t number)
{
	char name[SYSFS_NAME];
	int dir = sysfs_device_open(at->sysfs, "block", number);

	if (dir < 0)
		return;
	if (!sysfs_name(dir, name)) {
		if (sysfs_has(dir, "partition"))
			add(at, keep_text(at->layers->keep, "partition %s", name));
		else if (begins(name, "dm-"))
			add(at, keep_text(at->layers->keep, "device-mapper device %s%s", name,
					is_encrypted(dir) ? ", encrypted" : ""));
		else if (begins(name, "md"))
			add(at, keep_text(at->layers->keep, "RAID device %s", name));
	}
	close(dir);
	bool lost;
	if (walk_floors(at->sysfs, "block", number, lowest_disk, at, &lost))
		at->layers->keep->failed = true;
}

static void overlay(struct descent *at, const struct filesystem *filesystem)
{
	struct layers *layers = at->layers;
	char *upper = mounts_option_value(filesystem->options, "upperdir");

	/* Newer kernels have it as a value of fsync=. */
	if (mounts_option(filesystem->options, "volatile") ||
		mounts_option(filesystem->options, "fsync=volatile"))
		promise(layers, HOLDFAST_SURVIVES_NOT,
			"an overlay that is mounted as volatile: it leaves write-backs out");
	if (upper) {
		add(at, keep_text(layers->keep, "its upper layer %s", upper));
		go_into_file_later(at, upper);
	} else {
		promise(layers, HOLDFAST_SURVIVES_UNKNOWN, "the file system under the overlay");
	}
	free(upper);
}

/* Without barriers the disk's own cache is not flushed. */
static bool lacks_barriers(const struct filesystem *filesystem)
{
	return mounts_option(filesystem->options, "nobarrier") ||
	       mounts_option(filesystem->options, "barrier=0");
}

static void go_into_filesystem(struct descent *at, const struct filesystem *filesystem, dev_t disk)
{
	struct layers *layers = at->layers;
	const char *type = filesystem->type ? filesystem->type : "an unknown file system";

	switch (filesystem->class) {
	case FILESYSTEM_RAM:
		promise(layers, HOLDFAST_SURVIVES_NOT,
			keep_text(layers->keep, "%s, which is main memory", type));
		break;
	case FILESYSTEM_KERNEL:
		promise(layers, HOLDFAST_SURVIVES_NOT,
			keep_text(layers->keep, "%s, whose contents the kernel makes up", type));
		break;
	case FILESYSTEM_NETWORK:
		promise(layers, HOLDFAST_SURVIVES_ELSEWHERE,
			keep_text(layers->keep, "the server of this %s file system", type));
		break;
	case FILESYSTEM_HOST:
		promise(layers, HOLDFAST_SURVIVES_ELSEWHERE,
			keep_text(
				layers->keep, "the host, which serves this %s file system", type));
		break;
	case FILESYSTEM_DAEMON:
		promise(layers, HOLDFAST_SURVIVES_ELSEWHERE,
			keep_text(
				layers->keep, "the program that serves this %s file system", type));
		break;
	case FILESYSTEM_LAYERED:
		overlay(at, filesystem);
		break;
	case FILESYSTEM_DISK:
		if (lacks_barriers(filesystem))
			promise(layers, HOLDFAST_SURVIVES_UNKNOWN,
				"the disk, whose cache is not flushed (nobarrier),");
		go_into_device(at, disk);
		break;
	case FILESYSTEM_UNKNOWN:
		promise(layers, HOLDFAST_SURVIVES_UNKNOWN,
			keep_text(layers->keep, "%s (which we do not know)", type));
		go_into_device(at, disk);
		break;
	}
}

static void add_filesystem(struct descent *at, const struct filesystem *filesystem)
{
	add(at, keep_text(at->layers->keep, "%s%s%s",
			filesystem->type ? filesystem->type : "an unknown file system",
			filesystem->point ? " mounted at " : "",
			filesystem->point ? filesystem->point : ""));
}

/*
 * The file system that a path is on. The path is the kernel's: it may not be visible from here, and
 * one that is relative says nothing to us.
 */
static void go_into_file(struct descent *at, const char *path)
{
	struct filesystem filesystem;
	struct stat st;
	int fd = *path == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;

	if (fd < 0 || fstat(fd, &st) || filesystem_of(&filesystem, fd, MOUNTS_FILE)) {
		promise(at->layers, HOLDFAST_SURVIVES_UNKNOWN,
			keep_text(at->layers->keep, "the storage of %s (not visible here)", path));
	} else {
		add_filesystem(at, &filesystem);
		go_into_filesystem(at, &filesystem, filesystem_disk(&filesystem, st.st_dev));
		filesystem_fini(&filesystem);
	}
	if (fd >= 0)
		close(fd);
}

static void start(struct descent *at, const struct facts *facts)
{
	if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE) {
		go_into_device(at, facts->disk);
	} else if (facts->has_filesystem) {
		add_filesystem(at, &facts->filesystem);
		go_into_filesystem(at, &facts->filesystem, facts->disk);
	} else {
		promise(at->layers, HOLDFAST_SURVIVES_UNKNOWN, "a file system that cannot be told");
	}
}

void layers_find(struct layers *layers, const struct facts *facts)
{
	struct descent at = {.layers = layers, .sysfs = facts->sysfs};

	if (facts->object == HOLDFAST_OBJECT_DAX_DEVICE || !facts->has_device)
		return;
	start(&at, facts);
	for (size_t i = 0; i < at.files.count; i++)
		if (i < FILES)
			go_into_file(&at, at.files.items[i]);
		else
			promise(layers, HOLDFAST_SURVIVES_UNKNOWN, "so many files on files");
}
