/* SPDX-License-Identifier: BSD-3-Clause */
/* rows_keeps.c - rows in which the libraries in Debian, not their man pages, are followed */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rowcheck.h"

#define SIZE 65536

static bool is(int rc, int want)
{
	return rc == want || wrong("returns %s", api_error_name(rc));
}

/* A write-back that fails cannot be reported, and must not look like success. */
static bool failed_write_back(void)
{
	void *src = source_of(file_of("file", SIZE)), *map;
	int status;

	if (pmem2.map_new(&map, new_config(), src) || pmem2.map_get_store_granularity(map) != PAGE)
		cannot("no map of PAGE granularity");
	char *addr = pmem2.map_get_address(map);
	munmap(addr + SIZE / 2, SIZE / 2);
	pid_t pid = fork();
	if (!pid) {
		const struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		if (!freopen("said", "w", stderr))
			_exit(1);
		pmem2.get_persist_fn(map)(addr, SIZE);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		cannot("no child: %s", strerror(errno));
	return (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) ||
	       wrong("the process goes on: wait status %#x", status);
}

static bool overlap(void)
{
	char *addr = memory_of(SIZE);
	void *src = anon_of(SIZE), *map, *other;

	if (pmem2.map_from_existing(&map, src, addr, SIZE, CACHE_LINE))
		cannot("no map");
	return is(pmem2.map_from_existing(&other, src, addr + 100, 100, CACHE_LINE), E_MAP_EXISTS);
}

static bool beyond_reservation(void)
{
	void *cfg = new_config(), *rsv, *map;

	if (pmem2.vm_reservation_new(&rsv, NULL, SIZE) ||
		pmem2.config_set_vm_reservation(cfg, rsv, SIZE / 2))
		cannot("no reservation");
	return is(pmem2.map_new(&map, cfg, anon_of(SIZE)), E_LENGTH_OUT_OF_RANGE);
}

static bool unaligned_reservation(void)
{
	void *rsv;

	return is(pmem2.vm_reservation_new(&rsv, NULL, 100), E_LENGTH_UNALIGNED) &&
	       (pmem2.vm_reservation_new(&rsv, NULL, SIZE) == 0 || wrong("no reservation")) &&
	       is(pmem2.vm_reservation_extend(rsv, 100), E_LENGTH_UNALIGNED);
}

/* PMEM_MMAP_HINT is set by the caller. */
static bool hint_ignored(void)
{
	const char *hint = getenv("PMEM_MMAP_HINT");
	void *map;

	if (!hint)
		cannot("PMEM_MMAP_HINT is not set");
	if (pmem2.map_new(&map, new_config(), source_of(file_of("file", SIZE))))
		cannot("no map");
	uintptr_t addr = (uintptr_t)pmem2.map_get_address(map), from = strtoull(hint, NULL, 16);
	return addr - from > 1UL << 40 || wrong("it was followed");
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
	{"W18", failed_write_back, "pmem2"},
	{"M3", overlap, "pmem2"},
	{"M4", beyond_reservation, "pmem2"},
	{"M6", unaligned_reservation, "pmem2"},
	{"M12", hint_ignored, "pmem2"},
	{"M13", append_only, "pmem2"},
	{NULL, NULL, NULL},
};
