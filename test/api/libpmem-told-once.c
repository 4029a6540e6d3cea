/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-told-once.c - tests that libpmem's calls report failed write-backs as
 * map/writeback_failure.h promises, W1 to W10: the kernel tells each failure only once, the
 * library remembers it
 *
 * The program is also linked with libpmem2: each of the two libraries keeps its own record of
 * failures.
 */
#pragma GCC visibility push(default)

#include "api/told-once.h"

#include <libpmem2.h>
#include <sched.h>
#include <sys/mount.h>

#include "api/libpmem.h"
#include "emulated.h"

#define PAGE   ((size_t)sysconf(_SC_PAGESIZE))
#define LENGTH (4 * PAGE)

struct call {
	const char *name;
	int (*make)(const void *addr, size_t len);
};

static const struct call calls[] = {
	{"pmem_msync", pmem_msync},
	{"pmem_deep_persist", pmem_deep_persist},
	{"pmem_deep_drain", pmem_deep_drain},
};

/*
 * Calls the library function in `call` for the byte at `addr`. Returns 0 if the function succeeds,
 * or else its errno.
 */
static int error_of(const struct call *call, const char *addr)
{
	errno = 0;
	return call->make(addr, 1) ? errno : 0;
}

/*
 * Maps the named file with libpmem; creates the file if it is missing. The simulated kernel knows
 * it as number `file`.
 */
static char *map_file(const char *name, unsigned file)
{
	char *addr = map_of(name, LENGTH);

	kernel_maps(addr, LENGTH, file);
	return addr;
}

/*
 * Calls mmap(2) itself to map a file that map_file() has created, so that the library does not know
 * of this mapping.
 */
static char *map_alone(const char *name, unsigned file)
{
	int fd = open(at(name), O_RDWR | O_CLOEXEC);
	char *addr = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd < 0 || addr == MAP_FAILED)
		bail("cannot map %s: %m", at(name));
	close(fd);
	kernel_maps(addr, LENGTH, file);
	return addr;
}

static void each_call(const struct call *call)
{
	unsigned file = file_count++, other_file = file_count++;
	char *addr = map_file(call->name, file), *other = map_file("other", other_file);
	char *alone = map_alone(call->name, file), *later;

	lose(file, EIO);
	is_int(error_of(call, addr), EIO, "W2: msync(2) fails with EIO: %s fails with this error",
		call->name);
	is_int(error_of(call, addr), EIO, "W6: %s: after a failure a second call fails again",
		call->name);
	has_str(pmem_errormsg(), "may not be durable",
		"W6: %s: after a failure the message of the second call says what may be lost",
		call->name);
	*addr = 1;
	is_int(error_of(call, addr), EIO,
		"W6: %s: after a failure a third call, with a new store before it, fails again",
		call->name);
	is_int(error_of(call, addr + PAGE), EIO,
		"W4: %s: after a failure a call for another page of the file fails, too",
		call->name);
	for (size_t i = 0; i < 3; i++)
		is_int(error_of(&calls[i], addr), EIO,
			"W6: %s fails, too, for a byte for which %s has failed", calls[i].name,
			call->name);
	is_int(error_of(call, alone), EIO,
		"W10: a write-back of a file has failed: %s also fails for memory of the file that the program mapped by mmap(2)",
		call->name);
	is_int(error_of(call, other), 0,
		"W1: a write-back of one file has failed: %s of another file succeeds", call->name);

	later = map_file(call->name, file);
	is_int(error_of(call, later), 0,
		"W7: a write-back of the file has failed: %s of a map made afterwards succeeds",
		call->name);
	is_int(error_of(call, addr), EIO,
		"W7: a write-back of the file has failed: %s of a map made earlier still fails",
		call->name);
	pmem_unmap(later, LENGTH);
	if (mremap(alone, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, later) != later)
		bail("cannot move a mapping: %m");
	kernel_maps(alone = later, LENGTH, file);
	is_int(error_of(call, alone), EIO,
		"W7: memory mapped before a failed write-back is moved to the address of a map made afterwards: %s still fails for it",
		call->name);
	pmem_unmap(addr, LENGTH);
	addr = map_file(call->name, file);
	is_int(error_of(call, addr), 0,
		"W7: a file whose write-back failed is unmapped and mapped again: %s succeeds",
		call->name);
	pmem_unmap(addr, LENGTH);
	pmem_unmap(other, LENGTH);
	munmap(alone, LENGTH);
}

