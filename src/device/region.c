/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/region.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "device/provider.h"
#include "device/sysfs.h"

int region_is_volatile(int region)
{
	char type[SYSFS_VALUE];
	int error = sysfs_read(region, "devtype", type);

	if (error)
		return error == -ENOENT ? 0 : -1;
	return !strcmp(type, "nd_volatile");
}

/*
 * Returns true if the module or an administrator has made the region read-only, false also if the
 * kernel does not have this attribute.
 */
static bool is_read_only(int region)
{
	char value[SYSFS_VALUE];

	return !sysfs_read(region, "read_only", value) && strcmp(value, "0");
}

static enum region_domain domain_of(int region)
{
	char domain[SYSFS_VALUE];

	int error = sysfs_read(region, "persistence_domain", domain);
	/*
	 * If the name of the persistence domain is too long, the library does not know this
	 * domain.
	 */
	if (error)
		return error == -ENOENT || error == -EMSGSIZE ? REGION_DOMAIN_UNKNOWN
							      : REGION_DOMAIN_UNREADABLE;
	if (!strcmp(domain, "cpu_cache"))
		return REGION_DOMAIN_CPU_CACHE;
	if (!strcmp(domain, "memory_controller"))
		return REGION_DOMAIN_MEMORY_CONTROLLER;
	return REGION_DOMAIN_UNKNOWN;
}

struct region region_read(const char *sysfs, int region)
{
	return (struct region){
		.found = true,
		.is_volatile = region_is_volatile(region) > 0,
		.flushed_by_host = provider_of_region(sysfs, region) == MEMORY_VIRTIO_PMEM,
		.read_only = is_read_only(region),
		.domain = domain_of(region),
		.count = 1,
	};
}

struct region region_weaker(struct region a, struct region b)
{
	return (struct region){
		.found = true,
		.is_volatile = a.is_volatile || b.is_volatile,
		.flushed_by_host = a.flushed_by_host || b.flushed_by_host,
		.read_only = a.read_only || b.read_only,
		.domain = a.domain < b.domain ? a.domain : b.domain,
		.count = a.count + b.count,
	};
}

struct reading {
	const char *sysfs;
	struct region all;
};

static int add_region(int dir, void *context)
{
	struct reading *reading = context;
	struct region one = region_read(reading->sysfs, dir);

	reading->all = reading->all.found ? region_weaker(reading->all, one) : one;
	return 0;
}

struct region region_under(const char *sysfs, const char *type, dev_t number)
{
	const struct region none = {.found = false};
	struct reading reading = {.sysfs = sysfs};
	enum walk_cover cover;

	if (walk_regions(sysfs, type, number, add_region, &reading, &cover) || cover != WALK_ALL)
		return none;
	return reading.all;
}

int region_numa_node(int region, int *node)
{
	return sysfs_read_int(region, "numa_node", node);
}
