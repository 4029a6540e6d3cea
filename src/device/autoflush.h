/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * autoflush.h - find out if the CPU's caches survive a power cut, for all memory of this machine
 * (eADR)
 */
#ifndef DEVICE_AUTOFLUSH_H
#define DEVICE_AUTOFLUSH_H

/*
 * Returns 1 if every region of persistent memory reports that the CPU's caches survive a power
 * cut, 0 if a region does not or if there is no region. If an attribute cannot be read, returns
 * -errno and sets the error message: -EIO if it is empty, -EBADMSG if it does not end in a
 * newline.
 */
int device_auto_flush(const char *sysfs);

#endif
