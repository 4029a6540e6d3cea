/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h - failures of file systems and arrays of disks that the kernel counts
 *
 * ext4 and btrfs count in sysfs, md lists its members there. XFS counts nothing: that it has shut
 * down shows in stat(2) alone. A file system that the kernel has made read-only after an error is
 * still mounted to be written. doc/health.md says what was tried.
 */
#ifndef DEVICE_COUNTERS_H
#define DEVICE_COUNTERS_H

#include <stdint.h>

/* In this order in libpmem2/health.h, too. */
enum counters_counting {
	COUNTERS_LASTING,
	COUNTERS_SINCE_MOUNT,
	COUNTERS_STATE,
};

/* Strings are its visitor's for as long as the visit lasts. */
struct counters_one {
	const char *kind, *name, *counter, *meaning;
	enum counters_counting counting;
	int error; /* 0, or why it cannot be read: -errno, or -EBADMSG if it is malformed */
	uint64_t value;
};

/* Returns 0 to go on, a positive number to stop. */
typedef int counters_visit(const struct counters_one *one, void *context);

/*
 * Visit those that a sysfs root has, and then those of the mounts in a file such as MOUNTS_FILE,
 * until `visit` stops, whose number is returned. Kinds that the kernel does not
 * have are passed over. -errno if the mounts cannot be read; no sentence.
 */
int counters_of_sysfs(const char *sysfs, counters_visit *visit, void *context);
int counters_of_mounts(const char *mountinfo, counters_visit *visit, void *context);

#endif
