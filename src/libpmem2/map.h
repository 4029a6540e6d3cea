/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIBPMEM2_MAP_H
#define LIBPMEM2_MAP_H

#include "map/map.h"

struct pmem2_map {
	struct map map;
};

#endif
