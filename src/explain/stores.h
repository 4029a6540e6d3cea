/* SPDX-License-Identifier: BSD-3-Clause */
/* stores.h - judge how mount options and the states of a file system affect stores */
#ifndef EXPLAIN_STORES_H
#define EXPLAIN_STORES_H

#include <stdbool.h>

#include "device/filesystem.h"

struct facts;

/*
 * Returns the mount option that keeps the file system from flushing caches; NULL if no option
 * does.
 */
const char *stores_not_flushed(const struct filesystem *filesystem);

/*
 * Returns true for an overlay with the mount option volatile: after a power cut it cannot be
 * mounted again.
 */
bool stores_is_volatile(const struct filesystem *filesystem);

/*
 * Returns the reason why nothing can be stored, without a full stop; NULL if stores are possible.
 */
const char *stores_obstacle(const struct facts *facts);

#endif
