/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/regions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "device/badlist.h"
#include "device/deepflush.h"
#include "device/dimm.h"
#include "device/provider.h"
#include "device/region.h"
#include "device/sysfs.h"

/* The public enum is the internal one in public words. */
#define SAME_MEMORY(name)                                                                          \
	_Static_assert((int)HOLDFAST_MEMORY_##name == (int)MEMORY_##name, "kinds of memory differ")
SAME_MEMORY(NONE);
SAME_MEMORY(NFIT);
SAME_MEMORY(CXL_PMEM);
SAME_MEMORY(VIRTIO_PMEM);
SAME_MEMORY(LEGACY);
SAME_MEMORY(PAPR);
SAME_MEMORY(DEVICE_TREE);
SAME_MEMORY(OTHER_PMEM);
SAME_MEMORY(CXL_VOLATILE);
SAME_MEMORY(SOFT_RESERVED);
SAME_MEMORY(OTHER_DAX);
SAME_MEMORY(MIXED);
SAME_MEMORY(UNKNOWN);

#define SAME_DEEP_FLUSH(name)                                                                      \
	_Static_assert(                                                                            \
		(int)HOLDFAST_DEEP_FLUSH_##name == (int)DEEPFLUSH_##name, "deep flushes differ")
SAME_DEEP_FLUSH(ABSENT);
SAME_DEEP_FLUSH(NOT_NEEDED);
SAME_DEEP_FLUSH(AVAILABLE);
SAME_DEEP_FLUSH(UNREADABLE);

static bool says_nothing(int error)
{
	return error == -ENOENT || error == PMEM2_E_NOSUPP || error == PMEM2_E_DAX_REGION_NOT_FOUND;
}

struct holdfast_number regions_answer(
	struct keep *keep, int error, int64_t value, const char *what, bool said)
{
	if (!error)
		return (struct holdfast_number){.answer = HOLDFAST_ANSWERED, .value = value};
	if (says_nothing(error))
		return (struct holdfast_number){
			.answer = HOLDFAST_UNSUPPORTED,
			.why = said ? keep_copy(keep, err_get())
				    : keep_text(keep, "the kernel does not tell %s", what),
		};
	return (struct holdfast_number){
		.answer = HOLDFAST_UNREADABLE,
		.error = error,
		.why = said ? keep_copy(keep, err_get())
		       : error == -EBADMSG
			       ? keep_text(keep, "%s cannot be read: it is not a number", what)
			       : keep_text(keep, "%s cannot be read: %s", what, strerror(-error)),
	};
}

static struct holdfast_number number_of(
	struct keep *keep, int region, const char *attribute, const char *what)
{
	uint64_t value = 0;
	int error = sysfs_read_number(region, attribute, &value);

	if (!error && value > INT64_MAX)
		error = -EBADMSG;
	return regions_answer(keep, error, (int64_t)value, what, false);
}

static struct holdfast_number node_of(struct keep *keep, int region)
{
	int node = 0, error = region_numa_node(region, &node);

	return regions_answer(keep, error, node, "the NUMA node", false);
}

static struct holdfast_number bad_sectors_of(struct keep *keep, int region)
{
	struct badblocks blocks = {.list = NULL};
	int64_t sum = 0;
	int error = badlist_read(&blocks, region);

	for (size_t i = 0; i < blocks.count; i++)
		sum += (int64_t)(blocks.list[i].length / 512);
	badblocks_fini(&blocks);
	return regions_answer(keep, error, sum, "the list of bad sectors", false);
}

static enum holdfast_domain domain_of(enum region_domain domain)
{
	switch (domain) {
	case REGION_DOMAIN_CPU_CACHE:
		return HOLDFAST_DOMAIN_CPU_CACHE;
	case REGION_DOMAIN_MEMORY_CONTROLLER:
		return HOLDFAST_DOMAIN_MEMORY_CONTROLLER;
	case REGION_DOMAIN_UNREADABLE:
		return HOLDFAST_DOMAIN_UNREADABLE;
	case REGION_DOMAIN_UNKNOWN:
		break;
	}
	return HOLDFAST_DOMAIN_UNKNOWN;
}

struct modules {
	struct keep *keep;
	struct keep_list list;
};

static int add_module(int dir, const char *name, void *context)
{
	struct modules *modules = context;
	struct holdfast_dimm *dimm = keep_new(modules->keep, sizeof(*dimm));
	char id[DIMM_ID];
	uint64_t count = 0;

	if (!dimm)
		return 0;
	dimm->struct_size = sizeof(*dimm);
	dimm->name = keep_copy(modules->keep, name);
	if (!dimm_id(dir, id) && *id)
		dimm->id = keep_copy(modules->keep, id);
	int error = dimm_unsafe_shutdowns(dir, &count);
	if (!error && count > INT64_MAX)
		error = -EBADMSG;
	dimm->unsafe_shutdowns = regions_answer(
		modules->keep, error, (int64_t)count, "the count of unsafe shutdowns", false);
	keep_append(modules->keep, &modules->list, dimm);
	return 0;
}

static void add_modules(struct keep *keep, struct holdfast_region *told, int region)
{
	struct modules modules = {.keep = keep};

	if (dimm_each(region, add_module, &modules))
		told->dimms_why = keep_copy(keep, err_get());
	else if (!modules.list.count)
		told->dimms_why = "the kernel lists no modules for it";
	told->dimm_count = modules.list.count;
	told->dimms = (const struct holdfast_dimm *const *)modules.list.items;
}

const struct holdfast_region *regions_describe(struct keep *keep, const char *sysfs, int region)
{
	struct holdfast_region *told = keep_new(keep, sizeof(*told));
	struct region promise = region_read(sysfs, region);
	char name[SYSFS_NAME];

	if (!told)
		return NULL;
	*told = (struct holdfast_region){
		.struct_size = sizeof(*told),
		.name = sysfs_name(region, name) ? "a region" : keep_copy(keep, name),
		.memory = (enum holdfast_memory)provider_of_region(sysfs, region),
		.domain = domain_of(promise.domain),
		.deep_flush = (enum holdfast_deep_flush)deepflush_state(region).state,
		.is_volatile = promise.is_volatile,
		.size = number_of(keep, region, "size", "the size"),
		.numa_node = node_of(keep, region),
		.read_only = number_of(keep, region, "read_only", "whether it is read-only"),
		.bad_sectors = bad_sectors_of(keep, region),
	};
	add_modules(keep, told, region);
	return told;
}

struct describing {
	struct keep *keep;
	struct keep_list *list;
	const char *sysfs;
};

static int describe(int region, void *context)
{
	struct describing *to = context;

	keep_append(to->keep, to->list, regions_describe(to->keep, to->sysfs, region));
	return 0;
}

void regions_under(
	struct keep *keep, struct keep_list *list, const struct device *device, const char *sysfs)
{
	struct describing to = {keep, list, sysfs};

	if (device_regions(device, sysfs, describe, &to, NULL))
		keep->failed = true; /* there is no other failure than a lack of memory */
}

static int describe_entry(int devices, const char *name, void *context)
{
	struct describing *to = context;

	if (strncmp(name, "region", 6))
		return 0;
	int region = openat(devices, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (region < 0)
		return 0;
	/* Regions are also found by what only they have: "mappings". */
	if (sysfs_has(region, "mappings"))
		describe(region, to);
	close(region);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct holdfast_region *const *one = a, *const *other = b;

	return strverscmp((*one)->name, (*other)->name);
}

void regions_of_machine(struct keep *keep, struct keep_list *list, const char *sysfs)
{
	struct describing to = {keep, list, sysfs};
	int root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return;
	sysfs_each(root, "bus/nd/devices", describe_entry, &to);
	close(root);
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), by_number);
}
