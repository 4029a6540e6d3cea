/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explained.h - make up a machine and facts about its files and devices, and check the explanations
 * that follow from them
 *
 *	explained_open();
 *	explain(file_on(ADR, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
 *	is_int(told->survival, HOLDFAST_SURVIVES, "...");
 *	explained_close();
 *
 * The trees of sysfs are made up from the kernel's documents
 * (Documentation/ABI/testing/sysfs-bus-nvdimm, sysfs-bus-nfit) and what virtual machines show.
 */
#ifndef TEST_UNIT_EXPLAINED_H
#define TEST_UNIT_EXPLAINED_H

#include "explain/explain.h"

#include <sys/sysmacros.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "explain/names.h"
#include "unit/tree.h"

#define NFIT "devices/platform/ACPI0012:00/ndbus0/"

static struct holdfast_explanation *told;

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	tree_file(path, text);
}

/*
 * Makes a region of 64 GiB. `domain` is the text of its persistence_domain; NULL: the region lacks
 * this attribute; "": the attribute is a directory, so that it cannot be read.
 */
static void make_region(const char *folder, const char *type, const char *domain)
{
	char path[256];
	const char *name = strrchr(folder, '/') + 1;

	put(folder, "mappings", "2\n");
	put(folder, "devtype", type);
	put(folder, "size", "68719476736\n");
	snprintf(path, sizeof(path), "%s/subsystem", folder);
	tree_link(path, "../../../../../bus/nd");
	if (domain && *domain)
		put(folder, "persistence_domain", domain);
	else if (domain)
		put(folder, "persistence_domain/inside", "");
	char target[256];
	snprintf(path, sizeof(path), "bus/nd/devices/%s", name);
	snprintf(target, sizeof(target), "../../../%s", folder);
	tree_link(path, target);
}

/* Makes a block device of 64 GiB, with DAX or without, in class/block and dev/block. */
static void make_disk(const char *folder, unsigned minor_number, bool dax)
{
	char path[256], target[256], text[32];
	const char *name = strrchr(folder, '/') + 1;

	put(folder, "size", "134217728\n");
	put(folder, "queue/dax", dax ? "1\n" : "0\n");
	snprintf(path, sizeof(path), "fs/ext4/%s/journal_task", name);
	tree_file(path, "<none>\n");
	snprintf(text, sizeof(text), "259:%u\n", minor_number);
	put(folder, "dev", text);
	snprintf(path, sizeof(path), "dev/block/259:%u", minor_number);
	snprintf(target, sizeof(target), "../../%s", folder);
	tree_link(path, target);
	snprintf(path, sizeof(path), "class/block/%s", name);
	tree_link(path, target);
}

static void make_dax_device(const char *folder, unsigned minor_number)
{
	char path[256], target[256], text[32];
	const char *name = strrchr(folder, '/') + 1;

	put(folder, "size", "17179869184\n");
	put(folder, "align", "2097152\n");
	snprintf(text, sizeof(text), "252:%u\n", minor_number);
	put(folder, "dev", text);
	snprintf(path, sizeof(path), "%s/driver", folder);
	tree_link(path, "../../bus/dax/drivers/device_dax");
	snprintf(path, sizeof(path), "dev/char/252:%u", minor_number);
	snprintf(target, sizeof(target), "../../%s", folder);
	tree_link(path, target);
	snprintf(path, sizeof(path), "bus/dax/devices/%s", name);
	snprintf(target, sizeof(target), "../../../%s", folder);
	tree_link(path, target);
}

enum disks {
	EADR,
	ADR,
	SILENT,
	GARBLED,
	VOLATILE,
	SECTOR,
	VIRTIO,
	STACK,
	PLAIN,
	RAM,
	ATA,
	ATA_UNFLUSHED,
	VIRTIO_BLK,
	SCSI_DEBUG,
	ISCSI,
	NVME_TCP,
	MTD_RAM,
	NULL_BLK,
	NBD,
	STRANGE,
	NAMELESS_MAPPER,
	PLAIN_CRYPT,
	LOWEST_MAPPER,
	UNFLUSHED_RAID,
	LEGACY,
	EMPTY,
	NOWHERE,
};

static void make_machine(void)
{
	tree_file(NFIT "provider", "ACPI.NFIT\n");
	make_region(NFIT "region0", "nd_pmem\n", "cpu_cache\n");
	put(NFIT "region0", "numa_node", "1\n");
	put(NFIT "region0", "deep_flush", "1\n");
	put(NFIT "region0", "read_only", "0\n");
	put(NFIT "region0", "badblocks", "8 3\n100 1\n");
	put(NFIT "region0", "mapping0", "nmem0,0,34359738368,0\n");
	put(NFIT "region0", "mapping1", "nmem1,0,34359738368,1\n");
	tree_file(NFIT "nmem0/nfit/id", "8089-a2-1748-00000001\n");
	tree_file(NFIT "nmem0/nfit/dirty_shutdown", "3\n");
	tree_file(NFIT "nmem1/nfit/id", "8089-a2-1748-00000002\n");
	tree_file(NFIT "nmem1/nfit/dirty_shutdown", "0\n");
	make_region(NFIT "region1", "nd_pmem\n", "memory_controller\n");
	put(NFIT "region1", "numa_node", "0\n");
	put(NFIT "region1", "deep_flush", "0\n");
	make_region(NFIT "region2", "nd_pmem\n", NULL);
	make_region(NFIT "region3", "nd_pmem\n", "");
	put(NFIT "region3", "deep_flush", "perhaps\n");
	put(NFIT "region3", "numa_node", "near\n");
	make_region(NFIT "region4", "nd_volatile\n", "cpu_cache\n");
	make_disk(NFIT "region0/namespace0.0/block/pmem0", EADR, true);
	make_disk(NFIT "region1/namespace1.0/block/pmem1", ADR, true);
	make_disk(NFIT "region2/namespace2.0/block/pmem2", SILENT, true);
	make_disk(NFIT "region3/namespace3.0/block/pmem3", GARBLED, true);
	make_disk(NFIT "region4/namespace4.0/block/pmem4", VOLATILE, true);
	make_disk(NFIT "region1/namespace1.1/block/pmem1.1s", SECTOR, false);
	make_dax_device(NFIT "region0/dax0.0/dax0.1", 0);
	make_dax_device(NFIT "region1/dax1.0/dax1.1", 1);

	tree_file("devices/pci0/virtio3/ndbus1/provider", "virtio-pmem\n");
	make_region("devices/pci0/virtio3/ndbus1/region5", "nd_pmem\n", NULL);
	make_disk("devices/pci0/virtio3/ndbus1/region5/namespace5.0/block/pmem5", VIRTIO, true);
	make_dax_device("devices/pci0/virtio3/ndbus1/region5/dax5.0/dax5.1", 5);

	tree_file("devices/pci0/cxl/region9/dax_region9/dax9.0/dax_region", "");
	tree_link("devices/pci0/cxl/region9/subsystem", "../../../../bus/cxl");
	make_dax_device("devices/pci0/cxl/region9/dax_region9/dax9.0", 9);

	make_disk("devices/virtual/block/dm-0", STACK, true);
	tree_link("devices/virtual/block/dm-0/slaves/pmem0",
		"../../../../../" NFIT "region0/namespace0.0/block/pmem0");
	tree_link("devices/virtual/block/dm-0/slaves/pmem1",
		"../../../../../" NFIT "region1/namespace1.0/block/pmem1");
	tree_file("devices/virtual/block/dm-0/dm/uuid", "LVM-0123\n");
	make_disk("devices/pci0/nvme0/nvme0n1", PLAIN, false);
	tree_link("devices/pci0/nvme0/nvme0n1/device", "..");
	tree_file("devices/pci0/nvme0/transport", "pcie\n");
	make_disk("devices/virtual/block/ram0", RAM, false);
}

/* Makes a SCSI disk below a folder; `cache` is the text of its queue/write_cache. */
static void make_scsi(
	const char *folder, const char *name, unsigned minor_number, const char *cache)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/block/%s", folder, name);
	make_disk(path, minor_number, false);
	put(path, "queue/write_cache", cache);
	put(folder, "scsi_disk/0:0:0:0/cache_type", "write back\n");
	snprintf(path, sizeof(path), "%s/block/%s/device", folder, name);
	tree_link(path, "../..");
	snprintf(path, sizeof(path), "%s/subsystem", folder);
	tree_link(path, "../../bus/scsi");
}

