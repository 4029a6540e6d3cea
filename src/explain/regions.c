/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/regions.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/err.h"
#include "device/badlist.h"
#include "device/dimm.h"
#include "device/memory.h"
#include "device/sysfs.h"

/* The values of the public enums must equal those of the internal enums. */
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
				    : keep_text(keep, "the kernel does not report %s", what),
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

enum holdfast_domain regions_domain(const struct region *region)
{
	if (!region->found)
		return HOLDFAST_DOMAIN_NONE;
	switch (region->domain) {
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

/* Copy the flags that the module's firmware reports, and count the flags that mean trouble. */
static void describe_flags(struct keep *keep, struct holdfast_dimm *told, int dir)
{
	struct dimm_flags flags = {.all = NULL};
	int error = dimm_flags(dir, &flags);

	told->faults = regions_answer(
		keep, error, flags.count, "the flags of the module's firmware", false);
	if (error)
		return;
	told->flags = keep_copy(keep, flags.all);
	told->fault_flags = keep_copy(keep, flags.faults);
	if (!flags.count && flags.has_unknown)
		told->faults = (struct holdfast_number){HOLDFAST_UNREADABLE, -EBADMSG, 0,
			keep_text(keep,
				"the flags \"%s\" of the module include one of unknown meaning",
				told->flags)};
	dimm_flags_fini(&flags);
}

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
	describe_flags(modules->keep, dimm, dir);
	keep_append(modules->keep, &modules->list, dimm);
	return 0;
}

static struct holdfast_number plus(struct holdfast_number a, struct holdfast_number b)
{
	if (a.answer != HOLDFAST_ANSWERED || b.answer != HOLDFAST_ANSWERED)
		return a.answer != HOLDFAST_ANSWERED ? a : b;
	if (__builtin_add_overflow(a.value, b.value, &a.value))
		return (struct holdfast_number){.answer = HOLDFAST_UNREADABLE,
			.error = -EBADMSG,
			.why = "the count of unsafe shutdowns is out of range"};
	return a;
}

/*
 * Sum the unsafe shutdowns of a region's modules. The sum is unknown if the count of one module is
 * unknown, or if the kernel does not tell which modules the region has.
 */
static struct holdfast_number sum_of_modules(
	struct keep *keep, const struct holdfast_region *region, int error)
{
	struct holdfast_number sum = {.answer = HOLDFAST_ANSWERED};

	if (error)
		return (struct holdfast_number){HOLDFAST_UNREADABLE, error, 0, region->dimms_why};
	if (!region->dimm_count)
		return (struct holdfast_number){.answer = HOLDFAST_UNSUPPORTED,
			.why = keep_text(
				keep, "the kernel knows no memory modules of %s", region->name)};
	for (size_t i = 0; i < region->dimm_count; i++) {
		const struct holdfast_dimm *dimm = region->dimms[i];
		struct holdfast_number one = dimm->unsafe_shutdowns;
		if (one.why)
			one.why = keep_text(keep, "module %s: %s", dimm->name, one.why);
		sum = plus(sum, one);
	}
	return sum;
}

/* Describe the modules of a region. Returns the sum of their unsafe shutdowns. */
static struct holdfast_number add_modules(
	struct keep *keep, struct holdfast_region *told, int region)
{
	struct modules modules = {.keep = keep};
	int error = dimm_each(region, add_module, &modules);

	if (error)
		told->dimms_why = keep_copy(keep, err_get());
	else if (!modules.list.count)
		told->dimms_why = "the kernel lists no memory modules for this region";
	told->dimm_count = modules.list.count;
	told->dimms = (const struct holdfast_dimm *const *)modules.list.items;
	return sum_of_modules(keep, told, error);
}

struct reading {
	struct keep *keep;
	const char *sysfs;
	struct regions *to;
};

static void describe(const struct reading *reading, struct holdfast_region *told, int region,
	const struct region *promise, const struct deepflush *deep_flush)
{
	struct keep *keep = reading->keep;
	char name[SYSFS_NAME];

	*told = (struct holdfast_region){
		.struct_size = sizeof(*told),
		.name = sysfs_name(region, name) ? "a region" : keep_copy(keep, name),
		.memory = (enum holdfast_memory)provider_of_region(reading->sysfs, region),
		.domain = regions_domain(promise),
		.deep_flush = (enum holdfast_deep_flush)deep_flush->state,
		.is_volatile = region_is_volatile(region),
		.size = number_of(keep, region, "size", "the size"),
		.numa_node = node_of(keep, region),
		.read_only = number_of(keep, region, "read_only", "whether it is read-only"),
		.bad_sectors = bad_sectors_of(keep, region),
	};
}

static struct holdfast_number same_node(
	struct keep *keep, struct holdfast_number a, struct holdfast_number b)
{
	char one[24], other[24];

	if (a.answer != HOLDFAST_ANSWERED || b.answer != HOLDFAST_ANSWERED)
		return a.answer != HOLDFAST_ANSWERED ? a : b;
	if (a.value == b.value)
		return a;
	snprintf(one, sizeof(one), "%" PRId64, a.value);
	snprintf(other, sizeof(other), "%" PRId64, b.value);
	return (struct holdfast_number){.answer = HOLDFAST_UNSUPPORTED,
		.why = keep_text(
			keep, "its regions are on different NUMA nodes: %s and %s", one, other)};
}

static void add_region(const struct reading *reading, const struct holdfast_region *told,
	const struct region *promise, const struct deepflush *deep_flush,
	struct holdfast_number unsafe_shutdowns)
{
	struct regions *to = reading->to;
	bool is_first = !to->list.count;

