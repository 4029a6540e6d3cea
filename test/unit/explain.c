/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.c - an explanation of a file, device or machine, its fields and text, is made from facts
 *
 * It says at which granularity stores become durable, why, what is in the way of MAP_SYNC (the
 * obstacle), and whether stores survive a power cut (the survival), as a whole and layer by layer.
 *
 * The trees of sysfs are made up from the kernel's documents
 * (Documentation/ABI/testing/sysfs-bus-nvdimm, sysfs-bus-nfit) and what virtual machines show.
 */
#include "explain/explain.h"

#include <errno.h>
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
 * Makes a region of 64 GiB. `domain`: the text of its persistence_domain; NULL: it has none; "":
 * it cannot be read, for it is a directory.
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

/* Makes disks of many drivers; some keep data, some do not, and some do not tell. */
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

/* Facts of a file on an XFS on this disk: an ext4 without a journal would promise less. */
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

static struct facts dax_device(unsigned minor_number)
{
	struct facts facts = facts_on(HOLDFAST_OBJECT_DAX_DEVICE, makedev(252, minor_number));

	facts.device.kind = DEVICE_DAX;
	facts.disk = 0;
	return facts;
}

/*
 * Checks that the survival is that of the weakest layer, and that storage that cannot be seen is
 * reported as unknown.
 */
static void check_whole(void)
{
	enum holdfast_survival weakest = HOLDFAST_SURVIVES;

	for (size_t i = 0; i < told->layer_count; i++)
		if (told->layers[i]->survival < weakest)
			weakest = told->layers[i]->survival;
	if (told->survival != weakest)
		ok(false, "%s: the survival, %s, is that of the weakest layer, %s", told->name,
			name_of_survival(told->survival), name_of_survival(weakest));
	if (told->regions_why && told->domain != HOLDFAST_DOMAIN_UNREADABLE)
		ok(false, "%s: a device that cannot be seen has an unreadable domain", told->name);
	if (told->regions_why && told->memory != HOLDFAST_MEMORY_UNKNOWN)
		ok(false, "%s: a device that cannot be seen is unknown memory", told->name);
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
		"%s: the granularity of durable stores is right", what);
	is_int(told->reason, reason, "%s: the reason for the granularity is right", what);
	is_int(told->obstacle, obstacle, "%s: the obstacle to MAP_SYNC is right", what);
	is_int(told->survival, survival,
		"%s: the answer whether stores survive power cuts is right", what);
}

