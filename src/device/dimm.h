/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dimm.h - the modules that a region is made of
 *
 * A region's attributes mapping0, mapping1 and so on name its modules (nmem0, nmem1 and so on),
 * which are beside it on the bus. Not every region has any: memmap= and virtio-pmem have none.
 * What a module tells of itself is in a folder named after who speaks for it: nfit, papr or cxl.
 *
 * For every question here "nobody says", "may not be read" and "zero" are three different answers.
 */
#ifndef DEVICE_DIMM_H
#define DEVICE_DIMM_H

#include <stdbool.h>
#include <stdint.h>

#include "device/device.h"

/* Called with a module's directory, which stays the walk's, and its name. */
typedef int dimm_visit(int dimm, const char *name, void *context);

/*
 * Visit the modules of one region, a directory that a walk visits, until `visit` returns something
 * else than 0. Returns that; -EBADMSG if the region names a module that is not there, or -errno,
 * with a sentence.
 *
 * The order is that of libndctl, the reverse of readdir(3) on the bus: identifiers of pools made
 * by programs before us are hashes of the modules' ids in that order.
 */
int dimm_each(int region, dimm_visit *visit, void *context);

/*
 * One module's id, as text. -ENOENT if it has none; other -errno if it cannot be read. No
 * sentence.
 */
#define DIMM_ID 64
int dimm_id(int dimm, char id[DIMM_ID]);

/* How often the module lost data in a power cut. -ENOENT, -errno, -EBADMSG. No sentence. */
int dimm_unsafe_shutdowns(int dimm, uint64_t *count);

/* Words of the firmware on its state, apart by spaces. Free them with dimm_flags_fini(). */
struct dimm_flags {
	char *all;        /* "not_armed smart_notify"; "" */
	char *faults;     /* those that mean trouble */
	unsigned count;   /* of these */
	bool has_unknown; /* one whose meaning we do not know is among all of them */
};

/* -ENOENT if the firmware has no such words; other -errno if they cannot be read. No sentence. */
int dimm_flags(int dimm, struct dimm_flags *flags);
void dimm_flags_fini(struct dimm_flags *flags);

/*
 * The ids of all modules under the device, one behind the other. *size is the size of `ids`, in
 * bytes; with `ids` NULL it becomes the size that is needed, which includes the NUL.
 *
 * PMEM2_E_NOSUPP		no modules that the kernel knows, or one without an id
 * PMEM2_E_BUFFER_TOO_SMALL
 * -errno			cannot be read
 */
int device_dimm_ids(const struct device *device, const char *sysfs, char *ids, size_t *size);

/*
 * The sum over all modules under the device. PMEM2_E_NOSUPP without modules, or if one does not
 * count; -errno if a count cannot be read; -EBADMSG if it is not a number.
 */
int device_unsafe_shutdowns(const struct device *device, const char *sysfs, uint64_t *count);

#endif