/*
 * Makes disks of many drivers. Some keep their data in a power cut, some do not, and for some this
 * is unknown.
 */
static void make_disks(void)
{
	tree_file("devices/pci0/ata1/ata_port/ata1/port_no", "1\n");
	make_scsi("devices/pci0/ata1/host0/target0:0:0/0:0:0:0", "sda", ATA, "write back\n");
	make_scsi("devices/pci0/ata1/host1/target1:0:0/1:0:0:0", "sdb", ATA_UNFLUSHED,
		"write through\n");
	make_disk("devices/pci0/virtio9/block/vda", VIRTIO_BLK, false);
	tree_link("devices/pci0/virtio9/block/vda/device", "../..");
	tree_link("devices/pci0/virtio9/subsystem", "../../../bus/virtio");
	tree_file("devices/pseudo_0/adapter0/host2/scsi_host/host2/proc_name", "scsi_debug\n");
	make_scsi("devices/pseudo_0/adapter0/host2/target2:0:0/2:0:0:0", "sdc", SCSI_DEBUG,
		"write back\n");
	tree_file("devices/platform/host3/session1/iscsi_session/session1/state", "LOGGED_IN\n");
	make_scsi("devices/platform/host3/session1/target3:0:0/3:0:0:0", "sdd", ISCSI,
		"write back\n");
	make_disk("devices/virtual/nvme1/nvme1n1", NVME_TCP, false);
	tree_link("devices/virtual/nvme1/nvme1n1/device", "..");
	tree_file("devices/virtual/nvme1/transport", "tcp\n");
	make_disk("devices/virtual/mtd/mtd0/mtdblock0", MTD_RAM, false);
	tree_link("devices/virtual/mtd/mtd0/mtdblock0/device", "..");
	tree_link("devices/virtual/mtd/mtd0/subsystem", "../../../../class/mtd");
	tree_file("devices/virtual/mtd/mtd0/type", "ram\n");
	make_disk("devices/virtual/block/nullb0", NULL_BLK, false);
	make_disk("devices/virtual/block/nbd0", NBD, false);
	make_disk("devices/virtual/block/whatever", STRANGE, false);
	make_disk("devices/virtual/block/empty", EMPTY, false);
	put("devices/virtual/block/empty", "size", "0\n");
	make_disk("devices/virtual/block/dm-7", NAMELESS_MAPPER, false);
	tree_link("devices/virtual/block/dm-7/slaves/sda",
		"../../../../pci0/ata1/host0/target0:0:0/0:0:0:0/block/sda");
	make_disk("devices/virtual/block/dm-8", PLAIN_CRYPT, false);
	tree_file("devices/virtual/block/dm-8/dm/uuid", "CRYPT-PLAIN-tmp\n");
	tree_link("devices/virtual/block/dm-8/slaves/sda",
		"../../../../pci0/ata1/host0/target0:0:0/0:0:0:0/block/sda");
	make_disk("devices/virtual/block/dm-9", LOWEST_MAPPER, false);
	tree_file("devices/virtual/block/dm-9/dm/uuid", "LVM-0123\n");
	make_disk("devices/virtual/block/md0", UNFLUSHED_RAID, false);
	tree_file("devices/virtual/block/md0/queue/write_cache", "write through\n");
	tree_link("devices/virtual/block/md0/slaves/sda",
		"../../../../pci0/ata1/host0/target0:0:0/0:0:0:0/block/sda");
	tree_file("devices/platform/e820_pmem/ndbus2/provider", "e820\n");
	make_region("devices/platform/e820_pmem/ndbus2/region7", "nd_pmem\n", NULL);
	make_disk(
		"devices/platform/e820_pmem/ndbus2/region7/namespace7.0/block/pmem7", LEGACY, true);
}

