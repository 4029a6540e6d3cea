/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sysfs.c - a fuzzer of src/device: calls its functions on a sysfs tree that the input describes
 *
 * The input is a description of a machine in the format of test/unit/trees; malformed lines are
 * ignored. All files are made below one temporary directory, and links do not lead out of it.
 */
#include <sys/sysmacros.h>

#include "device/autoflush.h"
#include "device/badblock.h"
#include "device/deepflush.h"
#include "device/dimm.h"
#include "device/memory.h"
#include "device/ndbus.h"
#include "device/sysfs.h"
#include "fuzz.h"
#include "unit/tree.h"

static void ask_numbers(const struct device *device, int fd)
{
	int node = 4711;
	uint64_t count = 4711;
	size_t value = 4711;

	must(!device_numa_node(device, tree_root, &node) || node == 4711);
	must(!device_unsafe_shutdowns(device, tree_root, &count) || count == 4711);
	if (device_alignment(device, tree_root, &value))
		must(value == 4711);
	else
		must(value && !(value & (value - 1)));
	value = 4711;
	must(!device_size(device, fd, tree_root, &value) || value == 4711);
}

static void ask_ids(const struct device *device)
{
	size_t need = 4711, size;
	char few[8] = "as ever";

	if (device_dimm_ids(device, tree_root, NULL, &need)) {
		must(need == 4711);
		return;
	}
	char *ids = malloc(need);
	size = need;
	must(!device_dimm_ids(device, tree_root, ids, &size));
	must(strlen(ids) == need - 1);
	free(ids);
	size = need - 1 < sizeof(few) ? need - 1 : sizeof(few);
	must(device_dimm_ids(device, tree_root, few, &size) == PMEM2_E_BUFFER_TOO_SMALL);
	must(!strcmp(few, "as ever"));
}

static void ask_bad_blocks(const struct device *device, int fd)
{
	struct badblocks blocks = {.count = 4711};
	size_t size = SIZE_MAX;

	if (badblocks_read(&blocks, device, fd, tree_root)) {
		must(blocks.count == 4711);
		return;
	}
	if (device->kind == DEVICE_DAX)
		must(!blocks.count || !device_size(device, fd, tree_root, &size));
	for (size_t i = 0; i < blocks.count; i++) {
		must(blocks.list[i].length > 0);
		must(blocks.list[i].offset < size);
		must(blocks.list[i].length <= size - blocks.list[i].offset);
	}
	badblocks_fini(&blocks);
}

/* Opens the control device of a region below the tree, never a device of this machine in /dev. */
static int ask_region(int region, void *context)
{
	char name[SYSFS_NAME], dev[128];

	(void)context;
	snprintf(dev, sizeof(dev), "%s/dev", tree_root);
	must(sysfs_name(region, name) || *name);
	int bus = ndbus_open(tree_root, region, dev);
	if (bus >= 0)
		close(bus);
	return 0;
}

static void ask(enum device_kind kind, unsigned major, unsigned minor, int fd)
{
	const struct device device = {.kind = kind, .number = makedev(major, minor)};
	struct region region = device_region(&device, tree_root);
	enum walk_cover cover = WALK_NONE;

	must(provider_name(memory_under(&device, tree_root)));
	must(!device_regions(&device, tree_root, ask_region, NULL, &cover));
	must(region.found == (cover == WALK_ALL));
	ask_numbers(&device, fd);
	ask_ids(&device);
	ask_bad_blocks(&device, fd);
	struct deepflush state = device_deep_flush_state(&device, tree_root);
	int error = device_deep_flush(&device, tree_root);
	must(error <= 0);
	if (cover == WALK_ALL && state.state < DEEPFLUSH_AVAILABLE)
		must(!error);
	if (state.state == DEEPFLUSH_UNREADABLE)
		must(error < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *file;
	char *text = malloc(size + 1);

	if (!file)
		file = tmpfile();
	if (!text || !file)
		abort();
	/* A description is text: replace zeros by blanks. */
	for (size_t i = 0; i < size; i++)
		text[i] = data[i] ? (char)data[i] : ' ';
	tree_open();
	tree_describe(text, size);
	for (unsigned minor = 0; minor < 3; minor++) {
		ask(DEVICE_FILE, 259, minor, fileno(file));
		ask(DEVICE_DAX, 252, minor, fileno(file));
	}
	ask(DEVICE_FILE, 254, 0, fileno(file));
	must(device_auto_flush(tree_root) <= 1);
	tree_close();
	free(text);
	return 0;
}
