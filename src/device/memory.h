/* SPDX-License-Identifier: BSD-3-Clause */
/* memory.h - the kind of memory under a device, which may be built on several regions or none */
#ifndef DEVICE_MEMORY_H
#define DEVICE_MEMORY_H

#include "device/device.h"
#include "device/provider.h"

/* The kind of memory under the device; for a stack of disks, under all of them. */
enum memory memory_under(const struct device *device, const char *sysfs);

#endif
