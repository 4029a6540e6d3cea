/* SPDX-License-Identifier: BSD-3-Clause */
/* ndbus.h - commands to the bus of a region (nvdimm bus), by ioctl(2): clearing bad blocks */
#ifndef DEVICE_NDBUS_H
#define DEVICE_NDBUS_H

#include <stdint.h>

/* A function like ioctl(2) on the control device of a bus; tests use a function of their own. */
typedef int ndbus_command(int fd, unsigned long request, void *argument);

/*
 * Open the control device of the bus that a region is on: ndctlN for bus ndbusN, in the folder
 * `dev`, which is usually /dev. Returns a descriptor, or -errno with a message.
 */
int ndbus_open(const char *sysfs, int region, const char *dev);

/*
 * Clear the errors in the physical addresses [address, address + length), which become zeros.
 * Returns 0 if the whole range is clear.
 *
 * PMEM2_E_NOSUPP	the bus cannot clear errors
 * -EINVAL		not a multiple of the unit that the bus can clear
 * -ENXIO		only a part was cleared
 * -EIO			the firmware refused
 * another -errno of ioctl(2)
 */
int ndbus_clear(ndbus_command *command, int fd, uint64_t address, uint64_t length);

/* Calls ioctl(2); for use as the ndbus_command. */
int ndbus_ioctl(int fd, unsigned long request, void *argument);

#endif
