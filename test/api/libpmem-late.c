/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-late.c - tests a region of persistent memory that appears after libpmem was loaded
 *
 * The test mounts a simulated /sys, which needs root. It counts flush instructions, which is
 * possible on x86-64 only.
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
		bail("cannot map a file: %s", pmem_errormsg());
	pmem_unmap(addr, 4096);
}

/*
 * Runs the tests in a process that sees the simulated /sys of main(). is_told_not_to_flush:
 * PMEM_NO_FLUSH=1 is set.
 */
static void inside(bool is_told_not_to_flush)
{
	static _Alignas(4096) char page[4096];

	is_int(pmem_has_auto_flush(), 1,
		"late region: before a region of persistent memory appears, pmem_has_auto_flush() returns 1");
	is_int(flushes_of_persist(page, sizeof(page)), 0,
		"late region: before a region of persistent memory appears, a persist flushes nothing");
	map_something();
	is_int(flushes_of_persist(page, sizeof(page)), 0,
		"late region: after a file was mapped, a persist still flushes nothing if no region has appeared");
	make_region(1, "memory_controller\n");
	map_something();
	int count = flushes_of_persist(page, sizeof(page));
	if (is_told_not_to_flush)
		is_int(count, 0,
			"late region: with PMEM_NO_FLUSH=1 a persist flushes nothing even after a region appeared");
	else
		ok(count >= 4096 / 64,
			"late region: after a region appeared, a persist flushes each cache line of a page (%d)",
			count);
	unlink("/sys/bus/nd/devices/region1/persistence_domain");
	rmdir("/sys/bus/nd/devices/region1");
	map_something();
	if (!is_told_not_to_flush)
		ok(flushes_of_persist(page, sizeof(page)) >= 4096 / 64,
			"late region: after the region of persistent memory has disappeared, a persist still flushes");
}
#endif

int main(int argc, char **argv)
{
#if defined(__x86_64__)
	if (argc > 1) {
		inside(!strcmp(argv[1], "no-flush"));
		return tap_done();
	}
	/*
	 * The library has already read the real /sys, when it was loaded. So mount a simulated /sys
	 * and run this program again.
	 */
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("none", "/sys", "tmpfs", 0, NULL)) {
		skip("late region: a persist flushes once the region has appeared",
			"a simulated /sys cannot be mounted here");
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
	 * Run argv[0], not /proc/self/exe: in a chroot, that link has the program's path in the
	 * old mount namespace. A loader that resolves $ORIGIN with this path finds another
	 * libpmem.
	 */
	char flushing[] = "flush", not_flushing[] = "no-flush";
	char *again[] = {argv[0], no_flush ? not_flushing : flushing, NULL};
	exec_again(again);
	bail("cannot start this program again: %m");
#else
	(void)argc;
	(void)argv;
	skip("late region: a persist flushes once the region has appeared",
		"flush instructions are counted on x86-64 only");
	return tap_done();
#endif
}
