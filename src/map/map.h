/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * map.h - a piece of address space with something mapped into it
 *
 * map_open() finds a place, maps, decides the granularity and registers; map_adopt() only
 * registers what the program has mapped itself; map_close() undoes all of it. The caller owns the
 * struct and may embed it.
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
	char *addr;    /* a multiple of the page size, unless the memory is foreign */
	size_t length; /* bytes that were asked for; the last page may be mapped beyond them */
	enum pmem2_granularity granularity;
	enum holdfast_reason reason; /* why that one; 0 is HOLDFAST_REASON_PROGRAM */
	bool sync;                   /* mapped with MAP_SYNC */
	bool is_foreign;             /* the program has mapped the memory and will unmap it */
	bool has_device;             /* else it is memory without a file */
	struct device device; /* what is mapped, with has_device; its descriptor may be closed */
	const char *sysfs;    /* the root to ask about it, of static storage duration */
	struct file_id file;  /* what is mapped, as write-backs know it */
	uint64_t born;        /* the epoch before which nothing was stored (file_sync.h) */
	struct reservation *reservation; /* that it lies in; or NULL */
	bool findable; /* in its reservation: complete; owned by the reservation and its lock */
	unsigned pins; /* write-backs in progress on it; owned by the registry and its lock */
};

/* The map to make. `device` NULL is memory without a file; fd and offset do not matter then. */
struct map_request {
	const struct device *device;
	int fd;
	const char *name; /* of the file, for messages; NULL: the descriptor's number */
	off_t offset;
	size_t length;
	size_t alignment; /* of the source, a power of two; the address will be a multiple of it */
	int protection;   /* PROT_* */
	bool is_private;
	enum pmem2_granularity required; /* no coarser one will do */
	struct reservation *reservation; /* to map into, at reservation_offset; NULL: anywhere */
	size_t reservation_offset;
	const char *sysfs; /* of static storage duration: the map keeps it */
};

/* Before any other call: arrange for fork. Returns 0 or -ENOMEM. */
int map_init(void);

/*
 * 0, or a code of pmem2_map_new() with its sentence, and then nothing is left behind. The struct
 * must stay where it is until map_close().
 */
int map_open(struct map *map, const struct map_request *request);

/*
 * Take on [addr, addr + length), of any alignment, which the program has mapped; `device` as
 * above. -EINVAL, PMEM2_E_GRANULARITY_NOT_SUPPORTED, PMEM2_E_MAP_EXISTS or -ENOMEM, with a
 * sentence.
 */
int map_adopt(struct map *map, const struct device *device, void *addr, size_t length,
	enum pmem2_granularity granularity);

/*
 * Write back what was noted on it by any thread, and unmap unless the memory is foreign; its place
 * in a reservation is free again. On failure it is as it was.
 */
int map_close(struct map *map);

#endif
