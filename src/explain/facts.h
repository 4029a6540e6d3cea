/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.h - what has to be found out before something can be explained
 *
 * All of it is asked here: what follows from it is judged, and then worded, without a look at the
 * machine. Everything but sysfs has been asked when facts_of_...() return, so that tests can make
 * that up; facts_read_sysfs() reads all of sysfs, once.
 */
#ifndef EXPLAIN_FACTS_H
#define EXPLAIN_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "device/device.h"
#include "device/filesystem.h"
#include "device/sysfs.h"
#include "explain/layers.h"
#include "explain/regions.h"
#include "libpmem2/explain.h"
#include "map/granularity.h"

struct map;

enum facts_trial {
	FACTS_NOT_TRIED,
	FACTS_SYNC_ACCEPTED,
	FACTS_SYNC_REFUSED,
};

#define FACTS_KERNEL(version, patchlevel, sublevel)                                                \
	(((version)*1000U + (patchlevel)) * 1000U + (sublevel))

/* Whether the file will still be there. */
enum facts_name {
	FACTS_NAMED,
	FACTS_UNNAMED, /* made with O_TMPFILE: linkat(2) may give it a name */
	FACTS_REMOVED, /* its last name is gone */
};

/* The drivers of DAX devices that matter: only device_dax lets programs map one. */
enum facts_driver {
	FACTS_DRIVER_OTHER, /* or none */
	FACTS_DRIVER_DEVICE_DAX,
	FACTS_DRIVER_KMEM,
};

struct facts {
	enum holdfast_object object;
	const char *sysfs;
	bool can_flush;  /* the CPU */
	unsigned kernel; /* FACTS_KERNEL(6, 18, 44) for Linux 6.18.44 */
	char *name;      /* NULL: not known; owned */

	bool has_device; /* else it is memory without a file */
	struct device device;
	dev_t disk; /* the block device that the data is on; 0: none, or not known */
	uint64_t size;

	bool has_filesystem;
	struct filesystem filesystem; /* owned */
	int marked;                   /* for DAX; -1: the kernel does not say */

	struct filesystem_locks locks;
	enum facts_name kept_name;

	enum facts_trial trial;
	int map_error;        /* of the trial, or known before it */
	char *map_error_text; /* owned */

	bool is_map; /* of a live map: what it got */
	struct granularity got;

	/* By facts_read_sysfs(). */
	struct regions regions;
	struct layers layers;
	int disk_is_dax;                         /* see disk_is_dax() */
	struct holdfast_number bytes, alignment; /* `bytes`: the size, whatever it is of */
	bool is_read_only_device;
	enum facts_driver driver; /* of a DAX device */
	bool is_ext2_by_ext4;     /* an ext2 that the driver of ext4 has mounted */
};

/* See holdfast_explain_fd(). Free them with facts_fini(). */
int facts_of_fd(struct facts *facts, int fd, const char *sysfs);

/* See holdfast_explain_map(). */
int facts_of_map(struct facts *facts, const struct map *map);

/* Facts of a block or DAX device that nobody has opened; `name` is copied. 0 or -ENOMEM. */
int facts_of_device(
	struct facts *facts, const struct device *device, const char *name, const char *sysfs);

/* Facts of a mounted file system; only its directory is looked at. 0 or -ENOMEM. */
struct mount;
int facts_of_mount(struct facts *facts, const struct mount *mount, const char *sysfs);

/* Everything that sysfs tells of it; what that needs is kept by `keep`, which notes failures. */
void facts_read_sysfs(struct facts *facts, struct keep *keep);

void facts_fini(struct facts *facts);

#endif
