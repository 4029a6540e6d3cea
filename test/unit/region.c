/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * region.c - test how the NVDIMM region of a device is found by the device number. The sysfs trees
 * are made up from the kernel's Documentation/driver-api/nvdimm and drivers/nvdimm/region_devs.c.
 */
#include "device/region.h"

#include <sys/sysmacros.h>

#include "unit/tree.h"

#define BUS              "devices/platform/ACPI0012:00/ndbus0/"
#define TO_DEV           "../../"
#define NO_FLAGS         false, false, false
#define PROMISE(of, ...) ((struct region){true, __VA_ARGS__, of})

static void make_region(const char *name, const char *type, const char *domain)
{
	char path[256];

	snprintf(path, sizeof(path), BUS "%s/mappings", name);
	tree_file(path, "1\n");
	snprintf(path, sizeof(path), BUS "%s/devtype", name);
	tree_file(path, type);
	snprintf(path, sizeof(path), BUS "%s/subsystem", name);
	tree_link(path, "../../../../../bus/nd");
	snprintf(path, sizeof(path), BUS "%s/persistence_domain", name);
	if (domain)
		tree_file(path, domain);
}

/*
 * Makes a block device with the number 259:`number` in a region, and one partition with the next
 * number.
 */
static void make_disk(const char *region, const char *disk, unsigned number)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), BUS "%s/block/%s/%sp1/partition", region, disk, disk);
	tree_file(path, "1\n");
	snprintf(path, sizeof(path), "dev/block/259:%u", number);
	snprintf(target, sizeof(target), TO_DEV BUS "%s/block/%s", region, disk);
	tree_link(path, target);
	snprintf(path, sizeof(path), "dev/block/259:%u", number + 1);
	snprintf(target, sizeof(target), TO_DEV BUS "%s/block/%s/%sp1", region, disk, disk);
	tree_link(path, target);
}

static void make_stack(const char *name, unsigned number, const char *a, const char *b)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), "devices/virtual/block/%s/dev", name);
	tree_file(path, "254:0\n");
	snprintf(path, sizeof(path), "dev/block/254:%u", number);
	snprintf(target, sizeof(target), "../../devices/virtual/block/%s", name);
	tree_link(path, target);
	for (const char **under = (const char *[]){a, b, NULL}; *under; under++) {
		const char *last = strrchr(*under, '/');
		snprintf(path, sizeof(path), "devices/virtual/block/%s/slaves/%s", name, last + 1);
		snprintf(target, sizeof(target), "../../../../../%s", *under);
		tree_link(path, target);
	}
}

static void make_machine(void)
{
	tree_file(BUS "provider", "ACPI.NFIT\n");
	make_region("region0", "nd_pmem\n", "cpu_cache\n");
	make_region("region1", "nd_pmem\n", "memory_controller\n");
	make_region("region2", "nd_volatile\n", "cpu_cache\n");
	make_region("region3", "nd_pmem\n", NULL);
	make_region("region4", "nd_pmem\n", "cpu_cache and more\n");
	make_disk("region0/namespace0.0", "pmem0", 0);
	make_disk("region1/namespace1.0", "pmem1", 2);
	make_disk("region2/namespace2.0", "pmem2", 4);
	make_disk("region3/namespace3.0", "pmem3", 6);
	make_disk("region4/namespace4.0", "pmem4", 8);
	tree_file("devices/pci0/nvme0n1/size", "1\n");
	tree_link("dev/block/259:90", "../../devices/pci0/nvme0n1");

	make_stack("dm-0", 0, BUS "region0/namespace0.0/block/pmem0",
		BUS "region1/namespace1.0/block/pmem1");
	make_stack("dm-1", 1, BUS "region0/namespace0.0/block/pmem0", "devices/pci0/nvme0n1");
	make_stack("dm-2", 2, "devices/virtual/block/dm-0", NULL);
	tree_file("devices/virtual/block/dm-2/dm-2p1/partition", "1\n");
	tree_link("dev/block/254:4", "../../devices/virtual/block/dm-2/dm-2p1");
	make_stack("dm-5", 5, BUS "region0/namespace0.0/block/pmem0",
		BUS "region0/namespace0.0/block/pmem0/pmem0p1");
	make_stack("dm-3", 3, "devices/virtual/block/dm-3", NULL);

	tree_file("devices/pci0/virtio3/ndbus1/provider", "virtio-pmem\n");
	tree_file("devices/pci0/virtio3/ndbus1/region0/mappings", "0\n");
	tree_link("devices/pci0/virtio3/ndbus1/region0/subsystem", "../../../../../bus/nd");
	tree_file("devices/pci0/virtio3/ndbus1/region0/dax0.0/dax0.1/size", "4096\n");
	tree_link("dev/char/252:1", "../../devices/pci0/virtio3/ndbus1/region0/dax0.0/dax0.1");
	tree_file("devices/platform/hmem.0/dax1.0/size", "4096\n");
	tree_link("dev/char/252:2", "../../devices/platform/hmem.0/dax1.0");
}

/* Makes device-mapper devices, each on top of the previous one, and the first one on a region. */
static void make_tower(unsigned floors)
{
	char name[32], below[96] = BUS "region1/namespace1.0/block/pmem1";

	for (unsigned i = 0; i < floors; i++) {
		snprintf(name, sizeof(name), "dm-%u", 20 + i);
		make_stack(name, 20 + i, below, NULL);
		snprintf(below, sizeof(below), "devices/virtual/block/%s", name);
	}
}

