/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map_sync.h - whether MAP_SYNC is accepted, and what stands in the way
 *
 * What was tried counts. Where nothing could be, it is inferred; and the reason why it is refused,
 * which the kernel does not tell, always is.
 */
#ifndef EXPLAIN_MAP_SYNC_H
#define EXPLAIN_MAP_SYNC_H

#include <stdbool.h>

#include "explain/facts.h"

struct map_sync {
	enum holdfast_map_sync map_sync;
	enum holdfast_obstacle obstacle;
	bool accepted; /* or would be */
};

struct map_sync map_sync_judge(const struct facts *facts);

#endif
