/* SPDX-License-Identifier: BSD-3-Clause */
/* mapping.h - map the parts of a pool side by side in address space */
#ifndef POOL_MAPPING_H
#define POOL_MAPPING_H

#include "pool/internal.h"

/*
 * Plan the offset of each part and the pool's end. -EINVAL if alignments of DAX devices prevent
 * it.
 */
int mapping_plan(struct pool *pool);

/* Map all parts. After a failure the caller cleans up by part_close() and mapping_release(). */
int mapping_open(struct pool *pool);

/* Give up the reserved addresses, after all parts are unmapped. */
int mapping_release(struct pool *pool);

#endif
