/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fixture.h - makes files, sources and maps for API tests; each function ends the test on failure
 */
#ifndef TEST_API_FIXTURE_H
#define TEST_API_FIXTURE_H

#include <fcntl.h>
#include <libpmem2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

#define FIXTURE __attribute__((unused)) static inline

/*
 * An invalid pointer that no call returns. If an output variable still has this value after a
 * call, the call has not written to it.
 */
#define UNTOUCHED ((void *)0x7ab00)

FIXTURE size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/*
 * Returns a descriptor, open with `flags`, of a new unlinked file of `size` bytes in TMPDIR or
 * /tmp.
 */
FIXTURE int file_of(size_t size, int flags)
{
	const char *dir = getenv("TMPDIR");
	char name[256];

	snprintf(name, sizeof(name), "%s/holdfast-api-XXXXXX", dir ? dir : "/tmp");
	int made = mkstemp(name);
	if (made < 0 || ftruncate(made, (off_t)size))
		bail("cannot make %s: %m", name);
	int fd = open(name, flags);
	if (fd < 0 || unlink(name) || close(made))
		bail("cannot open %s: %m", name);
	return fd;
}

FIXTURE struct pmem2_source *source_of(int fd)
{
	struct pmem2_source *src;

	if (pmem2_source_from_fd(&src, fd))
		bail("cannot make a source: %s", pmem2_errormsg());
	return src;
}

/* Returns a new config that accepts any granularity. */
FIXTURE struct pmem2_config *config(void)
{
	struct pmem2_config *cfg;

	if (pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE))
		bail("cannot make a config: %s", pmem2_errormsg());
	return cfg;
}

/* Returns a map of a new file of `size` bytes; `granularity` is forced unless it is NULL. */
FIXTURE struct pmem2_map *map_of(size_t size, const char *granularity)
{
	int fd = file_of(size, O_RDWR);
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg = config();
	struct pmem2_map *map;

	if (granularity)
		setenv("PMEM2_FORCE_GRANULARITY", granularity, 1);
	if (pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	unsetenv("PMEM2_FORCE_GRANULARITY");
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
	return map;
}

#endif
