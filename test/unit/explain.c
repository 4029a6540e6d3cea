/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.c - tests that the explanation of a file, device or machine, with its fields and text,
 * follows from the facts that were found
 *
 * An explanation says at which granularity stores become durable, why, and what prevents MAP_SYNC
 * (the obstacle). survival.c tests what it says about power cuts.
 */
#include "unit/explained.h"

#include <errno.h>

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
		"file on eADR: the text names the NVDIMM that has lost data");
	ok(!strstr(told->text, "nmem1"),
		"file on eADR: the text leaves out an NVDIMM without faults");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_AVAILABLE,
		"file on eADR: a deep flush is available");
	is_int(told->numa_node.value, 1, "file on eADR: the NUMA node is reported");
	is_int(told->unsafe_shutdowns.value, 3,
		"file on eADR: the number of unsafe shutdowns is the sum over all NVDIMMs");
	is_int(told->region_count, 1, "file on eADR: there is one region");
	is_int(told->regions[0]->dimm_count, 2, "file on eADR: the region has two NVDIMMs");
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
		"file on ADR: if sysfs lists no NVDIMMs, unsafe shutdowns are reported as unsupported");
	ok(told->unsafe_shutdowns.why && *told->unsafe_shutdowns.why,
		"file on ADR: the explanation says why unsafe shutdowns are not counted");
	is_int(told->regions[0]->bad_sectors.answer, HOLDFAST_UNSUPPORTED,
		"file on ADR: without a list of bad sectors the number of bad sectors is reported as unsupported");

	explain(file_on(SILENT, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on a region without a persistence domain", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_DOMAIN_UNKNOWN, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	has_str(told->text, "does not say",
		"file on a region without a persistence domain: the text says that the platform does not report one");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_ABSENT,
		"file on a region without a persistence domain: a deep flush is reported as not offered");

	explain(file_on(GARBLED, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on a region with an unreadable persistence domain", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_DOMAIN_UNREADABLE, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->domain, HOLDFAST_DOMAIN_UNREADABLE,
		"file on a region with an unreadable persistence domain: the domain is reported as unreadable");
	has_str(told->text, "could not be read",
		"file on a region with an unreadable persistence domain: the text says that it could not be read");
	is_int(told->deep_flush, HOLDFAST_DEEP_FLUSH_UNREADABLE,
		"file on a region with unreadable attributes: the availability of a deep flush is unreadable");
	is_int(told->deep_flush_error, -EBADMSG,
		"file on a region with unreadable attributes: the error of reading deep_flush is reported");
	is_int(told->numa_node.answer, HOLDFAST_UNREADABLE,
		"file on a region with unreadable attributes: the NUMA node is reported as unreadable");
	is_int(told->numa_node.error, -EBADMSG,
		"file on a region with unreadable attributes: the error of reading the NUMA node is reported");

	explain(file_on(STACK, FACTS_SYNC_ACCEPTED, "rw,dax=always"));
	is("file on device-mapper over eADR and ADR", PMEM2_GRANULARITY_CACHE_LINE,
		HOLDFAST_REASON_MEMORY_CONTROLLER, HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->region_count, 2,
		"file on device-mapper over eADR and ADR: both regions are listed");
	has_str(told->text, "device-mapper device dm-0",
		"file on device-mapper over eADR and ADR: the text names the device-mapper device");
	is_int(told->numa_node.answer, HOLDFAST_UNSUPPORTED,
		"file on device-mapper over eADR and ADR: regions on two nodes have no common NUMA node");
	has_str(told->numa_node.why, "NUMA nodes",
		"file on device-mapper over eADR and ADR: the explanation says why there is no NUMA node");
}

