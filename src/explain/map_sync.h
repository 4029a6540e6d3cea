/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map_sync.h - does the kernel accept MAP_SYNC, and if not, why?
 *
 * If a trial mapping was possible, its result is the answer; otherwise the answer is inferred. The
 * reason of a refusal is always inferred, because the kernel does not tell it.
 */
#ifndef EXPLAIN_MAP_SYNC_H
#define EXPLAIN_MAP_SYNC_H

#include <stdbool.h>

#include "explain/facts.h"

struct map_sync {
	enum holdfast_map_sync map_sync;
	enum holdfast_obstacle obstacle;
	bool accepted; /* MAP_SYNC is, or would be, accepted */
};

struct map_sync map_sync_judge(const struct facts *facts);

#endif
