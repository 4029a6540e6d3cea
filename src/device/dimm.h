/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dimm.h - the memory modules that a region of persistent memory is made of
 *
 * A region's attributes mapping0, mapping1 and so on name its modules (nmem0, nmem1 and so on),
 * whose folders are next to the region's. Regions of memmap= and virtio-pmem have no modules.
 * Attributes of a module are in a folder named after the firmware interface that provides them:
 * nfit, papr or cxl.
 *
 * All functions distinguish three answers: the value does not exist (-ENOENT), it cannot be read
 * (other -errno), and zero.
 */
#ifndef DEVICE_DIMM_H
#define DEVICE_DIMM_H

#include <stdbool.h>
#include <stdint.h>

#include "device/device.h"

/* A visitor, called with a module's directory, which it must not close, and its name. */
typedef int dimm_visit(int dimm, const char *name, void *context);

/*
 * Visit the modules of one region, given by its directory (walk.h), until `visit` returns a value
 * other than 0, which is then returned. -EBADMSG if the region names a module that does not exist,
 * or -errno, with a message.
 *
 * The order is that of libndctl, the reverse of readdir(3) on the bus: identifiers of existing
 * pools, made with other libraries, are hashes of the modules' ids in this order.
 */
int dimm_each(int region, dimm_visit *visit, void *context);

/*
 * Get the id of one module, as text. -ENOENT if the module has no id; other -errno if it cannot be
 * read. Sets no message.
 */
#define DIMM_ID 64
int dimm_id(int dimm, char id[DIMM_ID]);

/* Get how often the module lost data in a power cut. -ENOENT, -errno, -EBADMSG; no message. */
int dimm_unsafe_shutdowns(int dimm, uint64_t *count);

/* Flags of a module's state, as words of the firmware. Free them with dimm_flags_fini(). */
struct dimm_flags {
	char *all;        /* all words, separated by spaces: "not_armed smart_notify"; or "" */
	char *faults;     /* the words that mean trouble */
	unsigned count;   /* number of words in `faults` */
	bool has_unknown; /* `all` contains a word that the library does not know */
};

/* Read them. -ENOENT if the firmware has no flags; other -errno: unreadable. Sets no message. */
int dimm_flags(int dimm, struct dimm_flags *flags);
void dimm_flags_fini(struct dimm_flags *flags);

/*
 * Get the ids of all modules under the device, concatenated. *size is the size of `ids`, in bytes;
 * with `ids` NULL it becomes the size that is needed, which includes the NUL.
 *
 * PMEM2_E_NOSUPP		the kernel knows no modules, or a module has no id
 * PMEM2_E_BUFFER_TOO_SMALL
 * -errno			an id cannot be read
 */
int device_dimm_ids(const struct device *device, const char *sysfs, char *ids, size_t *size);

/*
 * Get the number of unsafe shutdowns, summed over all modules under the device. PMEM2_E_NOSUPP
 * without modules, or if a module does not count; -errno if a count cannot be read; -EBADMSG if it
 * is not a number.
 */
int device_unsafe_shutdowns(const struct device *device, const char *sysfs, uint64_t *count);

#endif
