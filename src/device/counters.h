/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h - read the counters of failures that the kernel keeps for file systems and disk
 * arrays
 *
 * ext4 and btrfs have counters in sysfs. For md, sysfs lists the members of each array. XFS has no
 * counters: only stat(2) shows that an XFS has shut down. A file system that the kernel has made
 * read-only after an error is still mounted "rw". doc/health.md lists the experiments that show
 * this.
 */
#ifndef DEVICE_COUNTERS_H
#define DEVICE_COUNTERS_H

#include <stdint.h>

/* How a counter counts; the order is that of enum holdfast_counting in libpmem2/health.h. */
enum counters_counting {
	COUNTERS_LASTING,
	COUNTERS_SINCE_MOUNT,
	COUNTERS_STATE,
};

/* One counter. Its strings are only valid while the counter is visited. */
struct counters_one {
	const char *kind, *name, *counter, *meaning;
	enum counters_counting counting;
	int error; /* 0 if `value` was read; else -errno (-EBADMSG if it is malformed) */
	uint64_t value;
};

/*
 * A function that is called for each counter. It returns 0 to continue, or a positive number to
 * stop.
 */
typedef int counters_visit(const struct counters_one *one, void *context);

/*
 * Visit all counters below a sysfs root (counters_of_sysfs), or of all mounts in a file such as
 * MOUNTS_FILE (counters_of_mounts). Returns 0, or the positive number with which `visit` has
 * stopped. Counters that this kernel lacks are skipped. Returns -errno if the mounts cannot be
 * read. Sets no error message.
 */
int counters_of_sysfs(const char *sysfs, counters_visit *visit, void *context);
int counters_of_mounts(const char *mountinfo, counters_visit *visit, void *context);

#endif
