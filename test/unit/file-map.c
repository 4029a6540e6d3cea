/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file-map.c - tests opening, mapping and deeply draining DAX devices, and whether they count as
 * persistent memory (pmem)
 *
 * /dev/zero, which every machine has and which can be mapped, stands for the device: a made-up
 * tree of sysfs says that it is a DAX device. The tracker is the library's list of mappings.
 */
#include "track/file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "libpmem.h"
#include "libpmem2/base.h"
#include "track/tracker.h"
#include "unit/tree.h"

#define MiB    ((size_t)1 << 20)
#define SIZE   (8 * MiB)
#define BUS    "devices/ndbus0/"
#define REGION BUS "region0/"
#define DAX    REGION "dax0.0/dax0.1/"

static void new_tree(const char *domain)
{
	tree_close();
	tree_open();
	tree_file(REGION "mappings", "1\n");
	tree_file(REGION "devtype", "nd_pmem\n");
	tree_link(REGION "subsystem", "../../../bus/nd");
	if (domain)
		tree_file(REGION "persistence_domain", domain);
	tree_file(DAX "size", "8388608\n");
	tree_file(DAX "align", "4194304\n");
	tree_link(DAX "subsystem", "../../../../../class/dax");
	tree_link("dev/char/1:5", "../../" DAX);
}

static int open_dax(struct open_file *file, size_t length, int flags)
{
	struct open_file_request request = {"/dev/zero", length, flags, 0600, tree_root};

	return open_file_open(file, &request);
}

static char *map_dax(void)
{
	struct open_file file;
	char *addr;

	if (open_dax(&file, 0, 0) || file_map_create(&addr, &file, NULL, tree_root))
		bail("cannot map the device: %s", err_get());
	open_file_close(&file, false);
	return addr;
}

static bool covers(const char *addr, size_t length)
{
	return tracker_covers((uintptr_t)addr, (uintptr_t)addr + length);
}

static void arguments(void)
{
	static const int ignored[] = {
		0, PMEM_FILE_CREATE, PMEM_FILE_SPARSE, PMEM_FILE_CREATE | PMEM_FILE_SPARSE};
	struct open_file file;

	new_tree("memory_controller\n");
	for (int i = 0; i < 4; i++) {
		is_int(open_dax(&file, i % 2 ? SIZE : 0, ignored[i]), 0,
			"DAX device: can be opened with flags %d", ignored[i]);
		ok(file.device.kind == DEVICE_DAX && file.length == SIZE && !file.is_new &&
				file.alignment == 4 * MiB,
			"DAX device: the length of the opened file is that of the whole device");
		open_file_close(&file, true);
	}
	ok(!access("/dev/zero", F_OK),
		"DAX device: after a failure, the device is closed, but its file is not removed");
	file.fd = 77;
	is_int(open_dax(&file, 0, PMEM_FILE_EXCL), -EINVAL,
		"DAX device: opening with the flag EXCL is refused");
	is_int(open_dax(&file, SIZE, PMEM_FILE_CREATE | PMEM_FILE_EXCL), -EINVAL,
		"DAX device: opening with the flags EXCL and CREATE is refused");
	is_int(open_dax(&file, 0, PMEM_FILE_TMPFILE), -EINVAL,
		"DAX device: opening with the flag TMPFILE is refused");
	is_int(open_dax(&file, 0, 0x10), -EINVAL, "DAX device: an unknown flag is refused");
	has_str(err_get(), "0x10", "DAX device: the message names the unknown flag");
	is_int(open_dax(&file, SIZE - 1, 0), -EINVAL,
		"DAX device: opening with another length than the device's is refused");
	has_str(err_get(), "has 8388608 bytes", "DAX device: the message has the device's length");
	is_int(open_dax(&file, SIZE_MAX, PMEM_FILE_CREATE), -EINVAL,
		"DAX device: a huge length is refused");
	tree_file(DAX "size", "many\n");
	is_int(open_dax(&file, 0, 0), -EINVAL, "DAX device: a malformed size is refused");
	unlink(tree_path(DAX "size"));
	is_int(open_dax(&file, 0, 0), -EINVAL, "DAX device: a missing size is refused");
	new_tree(NULL);
	tree_file(DAX "align", "3\n");
	is_int(open_dax(&file, 0, 0), PMEM2_E_INVALID_ALIGNMENT_VALUE,
		"file_map_open: an alignment that is not a power of two is refused");
	is_int(file.fd, 77, "file_map_open: the output is unchanged on failure");
}

