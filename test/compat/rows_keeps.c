/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rows_keeps.c - checks of rows of doc/compatibility.md in which Holdfast follows Debian's
 * libraries, not their man pages
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rowcheck.h"

#define SIZE 65536

/*
 * Returns true if a call returned the code `want`; otherwise prints the code that it returned, and
 * returns false.
 */
static bool is(int rc, int want)
{
	return rc == want || wrong("the call returns %s", api_error_name(rc));
}

static bool overlap(void)
{
	char *addr = memory_of(SIZE);
	void *src = anon_of(SIZE), *map, *other;

	if (pmem2.map_from_existing(&map, src, addr, SIZE, CACHE_LINE))
		cannot("cannot make a map");
	return is(pmem2.map_from_existing(&other, src, addr + 100, 100, CACHE_LINE), E_MAP_EXISTS);
}

static bool beyond_reservation(void)
{
	void *cfg = new_config(), *rsv, *map;

	if (pmem2.vm_reservation_new(&rsv, NULL, SIZE) ||
		pmem2.config_set_vm_reservation(cfg, rsv, SIZE / 2))
		cannot("cannot make a reservation");
	return is(pmem2.map_new(&map, cfg, anon_of(SIZE)), E_LENGTH_OUT_OF_RANGE);
}

static bool unaligned_reservation(void)
{
	void *rsv;

	return is(pmem2.vm_reservation_new(&rsv, NULL, 100), E_LENGTH_UNALIGNED) &&
	       (pmem2.vm_reservation_new(&rsv, NULL, SIZE) == 0 ||
		       wrong("a reservation of whole pages is refused")) &&
	       is(pmem2.vm_reservation_extend(rsv, 100), E_LENGTH_UNALIGNED);
}

/* Checks that map_new ignores PMEM_MMAP_HINT, which test/compat/rows sets. */
static bool hint_ignored(void)
{
	const char *hint = getenv("PMEM_MMAP_HINT");
	void *map;

	if (!hint)
		cannot("PMEM_MMAP_HINT is not set");
	if (pmem2.map_new(&map, new_config(), source_of(file_of("file", SIZE))))
		cannot("cannot make a map");
	uintptr_t addr = (uintptr_t)pmem2.map_get_address(map), from = strtoull(hint, NULL, 16);
	return addr - from > 1UL << 40 || wrong("the map lies at PMEM_MMAP_HINT");
}

static bool append_only(void)
{
	int fd = file_of("file", SIZE), flags = 0, append;
	void *map;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		cannot("this file system has no attributes: %s", strerror(errno));
	append = flags | FS_APPEND_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &append))
		cannot("a file cannot be made append-only: %s", strerror(errno));
	int again = open("file", O_RDWR | O_APPEND);
	int rc = pmem2.map_new(&map, new_config(), source_of(again));
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
	return is(rc, E_NO_ACCESS);
}

const struct row keeps[] = {
	{"overlapping-maps", overlap, "pmem2"},
	{"beyond-reservation", beyond_reservation, "pmem2"},
	{"odd-reservation", unaligned_reservation, "pmem2"},
	{"mmap-hint", hint_ignored, "pmem2"},
	{"no-access", append_only, "pmem2"},
	{NULL, NULL, NULL},
};
