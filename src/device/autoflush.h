/* SPDX-License-Identifier: BSD-3-Clause */
/* autoflush.h - do the CPU's caches survive a power cut, for all memory of this machine (eADR)? */
#ifndef DEVICE_AUTOFLUSH_H
#define DEVICE_AUTOFLUSH_H

/*
 * Returns 1 if every region of persistent memory says that the caches survive, 0 if a region does
 * not or no region exists. -errno, with a message, if this cannot be read: -EIO for an empty
 * attribute, -EBADMSG for an attribute without a newline at its end.
 */
int device_auto_flush(const char *sysfs);

#endif