static void two_files(void)
{
	unsigned good = file_count++, bad = file_count++;
	char *addr = mmap(NULL, 2 * LENGTH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *low = map_file("low", good), *high = map_file("high", bad);

	/*
	 * Move the maps of both files into one range of addresses: one file in its lower half, the
	 * other file in its upper half.
	 */
	mremap(low, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, addr);
	mremap(high, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, addr + LENGTH);
	kernel_maps(addr, LENGTH, good);
	kernel_maps(addr + LENGTH, LENGTH, bad);
	lose(bad, EIO);
	is_int(pmem_msync(addr + LENGTH, 1), -1,
		"W2: two files are mapped side by side, and a write-back of the upper one has failed: pmem_msync of the upper file fails");
	is_int(pmem_msync(addr, LENGTH), 0,
		"W10: two files are mapped side by side, and a write-back of the upper one has failed: pmem_msync of the lower file succeeds");
	is_int(pmem_msync(addr, 2 * LENGTH), -1,
		"W10: two files are mapped side by side, and a write-back of the upper one has failed: pmem_msync of both files fails");
	munmap(addr, 2 * LENGTH);
}

static int fails_in_child(void)
{
	return pmem_msync((void *)views[view_count - 1].from, 1) ? errno : 0;
}

static void forked(void)
{
	unsigned file = file_count++;
	char *addr = map_file("forked", file);

	lose(file, ENOSPC);
	is_int(in_child(fails_in_child), ENOSPC,
		"W1: msync(2) fails in a child: the child's pmem_msync fails");
	is_int(error_of(&calls[0], addr), ENOSPC,
		"W1: pmem_msync has failed in a child: pmem_msync of the file in the parent fails, too");
	is_int(in_child(fails_in_child), ENOSPC,
		"W1: pmem_msync has failed in a child: pmem_msync of the file in a second child fails, too");
	pmem_unmap(addr, LENGTH);
}

/* Tests that a child can make stores durable in a map that its parent made after a failure. */
static void new_in_child(void)
{
	unsigned file = file_count++;
	char *addr = map_file("renewed", file);

	lose(file, EIO);
	is_int(error_of(&calls[0], addr), EIO,
		"W2: msync(2) fails with EIO: pmem_msync fails with this error");
	char *later = map_file("renewed", file);
	is_int(in_child(fails_in_child), 0,
		"W7: the parent made a map after a failed write-back of its file: pmem_msync of this map in a child succeeds");
	pmem_unmap(later, LENGTH);
	pmem_unmap(addr, LENGTH);
}

/*
 * Makes a mount namespace in which /proc can be hidden. Returns false if this is not possible, as
 * in user-mode QEMU, which simulates /proc itself.
 */
static bool can_hide(void)
{
	return !kernel_is_emulated() && !unshare(CLONE_NEWNS) &&
	       !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/*
 * Hides /proc and returns the result of fails_in_child(). Returns 99 if this process may not hide
 * /proc.
 */
static int succeeds_without_proc(void)
{
	if (!can_hide() || mount("none", "/proc", "tmpfs", 0, NULL))
		return 99;
	return fails_in_child();
}

/*
 * Makes /proc/self/maps an empty file and returns the result of fails_in_child(); returns 99 if
 * this machine does not allow it.
 */
static int succeeds_without_list(void)
{
	char list[32];

	snprintf(list, sizeof(list), "/proc/%d/maps", (int)getpid());
	if (!can_hide() || mount("/dev/null", list, NULL, MS_BIND, NULL))
		return 99;
	return fails_in_child();
}

/*
 * Tests a lost write-back for which msync(2) fails with ENOMEM, the error that it also has for
 * memory that is not mapped. Returns 0 if the library remembers the failure.
 */
static int forgets_lack_of_memory(void)
{
	if (!can_hide() || mount("none", "/proc", "tmpfs", 0, NULL))
		return 99;
	lose(views[view_count - 1].file, ENOMEM);
	return fails_in_child() == ENOMEM && fails_in_child() == ENOMEM ? 0 : 1;
}

static void hidden(int (*body)(void), bool fails, const char *what)
{
	unsigned file = file_count++;
	char *addr = map_file("hidden", file);
	int result = in_child(body);

	if (result == 99)
		skip(what, "hiding /proc needs root, and a kernel that is not emulated");
	else
		ok(fails ? result > 0 : !result, "%s", what);
	pmem_unmap(addr, LENGTH);
}

/* Tests a program that uses libpmem and libpmem2 for one file, as libpmem2(7) describes it. */
static void both_libraries(void)
{
	unsigned file = file_count++;
	char *addr = map_file("both", file);
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;
	int fd = open(at("both"), O_RDWR | O_CLOEXEC);

	if (pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, cfg, src))
		bail("cannot make a map: %s", pmem2_errormsg());
	kernel_maps(pmem2_map_get_address(map), LENGTH, file);
	lose(file, EIO);
	is_int(pmem2_deep_flush(map, pmem2_map_get_address(map), 1), -EIO,
		"libpmem and libpmem2 with one file: libpmem2 reports a failed write-back");
	is_int(error_of(&calls[0], addr), 0,
		"libpmem and libpmem2 with one file: libpmem does not learn of a failure that libpmem2 reported");
	pmem2_map_delete(&map);
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
	pmem_unmap(addr, LENGTH);
}

int main(void)
{
	scratch_open();
	kernel_open();
	hidden(succeeds_without_proc, false,
		"W1: without /proc, pmem_msync succeeds as long as no write-back has failed");
	for (size_t i = 0; i < 3; i++)
		each_call(&calls[i]);
	two_files();
	forked();
	new_in_child();
	hidden(succeeds_without_proc, true,
		"W10: without /proc, pmem_msync fails after a failed write-back of any file, since the files cannot be told apart");
	hidden(succeeds_without_list, true,
		"W10: with an empty /proc/self/maps, pmem_msync fails after a failed write-back of any file");
	hidden(forgets_lack_of_memory, false,
		"W2: without /proc, pmem_msync treats ENOMEM for mapped memory as a failure of the file");
	both_libraries();
	scratch_close();
	return tap_done();
}
