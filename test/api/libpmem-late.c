/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-late.c - a region that appears after libpmem was loaded, in a made-up /sys
 *
 * Flush instructions are counted on x86-64 only; mounting needs root.
 */
#include <errno.h>
#include <libpmem.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#if defined(__x86_64__)
#include "flushes.h"

#define DOMAIN "/sys/bus/nd/devices/region%d/persistence_domain"

static void make_region(int number, const char *domain)
{
	char path[128];
	static const char *const folders[] = {
		"/sys/bus", "/sys/bus/nd", "/sys/bus/nd/devices", NULL};

	for (size_t i = 0; folders[i]; i++)
		mkdir(folders[i], 0755);
	snprintf(path, sizeof(path), "/sys/bus/nd/devices/region%d", number);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), DOMAIN, number);
	FILE *file = fopen(path, "w");
	if (!file || fputs(domain, file) < 0 || fclose(file))
		bail("cannot write %s: %m", path);
}

static void map_something(void)
{
	void *addr = pmem_map_file("/sys/file", 4096, PMEM_FILE_CREATE, 0600, NULL, NULL);

	if (!addr)
		bail("pmem_map_file: %s", pmem_errormsg());
	pmem_unmap(addr, 4096);
}

/* With all of /sys as the program that ran us has made it. */
static void inside(bool is_told_not_to_flush)
{
	static _Alignas(4096) char page[4096];

	is_int(pmem_has_auto_flush(), 1, "late region: all caches survive at first");
	is_int(flushes_of_persist(page, sizeof(page)), 0,
		"late region: nothing is flushed at first");
	map_something();
	is_int(flushes_of_persist(page, sizeof(page)), 0,
		"late region: nothing is flushed after a map, while regions are the same");
	make_region(1, "memory_controller\n");
	map_something();
	int count = flushes_of_persist(page, sizeof(page));
	if (is_told_not_to_flush)
		is_int(count, 0, "late region: PMEM_NO_FLUSH=1 still wins");
	else
		ok(count >= 4096 / 64, "late region: a page is flushed, line by line (%d)", count);
	unlink("/sys/bus/nd/devices/region1/persistence_domain");
	rmdir("/sys/bus/nd/devices/region1");
	map_something();
	if (!is_told_not_to_flush)
		ok(flushes_of_persist(page, sizeof(page)) >= 4096 / 64,
			"late region: flushing goes one way, also when the region is gone");
}
#endif

int main(int argc, char **argv)
{
#if defined(__x86_64__)
	if (argc > 1) {
		inside(!strcmp(argv[1], "no-flush"));
		return tap_done();
	}
	/* The library looked at /sys when it was loaded: run the program again over another one. */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", "/sys", "tmpfs", 0, NULL)) {
		skip("late region: flushes", "a made-up /sys cannot be mounted here");
		return tap_done();
	}
	make_region(0, "cpu_cache\n");
	fflush(stdout);
	bool no_flush = getenv("LATE_NO_FLUSH") != NULL;
	if (no_flush)
		setenv("PMEM_NO_FLUSH", "1", 1);
	else
		unsetenv("PMEM_NO_FLUSH");
	/*
	 * By its name: in a chroot, the new mount namespace knows /proc/self/exe by its path in the
	 * old one. A loader that starts there at $ORIGIN finds another libpmem.
	 */
	char flushing[] = "flush", not_flushing[] = "no-flush";
	char *again[] = {argv[0], no_flush ? not_flushing : flushing, NULL};
	exec_again(again);
	bail("cannot run myself again: %m");
#else
	(void)argc;
	(void)argv;
	skip("late region: flushes", "its flushes are counted on x86-64 only");
	return tap_done();
#endif
}