/* Obstacles: the reasons why MAP_SYNC is refused, or was not tried. */
static void obstacles(void)
{
	explain(file_on(ADR, FACTS_SYNC_REFUSED, "rw,dax=never"));
	is("mount with dax=never", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_MAP_SYNC,
		HOLDFAST_OBSTACLE_MOUNT, HOLDFAST_SURVIVES);
	has_str(told->text, "-o dax",
		"mount with dax=never: the text recommends the mount option dax");
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
	has_str(told->text, "chattr +x", "mount with dax=inode: the text recommends chattr +x");

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
		"MAP_SYNC refused for no visible reason: the obstacle is reported as unknown");
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
		"ram disk: the verdict says that stores do not survive a power cut");
	explain(file_on(PLAIN, FACTS_SYNC_REFUSED, "rw,nobarrier"));
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"disk mounted with nobarrier: it is unknown if stores survive power cuts");

	facts = file_on(ADR, FACTS_SYNC_ACCEPTED, "rw,dax=always");
	facts.can_flush = false;
	explain(facts);
	is("a CPU without a flush", PMEM2_GRANULARITY_PAGE, HOLDFAST_REASON_NO_CPU_FLUSH,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
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

/*
 * A file on the real-time device of an XFS: the persistence domain of the data device does not
 * apply to this file.
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

static void devices(void)
{
	explain(dax_device(0));
	is("device DAX on eADR", PMEM2_GRANULARITY_BYTE, HOLDFAST_REASON_CPU_CACHE,
		HOLDFAST_OBSTACLE_NONE, HOLDFAST_SURVIVES);
	is_int(told->size.value, 16LL << 30,
		"device DAX on eADR: the size of the device is reported");
	is_int(told->alignment.value, 2 << 20,
		"device DAX on eADR: the alignment of the device is reported");
	explain(dax_device(1));
	is_int(told->granularity, PMEM2_GRANULARITY_CACHE_LINE,
		"device DAX on ADR: the granularity is CACHE_LINE");
	explain(dax_device(5));
	is_int(told->map_error, PMEM2_E_NOSUPP, "device DAX on virtio-pmem: mapping is refused");
	is_int(told->reason, HOLDFAST_REASON_DAX_HOST_FLUSH,
		"device DAX on virtio-pmem: the reported reason is that the host has to flush");
	has_str(told->text, "the host",
		"device DAX on virtio-pmem: the text mentions the host of the virtual machine");
	explain(dax_device(9));
	is_int(told->map_error, PMEM2_E_NOSUPP, "volatile CXL memory: mapping is refused");
	is_int(told->memory, HOLDFAST_MEMORY_CXL_VOLATILE,
		"volatile CXL memory: the kind of memory is reported");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"volatile CXL memory: nothing survives a power cut");
	has_str(told->text, "volatile CXL memory",
		"volatile CXL memory: the text names volatile CXL memory");
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
		"block device: the verdict is said to hold only if the file system on it is mounted with DAX");
	is_int(told->size.value, 64LL << 30, "block device: the size of the device is reported");
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
		"PMEM2_FORCE_GRANULARITY: the granularity that durable stores need is reported separately");
	is_int(told->needed_reason, HOLDFAST_REASON_MEMORY_CONTROLLER,
		"PMEM2_FORCE_GRANULARITY: the reason for the granularity that durable stores need is reported");
	has_str(told->text, "gives up durability",
		"PMEM2_FORCE_GRANULARITY: the text warns that durability is lost");
	explain(dax_device(5));
	is_int(told->map_error, 0,
		"PMEM2_FORCE_GRANULARITY: a device on which mapping is otherwise refused can be mapped");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"PMEM2_FORCE_GRANULARITY: stores to a device on which mapping is otherwise refused do not survive a power cut");
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
	is_str(all->regions[5]->name, "region5",
		"explain_machine: regions are in the order of their numbers");
	is_int(all->auto_flush.answer, HOLDFAST_ANSWERED,
		"explain_machine: the answer whether all CPU caches survive a power cut is known");
	is_int(all->auto_flush.value, 0,
		"explain_machine: not all CPU caches of the made-up machine survive a power cut");
	is_int(all->explanation_count, 14,
		"explain_machine: 9 disks on regions, 4 DAX devices and 1 file system are listed");
	is_str(all->explanations[0]->name, "/dev/dax0.1",
		"explain_machine: devices are listed first, in the order of their names");
	is_str(all->explanations[13]->name, "/mnt one",
		"explain_machine: mounted file systems are listed last, and only once if mounted twice");
	bool can_flush = strcmp(all->cpu->flush, "none") != 0;
	is_int(all->explanations[13]->granularity,
		can_flush ? PMEM2_GRANULARITY_CACHE_LINE : PMEM2_GRANULARITY_PAGE,
		"explain_machine: a file system on persistent memory is explained");
	ok(!strstr(all->text, "nvme"), "explain_machine: ordinary disks are left out");
	has_str(all->text, "region0: 64 GiB, on NVDIMMs; the CPU's caches survive",
		"explain_machine: the text describes the regions");
	explain_machine_free(all);

	is_int(explain_machine(&all, "/nowhere/at/all", "/nowhere/either"), 0,
		"explain_machine without sysfs: succeeds");
	is_int(all->region_count + all->explanation_count, 0,
		"explain_machine without sysfs: nothing is listed");
	is_int(all->auto_flush.answer, HOLDFAST_UNREADABLE,
		"explain_machine without sysfs: it is reported as unreadable whether CPU caches survive a power cut");
	ok(!strstr(all->text, "knows of no persistent memory"),
		"explain_machine without sysfs: the text does not claim that there is no persistent memory");
	explain_machine_free(all);
}

/*
 * Tests the recorded sysfs of two machines with Linux 7.2, on whose DAX devices stores cannot be
 * made durable.
 */
static void captured(void)
{
	struct facts dax = dax_device(0);

	tree_open();
	tree_load("captured-cxl-volatile");
	dax.device.number = makedev(251, 0);
	explain(dax);
	is_int(told->reason, HOLDFAST_REASON_DAX_NOT_PERSISTENT,
		"recorded machine with volatile CXL memory: the reason is DAX_NOT_PERSISTENT");
	is_int(told->survival, HOLDFAST_SURVIVES_NOT,
		"recorded machine with volatile CXL memory: nothing survives a power cut");
	tree_close();
	tree_open();
	tree_load("captured-nvdimm-fsdev");
	dax.device.number = makedev(251, 1);
	explain(dax);
	is_int(told->reason, HOLDFAST_REASON_DAX_UNBOUND,
		"recorded machine with device DAX with the driver fsdev_dax: the reason is DAX_UNBOUND");
	is_int(told->survival, HOLDFAST_SURVIVES_UNKNOWN,
		"recorded machine with device DAX with the driver fsdev_dax: it is unknown if stores survive a power cut");
	tree_close();
}

int main(void)
{
	explained_open();
	regions();
	obstacles();
	unreadable_region();
	realtime();
	devices();
	forced();
	machine();
	explained_close();
	captured();
	explain_free(told);
	return tap_done();
}