static struct facts facts_on(enum holdfast_object object, dev_t number)
{
	return (struct facts){
		.object = object,
		.sysfs = tree_root,
		.can_flush = true,
		.has_device = true,
		.device = {.kind = DEVICE_FILE, .number = number},
		.disk = number,
		.kernel = FACTS_KERNEL(6, 18, 44),
		.marked = -1,
	};
}

/*
 * Facts of a file on this disk. The file system is XFS, as an ext4 without a journal would promise
 * less.
 */
static struct facts file_on(enum disks disk, enum facts_trial trial, const char *options)
{
	struct facts facts = facts_on(HOLDFAST_OBJECT_FILE, makedev(259, disk));

	facts.name = strdup("/pmem/file");
	facts.size = 4096;
	facts.trial = trial;
	facts.has_filesystem = true;
	facts.filesystem = (struct filesystem){
		.class = FILESYSTEM_DISK,
		.can_sync = true,
		.type = strdup("xfs"),
		.point = strdup("/pmem"),
		.source = strdup("/dev/pmem"),
		.options = strdup(options),
	};
	return facts;
}

TAP_UNUSED static struct facts dax_device(unsigned minor_number)
{
	struct facts facts = facts_on(HOLDFAST_OBJECT_DAX_DEVICE, makedev(252, minor_number));

	facts.device.kind = DEVICE_DAX;
	facts.disk = 0;
	return facts;
}

