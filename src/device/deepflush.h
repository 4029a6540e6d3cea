/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deepflush.h - push stores on to the media, out of the buffers of the memory controller
 *
 * What the CPU flushes is in the persistence domain: capacitors see it to the media when the power
 * fails. A deep flush does not rely on them. A region that offers it has the attribute deep_flush,
 * which reads 1 where there is something to flush and 0 where there is not.
 */
#ifndef DEVICE_DEEPFLUSH_H
#define DEVICE_DEEPFLUSH_H

#include "device/device.h"

/* Ordered: of several regions, the last of these is what can be said of all. */
enum deepflush_state {
	DEEPFLUSH_ABSENT,     /* the region does not offer any: nothing deeper exists */
	DEEPFLUSH_NOT_NEEDED, /* it says that there is nothing to flush */
	DEEPFLUSH_AVAILABLE,
	DEEPFLUSH_UNREADABLE, /* it cannot be told; a deep flush will fail */
};

struct deepflush {
	enum deepflush_state state;
	int error; /* UNREADABLE: -errno */
};

/*
 * Deep-flush every region under the device. The caller has flushed and fenced. 0 also where
 * nothing deeper exists. A region that fails does not keep the others from being flushed; the
 * first failure is returned, with a sentence.
 *
 * PMEM2_E_DAX_REGION_NOT_FOUND	not all of it is persistent memory that the kernel knows
 * -EACCES, -EPERM, -EROFS	the attribute may not be read, or written, by this process
 * -EIO				the kernel failed, or took only a part
 * -EBADMSG			the attribute is neither 0 nor 1
 */
int device_deep_flush(const struct device *device, const char *sysfs);

/* The effect that it would have, without having it. ABSENT where no region is. */
struct deepflush device_deep_flush_state(const struct device *device, const char *sysfs);

/* The same of one region; a directory that a walk visits. */
struct deepflush deepflush_state(int region);

#endif
