/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.h - a piece of address space with something mapped into it
 *
 * map_open() finds address space, maps, decides the granularity and registers the map; map_adopt()
 * only registers what the program has mapped itself; map_close() undoes all of it. The caller owns
 * the struct and may embed it.
 */
#ifndef MAP_MAP_H
#define MAP_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "device/device.h"
#include "libpmem2/base.h"
#include "libpmem2/explain.h"
#include "map/file_id.h"

struct reservation;

struct map {
	char *addr;    /* a multiple of the page size, unless is_foreign */
	size_t length; /* requested bytes; the last page may be mapped beyond them */
	enum pmem2_granularity granularity;
	enum holdfast_reason reason; /* reason for the granularity; 0 is HOLDFAST_REASON_PROGRAM */
	bool sync;                   /* mapped with MAP_SYNC */
	bool is_foreign;             /* the program has mapped the memory, and will unmap it */
	bool has_device;             /* false if memory without a file is mapped */
	struct device device;        /* the mapped file, if has_device; its fd may be closed */
	const char *sysfs;           /* root of sysfs to look up the device; static storage */
	struct file_id file;         /* the identity of the mapped file, for write-backs */
	/*
	 * failures recorded up to this epoch are older than the map, and so than all stores to it
	 * (file_sync.h)
	 */
	uint64_t born;
	struct reservation *reservation; /* the reservation that the map lies in, or NULL */
	bool findable; /* reservation_find() may return this map; guarded by reservations' lock */
	unsigned pins; /* write-backs of the map in progress; guarded by registry's lock */
};

/*
 * A request for a map. If `device` is NULL, memory without a file is mapped, and fd and offset are
 * ignored.
 */
struct map_request {
	const struct device *device;
	int fd;
	const char *name; /* name of the file, for messages; NULL: descriptor's number */
	off_t offset;
	size_t length;
	size_t alignment; /* alignment of source and address; a power of two */
	int protection;   /* PROT_* */
	bool is_private;
	enum pmem2_granularity required; /* the coarsest granularity that the program accepts */
	struct reservation *reservation; /* reservation to map into, or NULL */
	size_t reservation_offset;
	const char *sysfs; /* root of sysfs; static storage: the map keeps it */
};

/* Call before any other function: registers handlers for fork. Returns 0 or -ENOMEM. */
int map_init(void);

/*
 * Make a map. Returns 0, or a code of pmem2_map_new() with its error message: after a failure
 * nothing is mapped. The struct must not be moved before map_close().
 */
int map_open(struct map *map, const struct map_request *request);

/*
 * Register memory that the program has mapped: [addr, addr + length), of any alignment. `device`
 * as in struct map_request. -EINVAL, PMEM2_E_GRANULARITY_NOT_SUPPORTED, PMEM2_E_MAP_EXISTS or
 * -ENOMEM, with an error message.
 */
int map_adopt(struct map *map, const struct device *device, void *addr, size_t length,
	enum pmem2_granularity granularity);

/*
 * Close the map: write back the ranges of it that any thread has flushed but not drained, and unmap
 * it unless the program has mapped it. Its place in a reservation is free again. On failure the map
 * is as it was.
 */
int map_close(struct map *map);

#endif
