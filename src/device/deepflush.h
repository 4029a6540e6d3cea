/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deepflush.h - push stores out of the buffers of the memory controller to the media
 *
 * Stores that the CPU has flushed are in the persistence domain: if the power fails, the energy of
 * capacitors moves them to the media. After a deep flush, the stores no longer rely on the
 * capacitors. A region that offers deep flushes has the attribute deep_flush, which reads 1 if it
 * has buffers to flush and 0 if not.
 */
#ifndef DEVICE_DEEPFLUSH_H
#define DEVICE_DEEPFLUSH_H

#include "device/device.h"

/*
 * The effect of a deep flush on a region. Several regions together have that one of their states
 * which comes last in this list.
 */
enum deepflush_state {
	DEEPFLUSH_ABSENT,     /* the region offers no deep flush */
	DEEPFLUSH_NOT_NEEDED, /* the region says that it has nothing to flush */
	DEEPFLUSH_AVAILABLE,
	DEEPFLUSH_UNREADABLE, /* the attribute cannot be read; a deep flush will fail */
};

struct deepflush {
	enum deepflush_state state;
	int error; /* if the state is UNREADABLE: -errno */
};

/*
 * Deep-flush every region under the device. The caller must have flushed and fenced before.
 * Returns 0 even if the regions offer no deep flush. If the flush of a region fails, all other
 * regions are still flushed; the first failure is returned, with a message.
 *
 * PMEM2_E_DAX_REGION_NOT_FOUND	the device is not wholly in regions of persistent memory
 * -EACCES, -EPERM, -EROFS	the attribute may not be read, or written, by this process
 * -EIO				the kernel reported a failure, or an incomplete write
 * -EBADMSG			the attribute is neither 0 nor 1
 */
int device_deep_flush(const struct device *device, const char *sysfs);

/*
 * Returns the effect that a deep flush of the device would have, without doing one. The state is
 * ABSENT if the device is in no region.
 */
struct deepflush device_deep_flush_state(const struct device *device, const char *sysfs);

/*
 * Returns the effect that a deep flush of one region would have. `region` is the region's
 * directory (walk.h).
 */
struct deepflush deepflush_state(int region);

#endif
