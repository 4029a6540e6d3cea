/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * medium.h - whether a block device keeps what has been flushed to it through a power cut
 *
 * That has to be shown: by a driver and a transport that stand for non-volatile storage, and
 * flushes that are sent to it. Whatever is not shown so is "unknown". All text is of static storage
 * duration.
 */
#ifndef DEVICE_MEDIUM_H
#define DEVICE_MEDIUM_H

#include "device/sysfs.h"
#include "libpmem2/explain.h"

struct medium {
	enum holdfast_survival survival;
	const char *kind;     /* completes "disk vda, ": "a virtio disk" */
	const char *evidence; /* a sentence without a full stop */
	const char *keeper;   /* of a disk that survives: who has to keep what it acknowledged */
};

/* The lowest disk of a stack, but no loop device; a directory that a walk visits, and its name. */
struct medium medium_of_disk(const char *sysfs, int disk, const char *name);

/* A device on others, such as device-mapper: whether it passes everything on. */
struct medium medium_of_stack(int device, const char *name);

/* Persistent memory; a directory that a walk visits. */
struct medium medium_of_region(const char *sysfs, int region);

/* Whether nothing can be stored to a block device: its attribute "ro". */
bool medium_is_read_only(const char *sysfs, dev_t number);

#endif