static void regions(void)
{
	explain(file_on(EADR, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on eADR", PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_CPU_CACHE,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_ACCEPTED,
		"file on eADR: MAP_SYNC is reported as accepted");
	has_str(told->verdict, "as soon as they are visible",
		"file on eADR: the verdict says when stores are durable");
	has_str(told->text, "region0", "file on eADR: the text names the region");
	has_str(told->text, "NVDIMM", "file on eADR: the text names the kind of memory");
	has_str(told->text, "(eADR)", "file on eADR: the text says why the granularity is BYTE");
	has_str(told->text, "4 bad sectors",
		"file on eADR: the text has the number of bad sectors");
	has_str(told->text, "nmem0 has lost data in 3 power cuts",
		"file on eADR: the text names the module that has lost data");
	ok(!strstr(told->text, "nmem1"),
		"file on eADR: the text leaves out a module without faults");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_AVAILABLE,
		"file on eADR: a deep flush is available");
	is_int(told->numa_node.value, 1, "file on eADR: the NUMA node is reported");
	is_int(told->unsafe_shutdowns.value, 3,
		"file on eADR: unsafe shutdowns are the sum over all modules");
	is_int(told->region_count, 1, "file on eADR: there is one region");
	is_int(told->regions[0]->dimm_count, 2, "file on eADR: the region has two modules");
	is_int(told->regions[0]->size.value, 64LL << 30,
		"file on eADR: the size of the region is reported");
	is_int(told->regions[0]->bad_sectors.value, 4,
		"file on eADR: the bad sectors of the region are counted");

	explain(file_on(ADR, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on ADR", PMEM2_GRANULARITY_CACHE_LINE, HOLDFAST_REASON_MEMORY_CONTROLLER,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	has_str(told->text, told->cpu->flush, "file on ADR: the text names the flush instruction");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_NOT_NEEDED,
		"file on ADR: a deep flush is reported as not needed");
	is_int(told->unsafe_shutdowns.answer, HOLDFAST_UNSUPPORTED,
		"file on ADR: without modules, unsafe shutdowns are not counted");
	ok(told->unsafe_shutdowns.why && *told->unsafe_shutdowns.why,
		"file on ADR: the explanation says why unsafe shutdowns are not counted");
	is_int(told->regions[0]->bad_sectors.answer, HOLDFAST_UNSUPPORTED,
		"file on ADR: without a list of bad sectors their number is unsupported");

	explain(file_on(SILENT, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on a region without a domain", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_DOMAIN_UNKNOWN, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	has_str(told->text, "does not say",
		"file on a region without a domain: the text says that the platform does not say");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_ABSENT,
		"file on a region without a domain: a deep flush does not exist");

	explain(file_on(GARBLED, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on a region with an unreadable domain", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_DOMAIN_UNREADABLE, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->domain, HOLDFAST_DOMAIN_UNREADABLE,
		"file on a region with an unreadable domain: the domain is reported as unreadable");
	has_str(told->text, "could not be read",
		"file on a region with an unreadable domain: the text says that it could not be read");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_UNREADABLE,
		"file on a region with an unreadable domain: the deep flush is unreadable, too");
	is_int(told->deep_flush_error, -EBADMSG,
		"file on a region with an unreadable domain: the error of the deep flush is reported");
	is_int(told->numa_node.answer, HOLDFAST_UNREADABLE,
		"file on a region with an unreadable domain: the NUMA node is unreadable, too");
	is_int(told->numa_node.error, -EBADMSG,
		"file on a region with an unreadable domain: the error of the NUMA node is reported");

	explain(file_on(STACK, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on dm over eADR and ADR", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_MEMORY_CONTROLLER, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->region_count, 2, "file on dm over eADR and ADR: both regions are listed");
	has_str(told->text, "device-mapper device dm-0",
		"file on dm over eADR and ADR: the text names the device-mapper device");
	is_int(told->numa_node.answer, HOLDFAST_UNSUPPORTED,
		"file on dm over eADR and ADR: regions on two nodes have no common NUMA node");
	has_str(told->numa_node.why, "NUMA nodes",
		"file on dm over eADR and ADR: the explanation says why there is no NUMA node");
}

/* Obstacles: the reasons why MAP_SYNC is refused, or was not tried. */
static void obstacles(void)
{
	explain(file_on(ADR, FACTS_SYNC_REFUSED, "rw,dax=never"));
	is("mount with dax=never", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC,
		HOLDFAST_OBSTACLE_MOUNT, HOLDFAST_SURVIVES);
	has_str(told->text, "-o dax", "mount with dax=never: the text says what to do");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_PAGES,
		"mount with dax=never: a deep flush writes pages back");

	struct facts facts = file_on(ADR, FACTS_SYNC_REFUSED, "rw,relatime");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext3");
	facts.kernel = FACTS_KERNEL(5, 4, 0);
	tree_file("fs/ext4/pmem1/journal_task", "4711\n");
	explain(facts);
	is_int(told->obstacle, HOLDFAST_OBSTACLE_MOUNT,
		"ext3 on Linux 5.4, mounted without dax: the obstacle to MAP_SYNC is the mount");
	tree_file("fs/ext4/pmem1/journal_task", "<none>\n");
	explain(file_on(ADR, FACTS_NOT_TRIED, "rw,relatime"));
	is("a file whose DAX flag cannot be read, MAP_SYNC not tried", PMEM2_GRANULARITY_PAGE,
		HOLDFAST_REASON_MAP_SYNC_UNKNOWN, HOLDFAST_OBSTACLE_UNKNOWN, HOLDFAST_SURVIVES);
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_UNKNOWN,
		"a file whose DAX flag cannot be read, MAP_SYNC not tried: MAP_SYNC is unknown");
	facts = file_on(ADR, FACTS_SYNC_REFUSED, "rw,relatime");
	facts.marked = 0;
	explain(facts);
	is_int(told->obstacle, HOLDFAST_OBSTACLE_FILE,
		"mount with dax=inode: the obstacle to MAP_SYNC is the file, which has no DAX flag");
	has_str(told->text, "chattr +x", "mount with dax=inode: the text says what to do");

	facts = file_on(ADR, FACTS_NOT_TRIED, "rw,dax=inode");
	facts.marked = 1;
	explain(facts);
	is("a file with the DAX flag, MAP_SYNC not tried", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_MEMORY_CONTROLLER, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_WOULD_ACCEPT,
		"file opened with O_PATH: MAP_SYNC is reported as inferred");
	has_str(told->text, "not tried",
		"file opened with O_PATH: the text says that MAP_SYNC was not tried");

	explain(file_on(ADR, FACTS_SYNC_REFUSED, "rw,dax=always"));
	is_int(told->obstacle, HOLDFAST_OBSTACLE_UNKNOWN,
		"MAP_SYNC refused: without a visible reason the obstacle to it is unknown");
	explain(file_on(SECTOR, FACTS_SYNC_REFUSED, "rw"));
	is_int(told->obstacle, HOLDFAST_OBSTACLE_BLOCK_DAX,
		"disk in sector mode: the obstacle to MAP_SYNC is the block device");
	explain(file_on(PLAIN, FACTS_SYNC_REFUSED, "rw"));
	is_int(told->obstacle, HOLDFAST_OBSTACLE_STORAGE,
		"ordinary disk: the obstacle to MAP_SYNC is the storage");
	has_str(told->text, "nvme0n1", "ordinary disk: the text names the disk");
	explain(file_on(VIRTIO, FACTS_SYNC_REFUSED, "rw,dax=always"));
	is("virtio-pmem", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC,
		HOLDFAST_OBSTACLE_HOST, HOLDFAST_SURVIVES);
	explain(file_on(VOLATILE, FACTS_SYNC_REFUSED, "rw,dax=always"));
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"volatile region: nothing survives a power cut");
	explain(file_on(RAM, FACTS_SYNC_REFUSED, "rw"));
	is_int(told->survival, HOLDFAST_SURVIVES_NOT, "ram disk: nothing survives a power cut");
	has_str(told->verdict, "do not survive",
		"ram disk: the verdict says that stores do not survive");
	explain(file_on(PLAIN, FACTS_SYNC_REFUSED, "rw,nobarrier"));
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"disk mounted with nobarrier: it is unknown if stores survive power cuts");

	facts = file_on(ADR, FACTS_SYNC_ACCEPTED, "rw,dax=always");
	facts.can_flush = false;
	explain(facts);
	is("a CPU without a flush", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_CPU_FLUSH,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
}

