/* SPDX-License-Identifier: BSD-3-Clause */
/* ndbus.h - commands to the bus that regions hang on; the one thing that sysfs cannot do */
#ifndef DEVICE_NDBUS_H
#define DEVICE_NDBUS_H

#include <stdint.h>

/* ioctl(2) on the bus's control device, or what a test has in its place. */
typedef int ndbus_command(int fd, unsigned long request, void *argument);

/*
 * Open the control device of the bus above a region's directory: /dev/ndctlN of ndbusN, in `dev`
 * instead of /dev. A descriptor, or -errno with a sentence.
 */
int ndbus_open(const char *sysfs, int region, const char *dev);

/*
 * Clear the errors in [address, address + length), physical, which become zeros. 0 when all of it
 * is clear.
 *
 * PMEM2_E_NOSUPP	the bus cannot
 * -EINVAL		not a multiple of the unit that it can clear
 * -ENXIO		only a part was cleared
 * -EIO			the firmware refused
 * another -errno of ioctl(2)
 */
int ndbus_clear(ndbus_command *command, int fd, uint64_t address, uint64_t length);

/* ioctl(2) itself. */
int ndbus_ioctl(int fd, unsigned long request, void *argument);

#endif
