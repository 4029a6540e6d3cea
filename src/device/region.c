/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/region.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "device/sysfs.h"

/* Stacks of block devices are a few levels high; a loop in a made-up tree would be endless. */
#define STACK_DEPTH 8

/* Only regions have "mappings": neither their bus nor the namespaces in them do. */
static bool is_region(int dir)
{
	return sysfs_subsystem_is(dir, "nd") && sysfs_has(dir, "mappings");
}

static bool is_volatile(int region)
{
	char type[SYSFS_VALUE];

	return !sysfs_read(region, "devtype", type) && !strcmp(type, "nd_volatile");
}

static enum region_domain domain_of(int region)
{
	char domain[SYSFS_VALUE];

	if (sysfs_read(region, "persistence_domain", domain))
		return REGION_DOMAIN_UNKNOWN;
	if (!strcmp(domain, "cpu_cache"))
		return REGION_DOMAIN_CPU_CACHE;
	if (!strcmp(domain, "memory_controller"))
		return REGION_DOMAIN_MEMORY_CONTROLLER;
	return REGION_DOMAIN_UNKNOWN;
}

/* The bus above names the driver that provides it. */
static bool is_flushed_by_host(const char *sysfs, int region)
{
	char provider[SYSFS_VALUE];
	int bus = sysfs_parent_open(sysfs, region);

	if (bus < 0)
		return false;
	bool virtio = !sysfs_read(bus, "provider", provider) && !strcmp(provider, "virtio-pmem");
	close(bus);
	return virtio;
}

/* The nearest region on the way up from a device's directory, which is closed. */
static struct region region_above(const char *sysfs, int dir)
{
	struct region region = {.found = false};

	while (dir >= 0) {
		if (is_region(dir)) {
			region.found = true;
			region.is_volatile = is_volatile(dir);
			region.flushed_by_host = is_flushed_by_host(sysfs, dir);
			region.domain = domain_of(dir);
			close(dir);
			break;
		}
		int parent = sysfs_parent_open(sysfs, dir);
		close(dir);
		dir = parent;
	}
	return region;
}

static struct region weaker(struct region a, struct region b)
{
	return (struct region){
		.found = a.found && b.found,
		.is_volatile = a.is_volatile || b.is_volatile,
		.flushed_by_host = a.flushed_by_host || b.flushed_by_host,
		.domain = a.domain < b.domain ? a.domain : b.domain,
	};
}

static struct region region_below(const char *sysfs, int device, int depth);

/* What the devices listed in slaves/ have in common; none found if there are none. */
static struct region region_of_slaves(const char *sysfs, int device, int depth)
{
	struct region all = {.found = false};
	bool first = true;
	int fd = openat(device, "slaves", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *slaves = fd < 0 ? NULL : fdopendir(fd);

	if (!slaves) {
		if (fd >= 0)
			close(fd);
		return all;
	}
	for (struct dirent *entry; (entry = readdir(slaves));) {
		if (entry->d_name[0] == '.')
			continue;
		int slave = openat(fd, entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		struct region one = region_below(sysfs, slave, depth + 1);
		all = first ? one : weaker(all, one);
		first = false;
	}
	closedir(slaves);
	return all;
}

/* A device's own region or else that of what it is built on. `device` is closed. */
static struct region region_below(const char *sysfs, int device, int depth)
{
	struct region none = {.found = false};

	if (device < 0 || depth > STACK_DEPTH) {
		if (device >= 0)
			close(device);
		return none;
	}
	struct region region = region_of_slaves(sysfs, device, depth);
	if (region.found) {
		close(device);
		return region;
	}
	return region_above(sysfs, device);
}

struct region region_under(const char *sysfs, const char *type, dev_t number)
{
	return region_below(sysfs, sysfs_device_open(sysfs, type, number), 0);
}