/* A disk counts as durable only if sysfs shows something that it can be trusted for. */
static void media(void)
{
	static const struct {
		enum disks disk;
		enum holdfast_survival survival;
		const char *what;
		const char *in_text;
	} rows[] = {
		{PLAIN, HOLDFAST_SURVIVES, "NVMe on PCI Express", "relies on the drive"},
		{ATA, HOLDFAST_SURVIVES, "a disk on ATA", "relies on the drive"},
		{VIRTIO_BLK, HOLDFAST_SURVIVES, "a virtio disk",
			"relies on the host of this virtual machine"},
		{ATA_UNFLUSHED, HOLDFAST_SURVIVES_UNKNOWN, "a disk whose flushes are switched off",
			"queue/write_cache"},
		{SCSI_DEBUG, HOLDFAST_SURVIVES_NOT, "scsi_debug", "scsi_debug"},
		{ISCSI, HOLDFAST_SURVIVES_ELSEWHERE, "iSCSI", "iSCSI session"},
		{NVME_TCP, HOLDFAST_SURVIVES_ELSEWHERE, "NVMe over TCP", "network"},
		{MTD_RAM, HOLDFAST_SURVIVES_NOT, "an MTD of type ram", "of type ram"},
		{NULL_BLK, HOLDFAST_SURVIVES_NOT, "null_blk", "null_blk"},
		{NBD, HOLDFAST_SURVIVES_ELSEWHERE, "a network block device (nbd)", "nbd"},
		{STRANGE, HOLDFAST_SURVIVES_UNKNOWN, "a disk of an unknown driver", "not known"},
		{NAMELESS_MAPPER, HOLDFAST_SURVIVES_UNKNOWN, "device-mapper without a uuid",
			"only root is told"},
		{PLAIN_CRYPT, HOLDFAST_SURVIVES_UNKNOWN, "plain dm-crypt", "random"},
		{LOWEST_MAPPER, HOLDFAST_SURVIVES_UNKNOWN, "device-mapper over no visible device",
			"what it is built on"},
		{UNFLUSHED_RAID, HOLDFAST_SURVIVES_UNKNOWN, "RAID whose flushes are switched off",
			"passes no flush on"},
		{LEGACY, HOLDFAST_SURVIVES_UNKNOWN,
			"memory reserved by memmap=", "nobody but the command line"},
		{NOWHERE, HOLDFAST_SURVIVES_UNKNOWN, "a disk that sysfs does not show",
			"masked, or the disk was unplugged"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		explain(file_on(rows[i].disk, FACTS_SYNC_REFUSED, "rw"));
		is_int(told->survival, rows[i].survival,
			"%s: the answer whether stores survive power cuts is right", rows[i].what);
		has_str(told->text, rows[i].in_text, "%s: the text says why", rows[i].what);
	}
	is_int(told->unsafe_shutdowns.answer, HOLDFAST_UNREADABLE,
		"a disk that sysfs does not show: unsafe shutdowns are unknown, not none");
	is_int(told->memory, HOLDFAST_MEMORY_UNKNOWN,
		"a disk that sysfs does not show: the kind of memory is unknown");
	is_int(told->domain, HOLDFAST_DOMAIN_UNREADABLE,
		"a disk that sysfs does not show: the domain is unreadable, not none");
	is_int(told->obstacle, HOLDFAST_OBSTACLE_UNKNOWN,
		"a disk that sysfs does not show: the obstacle to MAP_SYNC is unknown, not the storage");
	ok(told->regions_why != NULL,
		"a disk that sysfs does not show: the explanation says why regions are not known");
	explain(file_on(NOWHERE, FACTS_NOT_TRIED, "rw"));
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_UNKNOWN,
		"a disk that sysfs does not show, not tried: MAP_SYNC is unknown, not refused");
	is_int(told->needed_reason, HOLDFAST_REASON_MAP_SYNC_UNKNOWN,
		"a disk that sysfs does not show, not tried: page granularity is an assumption");
	explain(facts_on(HOLDFAST_OBJECT_BLOCK_DEVICE, makedev(259, NOWHERE)));
	is_int(told->size.answer, HOLDFAST_UNREADABLE,
		"a block device that sysfs does not show: the size is unreadable");
	is_int(told->needed_reason, HOLDFAST_REASON_MAP_SYNC_UNKNOWN,
		"a block device that sysfs does not show: page granularity is an assumption");
	struct facts facts = file_on(NOWHERE, FACTS_NOT_TRIED, "rw,dax=always");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext2");
	facts.filesystem.can_sync = false;
	explain(facts);
	is_int(told->obstacle, HOLDFAST_OBSTACLE_UNKNOWN,
		"an ext2 whose driver sysfs does not show: the obstacle to MAP_SYNC is unknown");
	explain(facts_on(HOLDFAST_OBJECT_BLOCK_DEVICE, makedev(259, EMPTY)));
	has_str(told->not_storable, "no medium",
		"a block device of size 0: the explanation says why nothing can be stored");
}

