/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guest.h - shared by the programs that jobs of the lab run in a guest: maps and stores, through
 * both libraries
 */
#ifndef LAB_GUEST_H
#define LAB_GUEST_H

#include <errno.h>
#include <fcntl.h>
#include <libpmem.h>
#include <libpmem2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define GUEST __attribute__((unused)) static inline

/* Returns the granularity that `name` means, or -1 if `name` says that maps are refused. */
GUEST int granularity_named(const char *name)
{
	static const struct {
		const char *name;
		int granularity;
	} known[] = {
		{"byte", PMEM2_GRANULARITY_BYTE},
		{"cache-line", PMEM2_GRANULARITY_CACHE_LINE},
		{"page", PMEM2_GRANULARITY_PAGE},
		{"refused", -1},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(name, known[i].name))
			return known[i].granularity;
	bail("%s is not a granularity", name);
}

GUEST struct pmem2_source *source_of(int fd)
{
	struct pmem2_source *src;

	if (pmem2_source_from_fd(&src, fd))
		bail("cannot make a source: %s", pmem2_errormsg());
	return src;
}

/* Makes a config that requires this granularity, or a finer one, and maps all of the source. */
GUEST struct pmem2_config *config_of(enum pmem2_granularity granularity)
{
	struct pmem2_config *cfg;

	if (pmem2_config_new(&cfg) || pmem2_config_set_required_store_granularity(cfg, granularity))
		bail("cannot make a config: %s", pmem2_errormsg());
	return cfg;
}

/* Maps a whole file, with any granularity. */
GUEST struct pmem2_map *map_of(int fd)
{
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_PAGE);
	struct pmem2_map *map;

	if (pmem2_map_new(&map, cfg, src))
		bail("cannot map: %s", pmem2_errormsg());
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
	return map;
}

/* Returns whether the kernel accepts MAP_SYNC for a map of the first `length` bytes of the file. */
GUEST bool kernel_syncs(int fd, size_t length)
{
	void *at =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0);

	if (at == MAP_FAILED)
		return false;
	munmap(at, length);
	return true;
}

/* Fills `to` with a pattern whose period is not a power of two. */
GUEST void fill(unsigned char *to, size_t length, unsigned seed)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (unsigned char)((i * 7 + seed) % 251);
}

#endif