	to->all = is_first ? *promise : region_weaker(to->all, *promise);
	to->memory = is_first || to->memory == told->memory ? told->memory : HOLDFAST_MEMORY_MIXED;
	if (is_first || deep_flush->state > to->deep_flush.state)
		to->deep_flush = *deep_flush;
	to->numa_node = is_first ? told->numa_node
				 : same_node(reading->keep, to->numa_node, told->numa_node);
	to->unsafe_shutdowns =
		is_first ? unsafe_shutdowns : plus(to->unsafe_shutdowns, unsafe_shutdowns);
	keep_append(reading->keep, &to->list, told);
}

static int read_region(int region, void *context)
{
	const struct reading *reading = context;
	struct holdfast_region *told = keep_new(reading->keep, sizeof(*told));
	struct region promise = region_read(reading->sysfs, region);
	struct deepflush deep_flush = deepflush_state(region);

	if (!told)
		return 0;
	describe(reading, told, region, &promise, &deep_flush);
	add_region(reading, told, &promise, &deep_flush, add_modules(reading->keep, told, region));
	return 0;
}

static struct holdfast_number no_region(
	struct keep *keep, const struct device *device, bool is_hidden)
{
	char name[DEVICE_NAME];

	if (device->kind == DEVICE_FILE && !major(device->number))
		return (struct holdfast_number){.answer = HOLDFAST_UNSUPPORTED,
			.why = "the kernel reports this only for a file on a single block device"};
	device_name(device, name);
	if (is_hidden)
		return (struct holdfast_number){HOLDFAST_UNREADABLE, -ENOENT, 0,
			keep_text(keep, "sysfs does not show %s, or not all that it is built on",
				name)};
	return (struct holdfast_number){.answer = HOLDFAST_UNSUPPORTED,
		.why = keep_text(keep, "not all of %s lies on regions of persistent memory", name)};
}

/*
 * Reset the values that hold for all regions together, because a part of the device lies in no
 * region.
 */
static void without_region(
	struct regions *regions, struct keep *keep, const struct device *device, const char *sysfs)
{
	bool is_made_up = device->kind == DEVICE_FILE && !major(device->number);

	regions->all = (struct region){.found = false};
	regions->is_hidden = regions->cover == WALK_UNKNOWN && !is_made_up;
	regions->numa_node = regions->unsafe_shutdowns =
		no_region(keep, device, regions->is_hidden);
	if (regions->is_hidden)
		regions->why = regions->numa_node.why;
	regions->memory = regions->cover == WALK_PARTLY
				  ? HOLDFAST_MEMORY_MIXED
				  : (enum holdfast_memory)memory_under(device, sysfs);
}

void regions_admit_gap(struct regions *regions, const struct device *device)
{
	if (device->kind != DEVICE_FILE || major(device->number))
		return;
	regions->why = "not all storage of this file system can be seen here";
	regions->numa_node = regions->unsafe_shutdowns =
		(struct holdfast_number){HOLDFAST_UNREADABLE, -ENOENT, 0, regions->why};
}

void regions_under(
	struct regions *regions, struct keep *keep, const struct device *device, const char *sysfs)
{
	struct reading reading = {keep, sysfs, regions};

	*regions = (struct regions){.cover = WALK_UNKNOWN};
	if (device_regions(device, sysfs, read_region, &reading, &regions->cover))
		keep->failed = true; /* the walk can only fail for lack of memory */
	if (regions->cover != WALK_ALL)
		without_region(regions, keep, device, sysfs);
}

static int read_entry(int devices, const char *name, void *context)
{
	if (strncmp(name, "region", 6))
		return 0;
	int region = openat(devices, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (region < 0)
		return 0;
	/* Only regions have the attribute "mappings", other entries do not. */
	if (sysfs_has(region, "mappings"))
		read_region(region, context);
	close(region);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct holdfast_region *const *one = a, *const *other = b;

	return strverscmp((*one)->name, (*other)->name);
}

static int module_by_number(const void *a, const void *b)
{
	const struct holdfast_dimm *const *one = a, *const *other = b;

	return strverscmp((*one)->name, (*other)->name);
}

static int read_module(int devices, const char *name, void *context)
{
	if (strncmp(name, "nmem", 4))
		return 0;
	int dimm = openat(devices, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dimm < 0)
		return 0;
	add_module(dimm, name, context);
	close(dimm);
	return 0;
}

void regions_all_modules(struct keep_list *list, struct keep *keep, const char *sysfs)
{
	struct modules modules = {.keep = keep};
	int root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*list = (struct keep_list){.count = 0};
	if (root < 0)
		return;
	sysfs_each(root, "bus/nd/devices", read_module, &modules);
	close(root);
	*list = modules.list;
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), module_by_number);
}

void regions_of_machine(struct regions *regions, struct keep *keep, const char *sysfs)
{
	struct reading reading = {keep, sysfs, regions};
	int root = open(sysfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	/*
	 * If sysfs has no folder bus/, sysfs is masked. If only bus/nd is missing, the machine has
	 * no persistent memory.
	 */
	*regions = (struct regions){.is_hidden = root < 0 || !sysfs_has(root, "bus")};
	if (regions->is_hidden)
		regions->why = "sysfs is not visible here (is /sys mounted, or masked?)";
	if (root < 0)
		return;
	sysfs_each(root, "bus/nd/devices", read_entry, &reading);
	close(root);
	if (regions->list.count)
		qsort(regions->list.items, regions->list.count, sizeof(*regions->list.items),
			by_number);
}