/* A region whose devtype cannot be read, as for a process without rights. */
static void unreadable_region(void)
{
	const char *region = NFIT "region1";

	unlink(tree_path(NFIT "region1/devtype"));
	put(region, "devtype/inside", "");
	explain(file_on(ADR, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"a region whose type cannot be read: it is unknown if stores survive power cuts");
	is_int(told->regions[0]->is_volatile, -1,
		"a region whose type cannot be read: is_volatile is -1");
	unlink(tree_path(NFIT "region1/devtype/inside"));
	rmdir(tree_path(NFIT "region1/devtype"));
	put(region, "devtype", "nd_pmem\n");
}

static struct facts without_journal_on(enum disks disk, enum facts_trial trial, unsigned kernel)
{
	struct facts facts =
		file_on(disk, trial, trial == FACTS_SYNC_REFUSED ? "rw" : "rw,dax=always");

	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext4");
	facts.kernel = kernel;
	return facts;
}

/*
 * Survival of stores to allocated blocks of an ext4 without a journal, by version of Linux, as
 * seen in the lab.
 */
static void without_journal(void)
{
	static const struct {
		unsigned kernel;
		enum holdfast_survival written_back;
		const char *name;
	} seen[] = {
		{FACTS_KERNEL(6, 1, 0), HOLDFAST_SURVIVES_UNKNOWN, "6.1"},
		{FACTS_KERNEL(6, 12, 74), HOLDFAST_SURVIVES_UNKNOWN, "6.12.74"},
		{FACTS_KERNEL(6, 12, 85), HOLDFAST_SURVIVES, "6.12.85"},
		{FACTS_KERNEL(6, 13, 0), HOLDFAST_SURVIVES_UNKNOWN, "6.13"},
		{FACTS_KERNEL(6, 18, 15), HOLDFAST_SURVIVES_UNKNOWN, "6.18.15"},
		{FACTS_KERNEL(6, 18, 44), HOLDFAST_SURVIVES, "6.18.44"},
		{FACTS_KERNEL(7, 2, 12), HOLDFAST_SURVIVES_UNKNOWN, "7.2.12"},
		{FACTS_KERNEL(7, 3, 4), HOLDFAST_SURVIVES, "7.3.4"},
	};

	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		explain(without_journal_on(PLAIN, FACTS_SYNC_REFUSED, seen[i].kernel));
		is_int(told->survival, seen[i].written_back,
			"ext4 without a journal on Linux %s: stores after msync survive power cuts or not as in the lab",
			seen[i].name);
		explain(without_journal_on(ADR, FACTS_SYNC_ACCEPTED, seen[i].kernel));
		is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
			"ext4 without a journal on Linux %s: it is unknown if stores with MAP_SYNC survive power cuts",
			seen[i].name);
		explain(without_journal_on(ADR, FACTS_NOT_TRIED, seen[i].kernel));
		is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
			"ext4 without a journal on Linux %s: it is unknown if stores survive power cuts where MAP_SYNC was not tried",
			seen[i].name);
	}
	has_str(told->verdict, "without a journal",
		"ext4 without a journal: the verdict says that it has no journal");
	is_str(told->layers[1]->what, "no journal",
		"ext4 without a journal: the missing journal is listed as a layer");
}