static void classes(void)
{
	new_tree("memory_controller\n");
	char *addr = map_dax();
	ok(!((uintptr_t)addr % (4 * MiB)),
		"DAX device: is mapped at a multiple of the device's alignment");
	is_int(covers(addr, SIZE), cpu.engine->flushes,
		"tracker_covers: a mapped DAX device counts as pmem if the CPU can flush its caches");
	is_int(tracker_unmap(addr + 4096, 1), 0,
		"tracker_unmap: one byte of a mapped device can be unmapped");
	ok(!covers(addr + 4096, 1) && covers(addr, 4096) == cpu.engine->flushes &&
			covers(addr + 8192, SIZE - 8192) == cpu.engine->flushes,
		"tracker_unmap: unmapping one byte unmaps its whole page");
	tracker_unmap(addr, SIZE);
	ok(!covers(addr, 1),
		"tracker_unmap: a device that is unmapped as a whole no longer counts as pmem");

	new_tree("cpu_cache\n");
	addr = map_dax();
	ok(covers(addr, SIZE),
		"tracker_covers: a mapped DAX device counts as pmem if the CPU's caches survive a power cut");
	tracker_unmap(addr, SIZE);
	new_tree(NULL);
	tree_file(REGION "devtype", "nd_volatile\n");
	addr = map_dax();
	ok(!covers(addr, 1), "DAX device on a volatile region: does not count as pmem");
	is_int(file_map_deep_drain(addr, SIZE, tree_root), PMEM2_E_NOSUPP,
		"DAX device on a volatile region: a deep drain is refused");
	has_str(err_get(), "DAX device 1:5",
		"DAX device on a volatile region: the message names the device");
	tracker_unmap(addr, SIZE);
	new_tree("cpu_cache\n");
	tree_file(BUS "provider", "virtio-pmem\n");
	addr = map_dax();
	ok(!covers(addr, 1), "DAX device on virtio-pmem: does not count as pmem");
	tracker_unmap(addr, SIZE);
	tree_link("dev/char/1:5", "../../devices/hmem/dax1.0");
	tree_file("devices/hmem/dax1.0/size", "8388608\n");
	tree_file("devices/hmem/dax1.0/align", "4096\n");
	tree_link("devices/hmem/dax1.0/subsystem", "../../../class/dax");
	addr = map_dax();
	ok(!covers(addr, 1), "DAX device without a region: is mapped, but does not count as pmem");
	is_int(file_map_deep_drain(addr, 1, tree_root), PMEM2_E_NOSUPP,
		"DAX device without a region: a deep drain is refused");
	tracker_unmap(addr, SIZE);
}

/* True if the attribute deep_flush has been written to since the last call. */
static bool flushed(void)
{
	const struct timespec old[2] = {{1, 0}, {1, 0}};
	const char *path = tree_path(REGION "deep_flush");
	struct stat st;

	if (stat(path, &st) || utimensat(AT_FDCWD, path, old, 0))
		bail("cannot look at %s: %m", path);
	return st.st_mtim.tv_sec != 1;
}

static void deep_drain(void)
{
	new_tree("cpu_cache\n");
	char *addr = map_dax();
	is_int(file_map_deep_drain(addr, SIZE, tree_root), 0,
		"deep drain: succeeds without a flush for a region that lacks the attribute deep_flush");
	tree_file(REGION "deep_flush", "0\n");
	flushed();
	is_int(file_map_deep_drain(addr, SIZE, tree_root), 0,
		"deep drain: succeeds without a flush for a region whose deep_flush is 0");
	ok(!flushed(), "deep drain: an attribute deep_flush that is 0 is not written to");
	tree_file(REGION "deep_flush", "1\n");
	flushed();
	is_int(file_map_deep_drain(addr + 5, 1, tree_root), 0,
		"deep drain: one byte of a device can be drained");
	ok(flushed(), "deep drain: a range of one byte makes the region flush");
	is_int(file_map_deep_drain(addr + 5, 0, tree_root), 0,
		"deep drain: an empty range succeeds");
	ok(!flushed(), "deep drain: an empty range does not make the region flush");
	tree_file(REGION "deep_flush", "maybe\n");
	is_int(file_map_deep_drain(addr, 1, tree_root), -EBADMSG,
		"deep drain: a malformed deep_flush is an error");
	has_str(err_get(), "deep_flush", "deep drain: the message names deep_flush");
	unlink(tree_path(REGION "deep_flush"));
	tree_file(REGION "deep_flush/is_a_directory", "");
	is_int(file_map_deep_drain(addr, 1, tree_root), -EISDIR,
		"deep drain: an unreadable deep_flush is an error");
	tracker_unmap(addr, SIZE);
}

/*
 * A device with other memory on both sides. A deep drain of all three goes from low to high
 * addresses.
 */
