/* SPDX-License-Identifier: BSD-3-Clause */
/* stores.h - what mount options and states do to stores; from facts alone */
#ifndef EXPLAIN_STORES_H
#define EXPLAIN_STORES_H

#include <stdbool.h>

#include "device/filesystem.h"

struct facts;

/* The option that keeps the file system from having caches flushed; or NULL. */
const char *stores_not_flushed(const struct filesystem *filesystem);

/* An overlay that is not mounted again after a power cut. */
bool stores_is_volatile(const struct filesystem *filesystem);

/* Why nothing can be stored, a sentence without a full stop; NULL if it can. */
const char *stores_obstacle(const struct facts *facts);

#endif
