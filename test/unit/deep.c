/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * deep.c - a deep flush of mapped device DAX flushes the CPU's caches, then the region of the
 * device
 *
 * The memory is ordinary; a made-up tree of sysfs says that it belongs to a DAX device.
 */
#include "map/deep_flush.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "unit/tree.h"

#define FLUSH "devices/LNXSYSTM:00/LNXSYBUS:00/ACPI0012:00/ndbus0/region1/deep_flush"

static struct map map;

static void set(const char *text)
{
	const struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	tree_file(FLUSH, text);
	if (utimensat(AT_FDCWD, tree_path(FLUSH), past, 0))
		bail("cannot set the time of an attribute: %m");
}

static bool was_written(void)
{
	struct stat st;

	return !stat(tree_path(FLUSH), &st) && st.st_mtime != 1;
}

/*
 * The range that the CPU was told to flush. `too_late`: the region was flushed before the CPU's
 * caches were.
 */
static const void *flushed;
static size_t flushed_length;
static bool too_late;

static void note_persist(const void *addr, size_t len)
{
	flushed = addr;
	flushed_length = len;
	too_late = was_written();
}

static void device_dax(void)
{
	struct cpu_engine engine = *cpu.engine;

	engine.persist = engine.persist_fetching = note_persist;
	cpu.engine = &engine;
	for (int g = PMEM2_GRANULARITY_BYTE; g <= PMEM2_GRANULARITY_CACHE_LINE; g++) {
		map.granularity = (enum pmem2_granularity)g;
		set("1\n");
		is_int(deep_flush_map(&map, map.addr + 100, 200, 0), 0,
			"deep flush: a range of device DAX is flushed");
		ok(flushed == map.addr + 100 && flushed_length == 200,
			"deep flush: the CPU flushes the range");
		ok(!too_late, "deep flush: the CPU flushes before the region does");
		ok(was_written(), "deep flush: the region is flushed");
	}
	cpu_init();
}

static void failures(void)
{
	set("0\n");
	is_int(deep_flush_map(&map, map.addr, 1, 0), 0,
		"deep flush: succeeds without a flush for a region whose deep_flush is 0");
	set("what\n");
	is_int(deep_flush_map(&map, map.addr, 1, 0), -EBADMSG,
		"deep flush: fails for a region with a malformed deep_flush");
	has_str(err_get(), "region1",
		"deep flush: the message names the region that cannot be flushed");
	is_int(deep_flush_map(&map, map.addr + map.length, 1, 0), PMEM2_E_DEEP_FLUSH_RANGE,
		"deep flush: a range that begins after the end of the map is refused");
	map.device.number = makedev(252, 9);
	is_int(deep_flush_map(&map, map.addr, 1, 0), PMEM2_E_DAX_REGION_NOT_FOUND,
		"deep flush: a device without a region is refused");
}

int main(void)
{
	cpu_init();
	tree_open();
	tree_load("made-up-nvdimm-two-sockets");
	map = (struct map){.length = 8192,
		.has_device = true,
		.device = {.kind = DEVICE_DAX, .number = makedev(252, 1)},
		.sysfs = tree_root};
	map.addr =
		mmap(NULL, map.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map.addr == MAP_FAILED)
		bail("no memory: %m");
	device_dax();
	failures();
	tree_close();
	return tap_done();
}