static void is_region(
	const char *type, unsigned major, unsigned minor, struct region want, const char *name)
{
	struct region got = region_under(tree_root, type, makedev(major, minor));

	ok(got.found == want.found &&
			(!want.found || (got.domain == want.domain && got.count == want.count &&
						got.is_volatile == want.is_volatile &&
						got.flushed_by_host == want.flushed_by_host &&
						got.read_only == want.read_only)),
		"%s", name);
	if (got.found != want.found || got.domain != want.domain)
		diag("found %d, volatile %d, host %d, read-only %d, domain %d, of %u", got.found,
			got.is_volatile, got.flushed_by_host, got.read_only, got.domain, got.count);
}

/*
 * In podman's containers /sys/dev is hidden. Then a device must be found in class/block by its
 * attribute "dev".
 */
static void masked(void)
{
	const char *disk = BUS "region0/namespace0.0/block/pmem0";
	char path[256], target[256];

	snprintf(path, sizeof(path), "%s/dev", disk);
	tree_file(path, "8:16\n");
	is_region("block", 8, 16, (struct region){.found = false},
		"hidden /sys/dev: a disk without an entry in class/block is not found");
	snprintf(target, sizeof(target), "../../%s", disk);
	tree_link("class/block/garbage", "nowhere");
	tree_link("class/block/pmem0", target);
	is_region("block", 8, 16, PROMISE(1, NO_FLAGS, REGION_DOMAIN_CPU_CACHE),
		"hidden /sys/dev: a disk without an entry in dev/block is found in class/block");
	is_region("block", 8, 1, (struct region){.found = false},
		"hidden /sys/dev: a device number that no disk has is not found");
}

/* Tests a region whose attribute read_only is 1. */
static void read_only(void)
{
	tree_file(BUS "region0/read_only", "1\n");
	is_region("block", 259, 0, PROMISE(1, false, false, true, REGION_DOMAIN_CPU_CACHE),
		"region: a disk on a read-only region is read-only");
	is_region("block", 254, 0, PROMISE(2, false, false, true, REGION_DOMAIN_MEMORY_CONTROLLER),
		"region: a device-mapper device that is partly on a read-only region is read-only");
	tree_file(BUS "region0/read_only", "0\n");
}

int main(void)
{
	const struct region none = {.found = false};

	tree_open();
	make_machine();
	read_only();

	is_region("block", 259, 0, PROMISE(1, NO_FLAGS, REGION_DOMAIN_CPU_CACHE),
		"region: a disk on a region whose persistence domain is cpu_cache is found");
	is_region("block", 259, 1, PROMISE(1, NO_FLAGS, REGION_DOMAIN_CPU_CACHE),
		"region: a partition is on the region of its disk");
	is_region("block", 259, 2, PROMISE(1, NO_FLAGS, REGION_DOMAIN_MEMORY_CONTROLLER),
		"region: each of two regions of a machine can have a different persistence domain");
	is_region("block", 259, 4, PROMISE(1, true, false, false, REGION_DOMAIN_CPU_CACHE),
		"region: a volatile region is reported as volatile");
	is_region("block", 259, 6, PROMISE(1, NO_FLAGS, REGION_DOMAIN_UNKNOWN),
		"region: without a persistence_domain attribute the domain is unknown");
	is_region("block", 259, 8, PROMISE(1, NO_FLAGS, REGION_DOMAIN_UNKNOWN),
		"region: an unrecognised persistence_domain gives an unknown domain");
	is_region("block", 259, 90, none,
		"region: a disk that is not persistent memory has no region");
	is_region("block", 259, 99, none,
		"region: a device number that does not exist has no region");
	is_region("block", 0, 42, none,
		"region: the device number of a file system without a device has no region");
	is_region("block", 254, 0, PROMISE(2, NO_FLAGS, REGION_DOMAIN_MEMORY_CONTROLLER),
		"region: a device-mapper device on two regions has the weaker persistence domain of the two");
	is_region("block", 254, 1, none,
		"region: a device-mapper device on a region and an ordinary disk has no region");
	is_region("block", 254, 2, PROMISE(2, NO_FLAGS, REGION_DOMAIN_MEMORY_CONTROLLER),
		"region: a device-mapper device on a second one has the regions of the second");
	is_region("block", 254, 4, PROMISE(2, NO_FLAGS, REGION_DOMAIN_MEMORY_CONTROLLER),
		"region: a partition of a device-mapper device has the regions of the device");
	is_region("block", 254, 5, PROMISE(1, NO_FLAGS, REGION_DOMAIN_CPU_CACHE),
		"region: two devices on the same region count as one region");
	is_region("block", 254, 3, none,
		"region: a device-mapper device that contains itself has no region, and the search ends");
	make_tower(12);
	is_region("block", 254, 31, PROMISE(1, NO_FLAGS, REGION_DOMAIN_MEMORY_CONTROLLER),
		"region: the region below a stack of twelve device-mapper devices is found");
	masked();
	is_region("char", 252, 1, PROMISE(1, false, true, false, REGION_DOMAIN_UNKNOWN),
		"region: a DAX device of virtio-pmem has to be flushed by the host");
	is_region(
		"char", 252, 2, none, "region: a DAX device on soft-reserved memory has no region");

	tree_close();
	is_region("block", 259, 0, none, "region: without sysfs no device has a region");
	return tap_done();
}