static void mixed(void)
{
	new_tree("cpu_cache\n");
	tree_file(REGION "deep_flush", "1\n");
	char *addr = map_dax();
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	tracker_unmap(addr, MiB);
	tracker_unmap(addr + 7 * MiB, MiB);
	mmap(addr, MiB, PROT_READ, flags, -1, 0);
	mmap(addr + 7 * MiB, MiB, PROT_READ, flags, -1, 0);
	flushed();
	is_int(file_map_deep_drain(addr, SIZE, tree_root), 0,
		"deep drain: a range over ordinary memory, a device and ordinary memory can be drained");
	ok(flushed(), "deep drain: the device between two ranges of ordinary memory is flushed");
	is_int(file_map_deep_drain(addr, MiB, tree_root), 0,
		"deep drain: the ordinary memory before a device can be drained");
	is_int(file_map_deep_drain(addr + 7 * MiB, MiB, tree_root), 0,
		"deep drain: the ordinary memory behind a device can be drained");
	ok(!flushed(), "deep drain: draining the memory beside a device does not flush the device");
	munmap(addr, MiB);
	is_int(file_map_deep_drain(addr, SIZE, tree_root), -ENOMEM,
		"deep drain: a range that begins with unmapped memory gives ENOMEM");
	ok(!flushed(),
		"deep drain: a device behind unmapped memory, which is an error, is not flushed");
	tree_file(REGION "deep_flush", "maybe\n");
	munmap(addr + 7 * MiB, MiB);
	is_int(file_map_deep_drain(addr + MiB, 7 * MiB, tree_root), -EBADMSG,
		"deep drain: of two failures, the one at the lower address is returned");
	tracker_unmap(addr, SIZE);
}

/*
 * While this is set, reallocarray(3) fails: the function below replaces reallocarray(3) in the
 * whole program.
 */
static bool no_memory;

void *reallocarray(void *old, size_t count, size_t size)
{
	if (!no_memory)
		return realloc(old, count * size);
	errno = ENOMEM;
	return NULL;
}

static unsigned mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned lines = 0;

	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

/*
 * This test runs first: the tracker knows no mapping yet, so that it has to allocate memory, which
 * fails.
 */
static void cannot_be_tracked(void)
{
	struct open_file file;
	char *addr = (char *)&file;
	int wrong = 0;

	new_tree("cpu_cache\n");
	if (open_dax(&file, 0, 0))
		bail("cannot open the device: %s", err_get());
	unsigned before = mappings();
	no_memory = true;
	is_int(file_map_create(&addr, &file, NULL, tree_root), -ENOMEM,
		"no memory to record a mapping: a DAX device is not mapped");
	has_str(err_get(), "keep track",
		"no memory to record a mapping: the message says that the device cannot be kept track of");
	ok(addr == (char *)&file,
		"no memory to record a mapping: the caller's pointer to the mapping is unchanged");
	for (int i = 0; i < 50; i++)
		wrong += file_map_create(&addr, &file, NULL, tree_root) != -ENOMEM;
	is_int(wrong, 0,
		"no memory to record a mapping: each of fifty attempts to map a device fails");
	no_memory = false;
	ok(mappings() < before + 20,
		"no memory to record a mapping: no attempt leaves the device mapped (%u mappings; %u before)",
		mappings(), before);
	open_file_close(&file, true);
}

/* Maps a device many times. Some are unmapped by munmap(2), which the tracker does not see. */
static void again_and_again(void)
{
	int good = 0;

	new_tree("cpu_cache\n");
	for (int i = 0; i < 100; i++) {
		char *addr = map_dax();
		good += covers(addr, SIZE);
		if (i % 3)
			munmap(addr, SIZE);
		else
			tracker_unmap(addr, SIZE);
	}
	is_int(good, 100,
		"stale mapping: a device can be mapped again where it was unmapped by munmap(2)");

	/*
	 * Maps a file at the address of a device that was unmapped by munmap(2), of which the
	 * tracker does not know.
	 */
	char *stale = map_dax();
	munmap(stale, SIZE);
	FILE *temporary = tmpfile();
	struct open_file file = {"a file", fileno(temporary), .length = 4096, .alignment = 4096};
	uintptr_t there = (uintptr_t)stale;
	char *addr = NULL;
	if (ftruncate(file.fd, 4096) || device_identify(&file.device, file.fd, "/sys"))
		bail("cannot make a file: %s", err_get());
	is_int(file_map_create(&addr, &file, &there, "/sys"), 0,
		"stale mapping: a file can be mapped where a device was unmapped by munmap(2)");
	if (addr == stale)
		ok(!covers(addr, 1),
			"stale mapping: a file that is mapped where a device was unmapped does not count as pmem");
	else
		skip("stale mapping: a file that is mapped where a device was unmapped does not count as pmem",
			"the address was in use");
	ok(covers(stale + 8192, 1),
		"stale mapping: munmap'ed addresses of a device still count as pmem if nothing has been mapped there since");
	tracker_unmap(stale, SIZE);
	fclose(temporary);
}

int main(void)
{
	struct stat st;

	if (stat("/dev/zero", &st) || access("/dev/zero", R_OK | W_OK))
		skip_all("needs /dev/zero");
	tree_open();
	cpu_init();
	tracker_init();
	cannot_be_tracked();
	arguments();
	classes();
	deep_drain();
	mixed();
	again_and_again();
	tree_close();
	return tap_done();
}
