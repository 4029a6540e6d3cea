/* SPDX-License-Identifier: BSD-3-Clause */
/* internal.h - struct pool, for the files that make and check pools */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include "map/reservation.h"
#include "pool/layout.h"
#include "pool/part.h"
#include "pool/pool.h"

struct pool {
	char *name; /* of the pool set */
	const char *sysfs;
	struct layout layout; /* owns the paths of the parts */
	struct part *parts;
	size_t count; /* number of open parts */
	bool single_header;
	bool only_looks;        /* opened by pool_look(), so it must not be changed */
	struct header *headers; /* headers of the parts that have one, as on the medium */
	size_t header_count;    /* number of parts with a header: all, only the first, or 0 */
	struct reservation place;
	bool has_place;
	size_t size;
	enum pmem2_granularity granularity;
};

#endif
