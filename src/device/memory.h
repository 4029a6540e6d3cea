/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory.h - the kind of memory under a device, which may lie on several regions of persistent
 * memory or on none
 */
#ifndef DEVICE_MEMORY_H
#define DEVICE_MEMORY_H

#include "device/device.h"
#include "device/provider.h"

/*
 * Returns the kind of memory under the device; MEMORY_MIXED if it lies on regions of several
 * kinds.
 */
enum memory memory_under(const struct device *device, const char *sysfs);

#endif
