/* SPDX-License-Identifier: BSD-3-Clause */
/* stores.h - judge from facts how mount options and states affect stores */
#ifndef EXPLAIN_STORES_H
#define EXPLAIN_STORES_H

#include <stdbool.h>

#include "device/filesystem.h"

struct facts;

/* The mount option because of which the file system does not flush caches; or NULL. */
const char *stores_not_flushed(const struct filesystem *filesystem);

/* True for an overlay mounted as volatile: it cannot be mounted again after a power cut. */
bool stores_is_volatile(const struct filesystem *filesystem);

/* Why nothing can be stored, without a full stop; NULL if stores are possible. */
const char *stores_obstacle(const struct facts *facts);

#endif
