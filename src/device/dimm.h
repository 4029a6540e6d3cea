/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dimm.h - the memory modules that a region of persistent memory is made of
 *
 * A region's attributes mapping0, mapping1 and so on name its modules (nmem0, nmem1 and so on),
 * whose folders are next to the region's. Regions of memmap= and virtio-pmem have no modules.
 * Attributes of a module are in a folder named after the firmware interface that provides them:
 * nfit, papr or cxl.
 *
 * All functions distinguish a value that does not exist (-ENOENT), a value that cannot be read
 * (another -errno), and a value that is zero.
 */
#ifndef DEVICE_DIMM_H
#define DEVICE_DIMM_H

#include <stdbool.h>
#include <stdint.h>

#include "device/device.h"

/*
 * A function that is called for each module, with the module's name and directory. It must not
 * close the directory.
 */
typedef int dimm_visit(int dimm, const char *name, void *context);

/*
 * Visit the modules of one region, whose directory (walk.h) is `region`. If a call of `visit`
 * returns a value other than 0, the visit ends and returns this value. Returns -EBADMSG if the
 * region names a module that does not exist, or another -errno, with a message.
 *
 * The modules are visited in the order of libndctl, the reverse of readdir(3) on the bus. The
 * order matters because existing pools that were made with other libraries contain a hash of the
 * modules' ids in this order.
 */
int dimm_each(int region, dimm_visit *visit, void *context);

/*
 * Get the id of one module, as text. Returns -ENOENT if the module has no id, another -errno if
 * the id cannot be read. Sets no error message.
 */
#define DIMM_ID 64
int dimm_id(int dimm, char id[DIMM_ID]);

/*
 * Get how often a module lost data in a power cut. Returns 0; -ENOENT if the module does not count
 * this; -EBADMSG or another -errno if the count cannot be read. Sets no error message.
 */
int dimm_unsafe_shutdowns(int dimm, uint64_t *count);

/*
 * Flags of a module's state, as the words that the firmware uses. Free them with
 * dimm_flags_fini().
 */
struct dimm_flags {
	char *all;        /* all words, separated by spaces: "not_armed smart_notify"; or "" */
	char *faults;     /* the words in `all` that report a fault */
	unsigned count;   /* number of words in `faults` */
	bool has_unknown; /* `all` contains a word that the library does not know */
};

/*
 * Read the flags of a module's state. Returns -ENOENT if the firmware provides no flags, another
 * -errno if they cannot be read. Sets no error message.
 */
int dimm_flags(int dimm, struct dimm_flags *flags);
void dimm_flags_fini(struct dimm_flags *flags);

/*
 * Get the ids of all modules under the device, concatenated. On entry *size is the size of `ids`
 * in bytes. If `ids` is NULL, *size becomes the size that is needed, including the terminating
 * NUL.
 *
 * PMEM2_E_NOSUPP		the kernel knows no modules, or a module has no id
 * PMEM2_E_BUFFER_TOO_SMALL
 * -errno			an id cannot be read
 */
int device_dimm_ids(const struct device *device, const char *sysfs, char *ids, size_t *size);

/*
 * Get the number of unsafe shutdowns, summed over all modules under the device. Returns
 * PMEM2_E_NOSUPP if the kernel knows no modules, or if a module does not count shutdowns; -errno
 * if a count cannot be read, -EBADMSG if a count is not a number.
 */
int device_unsafe_shutdowns(const struct device *device, const char *sysfs, uint64_t *count);

#endif