/* Options and states of a file system that make stores to it less safe, or impossible. */
static void spoiled(void)
{
	static const struct {
		const char *type, *options;
		enum filesystem_class class;
	} rows[] = {{"ext4", "rw,nobarrier", FILESYSTEM_DISK},
		{"ext4", "rw,barrier=0", FILESYSTEM_DISK},
		{"reiserfs", "rw,barrier=none", FILESYSTEM_DISK},
		{"f2fs", "rw,fsync_mode=nobarrier", FILESYSTEM_DISK},
		{"jfs", "rw,nointegrity", FILESYSTEM_DISK},
		{"bcachefs", "rw,journal_flush_disabled", FILESYSTEM_DISK},
		{"cifs", "rw,nostrictsync", FILESYSTEM_NETWORK},
		{"smb3", "rw,nostrictsync", FILESYSTEM_NETWORK}};
	struct facts facts;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		facts = file_on(PLAIN, FACTS_SYNC_REFUSED, rows[i].options);
		free(facts.filesystem.type);
		facts.filesystem.type = strdup(rows[i].type);
		facts.filesystem.class = rows[i].class;
		explain(facts);
		is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
			"%s with %s: it is unknown if stores survive power cuts", rows[i].type,
			rows[i].options);
		bool served = rows[i].class == FILESYSTEM_NETWORK;
		has_str(told->verdict, served ? "mounted with nostrictsync" : "not flushed",
			"%s with %s: the verdict says why", rows[i].type, rows[i].options);
	}
	static const char *const unstorable[] = {"rw,emergency_ro", "rw,shutdown"};
	for (size_t i = 0; i < 2; i++) {
		explain(file_on(PLAIN, FACTS_SYNC_REFUSED, unstorable[i]));
		has_str(told->verdict, "nothing can be stored",
			"a file system with %s: the verdict says that nothing can be stored",
			unstorable[i]);
		ok(told->not_storable != NULL,
			"a file system with %s: the field not_storable is set", unstorable[i]);
	}
	facts = file_on(PLAIN, FACTS_SYNC_REFUSED, "rw");
	facts.locks.is_immutable = true;
	explain(facts);
	has_str(told->verdict, "immutable",
		"an immutable file: the verdict says that it is immutable");
	facts = file_on(PLAIN, FACTS_SYNC_REFUSED, "rw");
	facts.kept_name = FACTS_REMOVED;
	explain(facts);
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"a removed file: it does not survive a power cut");
	is_int(told->layers[0]->survival, HOLDFAST_SURVIVES_NOT,
		"a removed file: its first layer does not survive");
	has_str(told->layers[0]->what, "no name",
		"a removed file: its first layer says that it has no name");
	facts = file_on(PLAIN, FACTS_SYNC_REFUSED, "rw");
	facts.kept_name = FACTS_UNNAMED;
	explain(facts);
	is_int(told->survival, HOLDFAST_SURVIVES,
		"a file that has no name yet: it survives a power cut");
	has_str(told->condition, "only if it is given one",
		"a file that has no name yet: the condition is that it is given one");
	without_journal();
	facts = file_on(EADR, FACTS_SYNC_ACCEPTED, "rw,dax=always");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("btrfs");
	explain(facts);
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"btrfs whose devices cannot be listed: it is unknown if stores survive power cuts");
	/* An ext2 made by mke2fs without extents, mounted by ext4's driver, which can do DAX. */
	facts = file_on(ADR, FACTS_NOT_TRIED, "rw,dax=always");
	free(facts.filesystem.type);
	facts.filesystem.type = strdup("ext2");
	facts.filesystem.can_sync = false;
	explain(facts);
	is_int(told->map_sync, HOLDFAST_MAP_SYNC_WOULD_ACCEPT,
		"ext2 mounted by ext4's driver: MAP_SYNC would be accepted");
}

