/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * facts.h - gather the facts for an explanation
 *
 * Only this file looks at the machine; conclusions and texts are made from the facts alone.
 * facts_of_...() gather all facts but those from sysfs. Then facts_read_sysfs() gathers those, and
 * reads sysfs once. Between these calls, tests can replace facts.
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

/* Does a file have a name, and if not, why? */
enum facts_name {
	FACTS_NAMED,
	FACTS_UNNAMED, /* made with O_TMPFILE: linkat(2) may give it a name */
	FACTS_REMOVED, /* all of its names were removed */
};

/* Drivers of DAX devices. Only device_dax lets programs map a device. */
enum facts_driver {
	FACTS_DRIVER_OTHER, /* another driver, or no driver */
	FACTS_DRIVER_DEVICE_DAX,
	FACTS_DRIVER_KMEM,
};

struct facts {
	enum holdfast_object object;
	const char *sysfs;
	bool can_flush;  /* the CPU has a flush instruction that programs may use */
	unsigned kernel; /* FACTS_KERNEL(6, 18, 44) for Linux 6.18.44 */
	char *name;      /* name of the file or device; NULL: unknown; owned */

	bool has_device; /* false: the memory is not that of a file */
	struct device device;
	dev_t disk; /* number of the block device that has the data; 0: none, or unknown */
	uint64_t size;

	bool has_filesystem;
	struct filesystem filesystem; /* owned */
	int marked;                   /* 1: marked for DAX, 0: not marked, -1: not known */

	struct filesystem_locks locks;
	enum facts_name kept_name;

	enum facts_trial trial;
	/* why the file cannot be mapped: an error of a trial or of earlier checks; 0: it can */
	int map_error;
	char *map_error_text; /* owned */

	bool is_map; /* the facts are about a live map, which has granularity `got` */
	struct granularity got;

	/* The members from here on are set by facts_read_sysfs(). */
	struct regions regions;
	struct layers layers;
	int disk_is_dax;                         /* result of the function disk_is_dax() */
	struct holdfast_number bytes, alignment; /* `bytes`: size of the file or device */
	bool is_read_only_device;
	enum facts_driver driver; /* driver of a DAX device */
	bool is_ext2_by_ext4;     /* the file system is an ext2, mounted by the driver of ext4 */
};

/* Gather facts for holdfast_explain_fd(). Free them with facts_fini(). */
int facts_of_fd(struct facts *facts, int fd, const char *sysfs);

/* Gather facts for holdfast_explain_map(). Free them with facts_fini(). */
int facts_of_map(struct facts *facts, const struct map *map);

/*
 * Gather the facts about a block device or DAX device without opening it. Copies `name`. Returns 0
 * or -ENOMEM.
 */
int facts_of_device(
	struct facts *facts, const struct device *device, const char *name, const char *sysfs);

/*
 * Gather the facts about a mounted file system. Opens only the mount point. Returns 0 or -ENOMEM.
 */
struct mount;
int facts_of_mount(struct facts *facts, const struct mount *mount, const char *sysfs);

/*
 * Gather the facts that come from sysfs. Memory is allocated from `keep`, which notes if memory
 * runs out.
 */
void facts_read_sysfs(struct facts *facts, struct keep *keep);

void facts_fini(struct facts *facts);

#endif
