/* SPDX-License-Identifier: BSD-3-Clause */
/* mapping.h - the parts of a pool side by side in address space */
#ifndef POOL_MAPPING_H
#define POOL_MAPPING_H

#include "pool/internal.h"

/* Plans where each part begins and the pool ends. -EINVAL for DAX devices that cannot lie there. */
int mapping_plan(struct pool *pool);

/* Map all; on failure what was mapped is for part_close() and mapping_release(). */
int mapping_open(struct pool *pool);

/* Give the place up, after all parts have left it. */
int mapping_release(struct pool *pool);

#endif
