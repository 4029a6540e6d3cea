/* SPDX-License-Identifier: BSD-3-Clause */
/* autoflush.h - whether the CPU's caches survive a power cut, on all of this machine (eADR) */
#ifndef DEVICE_AUTOFLUSH_H
#define DEVICE_AUTOFLUSH_H

/*
 * 1 if every region of persistent memory says so, 0 if one does not or no region exists. -errno,
 * with a sentence, if that cannot be read: -EIO for an attribute that is empty, -EBADMSG for one
 * that does not end with its line.
 */
int device_auto_flush(const char *sysfs);

#endif