/*
 * Checks that the answer whether stores survive a power cut is that for the weakest storage layer,
 * and that storage that cannot be seen is reported as unknown.
 */
static void check_whole(void)
{
	enum holdfast_survival weakest = HOLDFAST_SURVIVES;

	for (size_t i = 0; i < told->layer_count; i++)
		if (told->layers[i]->survival < weakest)
			weakest = told->layers[i]->survival;
	if (told->survival != weakest)
		ok(false,
			"%s: the answer whether stores survive a power cut, %s, is that for the weakest storage layer, %s",
			told->name, name_of_survival(told->survival), name_of_survival(weakest));
	if (told->regions_why && told->domain != HOLDFAST_DOMAIN_UNREADABLE)
		ok(false,
			"%s: the persistence domain of a device that sysfs does not show is unreadable",
			told->name);
	if (told->regions_why && told->memory != HOLDFAST_MEMORY_UNKNOWN)
		ok(false, "%s: a device that sysfs does not show has an unknown kind of memory",
			told->name);
}

static void explain(struct facts facts)
{
	explain_free(told);
	told = NULL;
	if (explain_facts(&told, &facts))
		bail("no explanation: %s", err_get());
	check_whole();
}

static void is(const char *what, enum pmem2_granularity granularity, enum holdfast_reason reason,
	enum holdfast_obstacle obstacle, enum holdfast_survival survival)
{
	ok(told->granularity == granularity && told->needed == granularity,
		"%s: the granularity that durable stores need is the expected one", what);
	is_int(told->reason, reason, "%s: the reason for the granularity is the expected one",
		what);
	is_int(told->obstacle, obstacle,
		"%s: the reason why MAP_SYNC is refused is the expected one", what);
	is_int(told->survival, survival,
		"%s: the answer whether stores survive power cuts is the expected one", what);
}

static void explained_open(void)
{
	cpu_init();
	tree_open();
	make_machine();
	make_disks();
}

static void explained_close(void)
{
	explain_free(told);
	told = NULL;
	tree_close();
}

#endif
