/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counters.h - failures of file systems and disk arrays that the kernel counts
 *
 * ext4 and btrfs have counters in sysfs, and md lists its members there. XFS has no counters: only
 * stat(2) shows that it has shut down. A file system that the kernel has made read-only after an
 * error is still mounted "rw". doc/health.md lists the experiments.
 */
#ifndef DEVICE_COUNTERS_H
#define DEVICE_COUNTERS_H

#include <stdint.h>

/* In the order of enum holdfast_counting in libpmem2/health.h. */
enum counters_counting {
	COUNTERS_LASTING,
	COUNTERS_SINCE_MOUNT,
	COUNTERS_STATE,
};

/* One counter. Its strings are valid during the visit only. */
struct counters_one {
	const char *kind, *name, *counter, *meaning;
	enum counters_counting counting;
	int error; /* 0, or why the counter is unreadable: -errno, -EBADMSG: malformed */
	uint64_t value;
};

/* A visitor returns 0 to go on, or a positive number to stop. */
typedef int counters_visit(const struct counters_one *one, void *context);

/*
 * Visit the counters below a sysfs root, or those of the mounts in a file such as MOUNTS_FILE,
 * until `visit` returns a positive number, which is then returned; else 0. Counters that this
 * kernel lacks are skipped. -errno if the mounts cannot be read; sets no message.
 */
int counters_of_sysfs(const char *sysfs, counters_visit *visit, void *context);
int counters_of_mounts(const char *mountinfo, counters_visit *visit, void *context);

#endif