/*
 * A file on the real-time device of an XFS, which the domain of the data device does not apply to.
 */
static void realtime(void)
{
	struct facts facts = file_on(EADR, FACTS_SYNC_ACCEPTED, "rw,dax=always");

	facts.device.is_elsewhere = true;
	explain(facts);
	is_int(told->granularity, PMEM2_GRANULARITY_CACHE_LINE,
		"a real-time file of XFS: the granularity is not that of the data device");
	is_int(told->reason, HOLDFAST_REASON_REALTIME,
		"a real-time file of XFS: the reason is REALTIME");
}

static void filesystems(void)
{
	static const struct {
		enum filesystem_class class;
		enum holdfast_survival survival;
		const char *in_verdict;
	} rows[] = {
		{FILESYSTEM_RAM, HOLDFAST_SURVIVES_NOT, "main memory"},
		{FILESYSTEM_KERNEL, HOLDFAST_SURVIVES_NOT, "the kernel makes up"},
		{FILESYSTEM_NETWORK, HOLDFAST_SURVIVES_ELSEWHERE, "the server"},
		{FILESYSTEM_HOST, HOLDFAST_SURVIVES_ELSEWHERE, "the host"},
		{FILESYSTEM_DAEMON, HOLDFAST_SURVIVES_ELSEWHERE, "the program"},
		{FILESYSTEM_UNKNOWN, HOLDFAST_SURVIVES_UNKNOWN, "unknown type"},
		{FILESYSTEM_LAYERED, HOLDFAST_SURVIVES_UNKNOWN, "not visible here"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts facts =
			file_on(PLAIN, FACTS_SYNC_REFUSED, "rw,upperdir=/nowhere/at/all");
		facts.filesystem.class = rows[i].class;
		facts.filesystem.can_sync = false;
		facts.disk = 0;
		facts.device.number = 42;
		explain(facts);
		is("a file that is not on a disk", PMEM2_GRANULARITY_PAGE,
			HOLDFAST_REASON_NO_MAP_SYNC,
			rows[i].class == FILESYSTEM_UNKNOWN ? HOLDFAST_OBSTACLE_UNKNOWN
							    : HOLDFAST_OBSTACLE_FILE_SYSTEM,
			rows[i].survival);
		has_str(told->verdict, rows[i].in_verdict,
			"a file that is not on a disk: the verdict names what keeps the data");
	}
	/* Newer kernels list one option lowerdir+= for each lower layer. */
	struct facts listed =
		file_on(PLAIN, FACTS_SYNC_REFUSED, "ro,lowerdir+=/proc,lowerdir+=/nowhere");
	listed.filesystem.class = FILESYSTEM_LAYERED;
	listed.device.number = 42;
	explain(listed);
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"an overlay with an option for each lower layer: the weakest layer decides");
	is_int(told->layer_count, 3,
		"an overlay with an option for each lower layer: all layers are listed");
	static const char *const overlays[] = {
		"rw,volatile,upperdir=/nowhere", "rw,upperdir=/nowhere,fsync=volatile"};
	for (size_t i = 0; i < 2; i++) {
		struct facts facts = file_on(PLAIN, FACTS_SYNC_REFUSED, overlays[i]);
		facts.filesystem.class = FILESYSTEM_LAYERED;
		explain(facts);
		is_int(told->survival, HOLDFAST_SURVIVES_NOT,
			"a volatile overlay, %s: nothing survives a power cut", overlays[i]);
	}
	struct facts facts = file_on(PLAIN, FACTS_NOT_TRIED, "ro");
	facts.filesystem.read_only = true;
	explain(facts);
	has_str(told->verdict, "read-only",
		"a read-only file system: the verdict says that it is read-only");
}

