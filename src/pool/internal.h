/* SPDX-License-Identifier: BSD-3-Clause */
/* internal.h - what a pool consists of, for the files that make and check it */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include "map/reservation.h"
#include "pool/layout.h"
#include "pool/part.h"
#include "pool/pool.h"

struct pool {
	char *name; /* of the set */
	const char *sysfs;
	struct layout layout; /* owns the paths of the parts */
	struct part *parts;
	size_t count; /* of them that are open */
	bool single_header;
	bool only_looks;        /* pool_look() */
	struct header *headers; /* as they are on the medium */
	size_t header_count;    /* the first so many parts have one: all, 1 or 0 */
	struct reservation place;
	bool has_place;
	size_t size;
	enum pmem2_granularity granularity;
};

#endif