static void devices(void)
{
	explain(dax_device(0));
	is("device DAX on eADR", PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_CPU_CACHE,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->size.value, 16LL << 30, "device DAX on eADR: its size is reported");
	is_int(told->alignment.value, 2 << 20, "device DAX on eADR: its alignment is reported");
	explain(dax_device(1));
	is_int(told->granularity, PMEM2_GRANULARITY_CACHE_LINE,
		"device DAX on ADR: the granularity is CACHE_LINE");
	explain(dax_device(5));
	is_int(told->map_error, PMEM2_E_NOSUPP, "device DAX on virtio-pmem: mapping is refused");
	is_int(told->reason, HOLDFAST_REASON_DAX_HOST_FLUSH,
		"device DAX on virtio-pmem: the reason is the host's flush");
	has_str(told->text, "the host", "device DAX on virtio-pmem: the text names the host");
	explain(dax_device(9));
	is_int(told->map_error, PMEM2_E_NOSUPP, "volatile CXL memory: mapping is refused");
	is_int(told->memory, HOLDFAST_MEMORY_CXL_VOLATILE,
		"volatile CXL memory: the kind of memory is reported");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"volatile CXL memory: nothing survives a power cut");
	has_str(told->text, "volatile CXL memory", "volatile CXL memory: the text names it");
	unlink(tree_path(NFIT "region0/dax0.0/dax0.1/driver"));
	explain(dax_device(0));
	is_int(told->reason, HOLDFAST_REASON_DAX_UNBOUND,
		"device DAX without a driver: the reason is DAX_UNBOUND");
	is_int(told->map_error, PMEM2_E_NOSUPP, "device DAX without a driver: mapping is refused");
	tree_link(NFIT "region0/dax0.0/dax0.1/driver", "../../bus/dax/drivers/kmem");
	explain(dax_device(0));
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"device DAX used as main memory: nothing survives a power cut");
	has_str(told->text, "kmem", "device DAX used as main memory: the text names the driver");
	unlink(tree_path(NFIT "region0/dax0.0/dax0.1/driver"));
	tree_link(NFIT "region0/dax0.0/dax0.1/driver", "../../bus/dax/drivers/fsdev_dax");
	explain(dax_device(0));
	is_int(told->reason, HOLDFAST_REASON_DAX_UNBOUND,
		"device DAX with the driver fsdev_dax: the reason is DAX_UNBOUND");
	unlink(tree_path(NFIT "region0/dax0.0/dax0.1/driver"));
	tree_link(NFIT "region0/dax0.0/dax0.1/driver", "../../bus/dax/drivers/device_dax");
	explain(dax_device(77));
	is_int(told->size.answer, HOLDFAST_UNREADABLE,
		"a DAX device that sysfs does not show: the size is unreadable");
	is_int(told->reason, HOLDFAST_REASON_DAX_UNSEEN,
		"a DAX device that sysfs does not show: the reason is DAX_UNSEEN");
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"a DAX device that sysfs does not show: it is unknown if stores survive power cuts");

	explain(facts_on(HOLDFAST_OBJECT_BLOCK_DEVICE, makedev(259, EADR)));
	is("a block device", PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_CPU_CACHE,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	has_str(told->verdict, "if the file system is mounted with DAX",
		"block device: the verdict holds if the file system is mounted with DAX");
	is_int(told->size.value, 64LL << 30, "block device: its size is reported");
	explain(facts_on(HOLDFAST_OBJECT_BLOCK_DEVICE, makedev(259, SECTOR)));
	is_int(told->obstacle, HOLDFAST_OBSTACLE_BLOCK_DAX,
		"block device in sector mode: the obstacle to MAP_SYNC is the device");
}

static void forced(void)
{
	setenv("PMEM2_FORCE_GRANULARITY", "BYTE", 1);
	explain(file_on(ADR, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is_int(told->granularity, PMEM2_GRANULARITY_BYTE,
		"PMEM2_FORCE_GRANULARITY: the granularity is the forced one");
	is_int(told->reason, HOLDFAST_REASON_FORCED,
		"PMEM2_FORCE_GRANULARITY: the reason is FORCED");
	is_int(told->needed, PMEM2_GRANULARITY_CACHE_LINE,
		"PMEM2_FORCE_GRANULARITY: the granularity that is needed is reported, too");
	is_int(told->needed_reason, HOLDFAST_REASON_MEMORY_CONTROLLER,
		"PMEM2_FORCE_GRANULARITY: the reason for the needed granularity is reported");
	has_str(told->text, "gives up durability",
		"PMEM2_FORCE_GRANULARITY: the text warns that durability is lost");
	explain(dax_device(5));
	is_int(told->map_error, 0,
		"PMEM2_FORCE_GRANULARITY: a device that would be refused is mapped");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"PMEM2_FORCE_GRANULARITY: stores to a device that would be refused do not survive");
	unsetenv("PMEM2_FORCE_GRANULARITY");
}

static void machine(void)
{
	struct holdfast_machine *all;

	tree_file("mountinfo",
		"20 1 259:1 / /mnt\\040one rw - ext4 /dev/pmem1 rw,dax=always\n"
		"21 1 259:1 /sub /again rw shared:2 - ext4 /dev/pmem1 rw,dax=always\n"
		"22 1 259:8 / / rw master:1 propagate_from:2 - ext4 /dev/nvme0n1 rw\n"
		"garbage\n");
	err_set(-EINVAL, "an earlier message");
	is_int(explain_machine(&all, tree_root, tree_path("mountinfo")), 0,
		"explain_machine: a made-up machine is explained");
	is_str(err_get(), "an earlier message",
		"explain_machine: the thread's last message is unchanged");
	is_int(all->region_count, 7, "explain_machine: all regions are listed");
	is_str(all->regions[5]->name, "region5", "explain_machine: regions are in order");
	is_int(all->auto_flush.answer, HOLDFAST_ANSWERED,
		"explain_machine: the question whether all caches survive is answered");
	is_int(all->auto_flush.value, 0, "explain_machine: not all caches of the machine survive");
	is_int(all->explanation_count, 14,
		"explain_machine: 9 disks on regions, 4 DAX devices and 1 file system are listed");
	is_str(all->explanations[0]->name, "/dev/dax0.1",
		"explain_machine: devices come first, by name");
	is_str(all->explanations[13]->name, "/mnt one",
		"explain_machine: mounted file systems come last, each once");
	bool can_flush = strcmp(all->cpu->flush, "none") != 0;
	is_int(all->explanations[13]->granularity,
		can_flush ? PMEM2_GRANULARITY_CACHE_LINE : PMEM2_GRANULARITY_PAGE,
		"explain_machine: a file system on persistent memory is explained");
	ok(!strstr(all->text, "nvme"), "explain_machine: ordinary disks are left out");
	has_str(all->text, "region0: 64 GiB, on NVDIMMs; the CPU's caches survive",
		"explain_machine: the text describes the regions");
	explain_machine_free(all);

	is_int(explain_machine(&all, "/nowhere/at/all", "/nowhere/either"), 0,
		"explain_machine without sysfs: it succeeds");
	is_int(all->region_count + all->explanation_count, 0,
		"explain_machine without sysfs: nothing is listed");
	is_int(all->auto_flush.answer, HOLDFAST_UNREADABLE,
		"explain_machine without sysfs: whether all caches survive is unreadable");
	ok(!strstr(all->text, "knows of no persistent memory"),
		"explain_machine without sysfs: the text does not claim that there is no memory");
	explain_machine_free(all);
}

/* Two machines recorded from Linux 7.2, whose DAX devices cannot be made durable. */
static void captured(void)
{
	struct facts dax = dax_device(0);

	tree_open();
	tree_load("captured-cxl-volatile");
	dax.device.number = makedev(251, 0);
	explain(dax);
	is_int(told->reason, HOLDFAST_REASON_DAX_NOT_PERSISTENT,
		"captured volatile CXL memory: the reason is DAX_NOT_PERSISTENT");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"captured volatile CXL memory: nothing survives a power cut");
	tree_close();
	tree_open();
	tree_load("captured-nvdimm-fsdev");
	dax.device.number = makedev(251, 1);
	explain(dax);
	is_int(told->reason, HOLDFAST_REASON_DAX_UNBOUND,
		"captured device DAX with the driver fsdev_dax: the reason is DAX_UNBOUND");
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"captured device DAX with the driver fsdev_dax: it is unknown if stores survive");
	tree_close();
}

int main(void)
{
	cpu_init();
	tree_open();
	make_machine();
	make_disks();
	regions();
	obstacles();
	media();
	unreadable_region();
	spoiled();
	realtime();
	filesystems();
	devices();
	forced();
	machine();
	tree_close();
	captured();
	explain_free(told);
	return tap_done();
}
