/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/medium.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/mapper.h"
#include "device/provider.h"
#include "device/region.h"
#include "device/scsi.h"
#include "device/walk.h"

#define DRIVE "the drive"
#define HOST  "the host of this virtual machine"

static struct medium kept(const char *kind, const char *evidence, const char *keeper)
{
	return (struct medium){HOLDFAST_SURVIVES, kind, evidence, keeper};
}

static struct medium lost(const char *kind, const char *evidence)
{
	return (struct medium){HOLDFAST_SURVIVES_NOT, kind, evidence, NULL};
}

static struct medium elsewhere(const char *kind, const char *evidence)
{
	return (struct medium){HOLDFAST_SURVIVES_ELSEWHERE, kind, evidence, NULL};
}

static struct medium unknown(const char *kind, const char *evidence)
{
	return (struct medium){HOLDFAST_SURVIVES_UNKNOWN, kind, evidence, NULL};
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/*
 * Judge a disk that has no hardware of its own. Only the name of the disk tells its driver (zram
 * also has an attribute of its own). A name that means main memory is enough evidence that data is
 * lost.
 */
static struct medium of_virtual_disk(int disk, const char *name)
{
	if (sysfs_has(disk, "comp_algorithm") || begins(name, "zram"))
		return lost("compressed main memory",
			"it has a compression algorithm, which only zram has");
	if (begins(name, "ram"))
		return lost("main memory", "its driver is brd, which makes disks of main memory");
	if (begins(name, "nullb"))
		return lost("main memory, or nothing at all", "its driver is null_blk");
	if (begins(name, "nbd"))
		return elsewhere("a network block device", "its driver is nbd");
	if (begins(name, "etherd!"))
		return elsewhere("a disk on the network (ATA over Ethernet)", "its driver is aoe");
	if (begins(name, "ublkb"))
		return elsewhere("a disk made by a program (ublk)", "its driver is ublk");
	return unknown("a disk of a kind that is not known here",
		"it is a virtual disk, without hardware, and its driver is not known");
}

/*
 * An NVMe disk with several paths is below a subsystem that lists its controllers. Judge the disk
 * by the worst transport of these controllers.
 */
static int add_transport(int subsystem, const char *name, void *context)
{
	char path[SYSFS_NAME + sizeof("/transport")], transport[SYSFS_VALUE];
	int *worst = context, one = HOLDFAST_SURVIVES_UNKNOWN;

	if (!begins(name, "nvme") || strlen(name) >= SYSFS_NAME)
		return 0;
	strcpy(stpcpy(path, name), "/transport");
	if (sysfs_read(subsystem, path, transport))
		return 0;
	if (!strcmp(transport, "pcie"))
		one = HOLDFAST_SURVIVES;
	else if (strcmp(transport, "loop") != 0)
		one = HOLDFAST_SURVIVES_ELSEWHERE;
	if (*worst < 0 || one < *worst)
		*worst = one;
	return 0;
}

static struct medium of_nvme(int disk)
{
	char transport[SYSFS_VALUE];
	int worst = -1;

	if (!sysfs_read(disk, "device/transport", transport)) {
		if (!strcmp(transport, "pcie"))
			return kept("an NVMe disk", "its transport is pcie", DRIVE);
		if (strcmp(transport, "loop") != 0)
			return elsewhere("an NVMe disk on the network",
				"its transport is a network (nvme/transport)");
		return unknown(
			"an NVMe disk that the kernel itself emulates", "its transport is loop");
	}
	sysfs_each(disk, "device", add_transport, &worst);
	if (worst == HOLDFAST_SURVIVES)
		return kept("an NVMe disk", "the transport of all its controllers is pcie", DRIVE);
	if (worst == HOLDFAST_SURVIVES_ELSEWHERE)
		return elsewhere("an NVMe disk on the network",
			"the transport of one of its controllers is a network");
	return unknown("an NVMe disk", "its transport is not known");
}

static struct medium of_mtd(int disk)
{
	char type[SYSFS_VALUE];

	if (!sysfs_read(disk, "device/type", type) && !strcmp(type, "ram"))
		return lost("main memory (mtd)", "its mtd device is of type ram");
	return unknown("a flash device (mtd)",
		"its mtd device does not show whether it keeps data without power");
}

static struct medium of_scsi(const char *sysfs, int disk)
{
	int device = openat(disk, "device", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct scsi scsi = device < 0 ? (struct scsi){.transport = SCSI_UNKNOWN}
				      : scsi_transport(sysfs, device);

	if (device >= 0)
		close(device);
	switch (scsi.transport) {
	case SCSI_DRIVE:
		return kept("a disk", scsi.evidence, DRIVE);
	case SCSI_HOST:
		return kept("a disk of the host", scsi.evidence, HOST);
	case SCSI_NETWORK:
		return elsewhere("a disk on a storage network", scsi.evidence);
	case SCSI_MEMORY:
		return lost("main memory (scsi_debug)", scsi.evidence);
	case SCSI_UNKNOWN:
		break;
	}
	return unknown(
		"a SCSI disk", "neither the SCSI transport nor the driver of this disk is known");
}

static struct medium of_hardware(const char *sysfs, int disk, const char *name)
{
	char bus[SYSFS_NAME];

	if (begins(name, "nvme") && !begins(name, "nvmem"))
		return of_nvme(disk);
	if (sysfs_link(disk, "device/subsystem", bus))
		return unknown("a disk", "sysfs does not show which bus it is on");
	if (!strcmp(bus, "scsi"))
		return of_scsi(sysfs, disk);
	if (!strcmp(bus, "virtio"))
		return kept("a virtio disk", "it is on the virtio bus", HOST);
	if (!strcmp(bus, "xen"))
		return kept("a Xen disk", "it is on the xen bus", HOST);
	if (!strcmp(bus, "mmc"))
		return kept("a memory card or eMMC", "it is on the mmc bus", DRIVE);
	if (!strcmp(bus, "mtd"))
		return of_mtd(disk);
	if (!strcmp(bus, "rbd"))
		return elsewhere("a disk of a Ceph cluster", "it is on the rbd bus");
	if (begins(bus, "rnbd") || begins(bus, "ublk"))
		return elsewhere(
			"a disk that a server provides", "it is on the bus of rnbd or ublk");
	return unknown("a disk", "the bus of this disk is not known");
}

struct medium medium_of_region(const char *sysfs, int region)
{
	struct region promise = region_read(sysfs, region);

	if (promise.is_volatile)
		return lost("memory in a region that is volatile",
			"its region is of the volatile type");
	if (region_is_volatile(region) < 0)
		return unknown(
			"memory in a region", "whether the region is volatile cannot be read");
	if (promise.read_only)
		return unknown("persistent memory that is not armed",
			"its region is read-only: its modules may not keep what is stored");
	switch (provider_of_region(sysfs, region)) {
	case MEMORY_NFIT:
		return kept("persistent memory (NVDIMM)",
			"the firmware's tables (NFIT) list it as persistent", "the modules");
	case MEMORY_CXL_PMEM:
		return kept("persistent CXL memory",
			"its region of CXL devices is of the persistent type", "the devices");
	case MEMORY_VIRTIO_PMEM:
		return kept("persistent memory of the host", "it is virtio-pmem", HOST);
	case MEMORY_LEGACY:
		return unknown("memory that the command line or e820 calls persistent",
			"only the kernel's command line or the e820 map says that it is persistent");
	default:
		return unknown("persistent memory",
			"it is not known whether its provider keeps data without power");
	}
}

/*
 * Read the type of cache that the drive itself reports. Returns -ENOENT if the drive reports none.
 */
static int own_cache_type(int disk, char type[SYSFS_VALUE])
{
	int error = sysfs_read(disk, "cache_type", type); /* of virtio disks */

	return error ? scsi_cache_type(disk, type) : 0;
}

/*
 * Returns true if the kernel sends no flushes to a drive although the drive has a write-back
 * cache. An administrator can switch flushes off by writing to queue/write_cache, but this does
 * not change the drive's cache.
 */
static bool lacks_flushes(int disk)
{
	char sent[SYSFS_VALUE], own[SYSFS_VALUE];

	return !sysfs_read(disk, "queue/write_cache", sent) && !strcmp(sent, "write through") &&
	       !own_cache_type(disk, own) && begins(own, "write back");
}

static int if_write_back(int dir, const char *name, void *context)
{
	char path[SYSFS_NAME + sizeof("/../queue/write_cache")], cache[SYSFS_VALUE];

	(void)context;
	if (strlen(name) >= SYSFS_NAME)
		return 0;
	strcpy(stpcpy(path, name), "/queue/write_cache");
	int error = sysfs_read(dir, path, cache);
	if (error) { /* a partition, which has no folder queue of its own */
		strcpy(stpcpy(path, name), "/../queue/write_cache");
		error = sysfs_read(dir, path, cache);
	}
	return !error && !strcmp(cache, "write back");
}

static struct medium of_uuid(const char *uuid)
{
	if (begins(uuid, "CRYPT-PLAIN-") || begins(uuid, "CRYPT-TEMP-"))
		return unknown("encrypted with a key that may be lost at a reboot",
			"its format is plain, and the key of that format may be random");
	if (begins(uuid, "CRYPT-"))
		return kept("encrypted", "its uuid says that cryptsetup has made it", NULL);
	if (begins(uuid, "LVM-"))
		return kept("a logical volume", "its uuid says that LVM has made it", NULL);
	if (begins(uuid, "mpath-") || (begins(uuid, "part") && strstr(uuid, "-mpath-")))
		return kept(
			"several paths to one disk", "its uuid says that it is multipath", NULL);
	return unknown("with a device-mapper table that is not known",
		"its uuid names neither LVM nor cryptsetup nor multipath; only root can read its table, which may drop data");
}

/*
 * Judge a device-mapper device by its table. If the table encrypts, the device's uuid tells
 * whether cryptsetup keeps the key.
 */
static struct medium of_table(const struct mapper *mapper, const char *uuid)
{
	struct medium by_uuid = of_uuid(uuid);

	if (mapper->survival != HOLDFAST_SURVIVES)
		return (struct medium){mapper->survival, mapper->kind, mapper->evidence, NULL};
	if (!mapper->is_encrypted)
		return kept(by_uuid.survival == HOLDFAST_SURVIVES ? by_uuid.kind : mapper->kind,
			mapper->evidence, NULL);
	if (begins(uuid, "CRYPT-"))
		return by_uuid;
	return unknown("encrypted with a key that may be lost at a reboot",
		"its device-mapper table encrypts, and its uuid does not say that cryptsetup keeps the key");
}

static struct medium of_mapper(int device)
{
	struct mapper mapper = mapper_read(device);
	char *uuid = NULL; /* a uuid may be longer than SYSFS_VALUE */

	if (!sysfs_read_text(device, "dm/uuid", &uuid))
		uuid[strcspn(uuid, "\n")] = '\0';
	struct medium medium =
		mapper.is_told ? of_table(&mapper, uuid ? uuid : "") : of_uuid(uuid ? uuid : "");
	free(uuid);
	return medium;
}

/*
 * Judge a device-mapper device that is built on no other device: sysfs does not show where it
 * keeps data, if anywhere.
 */
static struct medium of_lowest_mapper(int device)
{
	struct medium medium = of_mapper(device);

	if (medium.survival == HOLDFAST_SURVIVES)
		return unknown(medium.kind, "sysfs does not show what it is built on");
	return medium;
}

struct medium medium_of_disk(const char *sysfs, int disk, const char *name)
{
	int region = walk_region_above(sysfs, disk);
	struct medium medium;

	if (region >= 0) {
		medium = medium_of_region(sysfs, region);
		close(region);
		return medium;
	}
	if (begins(name, "dm-"))
		return of_lowest_mapper(disk);
	medium = sysfs_has(disk, "device") ? of_hardware(sysfs, disk, name)
					   : of_virtual_disk(disk, name);
	if (medium.survival == HOLDFAST_SURVIVES && lacks_flushes(disk))
		return unknown(medium.kind,
			"its write-back cache is not flushed: queue/write_cache is set to \"write through\"");
	return medium;
}

struct medium medium_of_stack(int device, const char *name)
{
	char cache[SYSFS_VALUE];
	struct medium medium;

	if (begins(name, "dm-"))
		medium = of_mapper(device);
	else if (begins(name, "md"))
		medium = kept("RAID", "each of its disks is listed and judged by itself", NULL);
	else if (sysfs_has(device, "bcache"))
		medium = kept("bcache", "its disk and its cache are judged one by one", NULL);
	else
		medium = unknown("built on other devices, of a kind that is not known",
			"the driver of this device is not known");
	if (medium.survival == HOLDFAST_SURVIVES &&
		!sysfs_read(device, "queue/write_cache", cache) &&
		!strcmp(cache, "write through") &&
		sysfs_each(device, "slaves", if_write_back, NULL) > 0)
		return unknown(medium.kind,
			"it passes no flush on, because queue/write_cache is \"write through\", but a disk under it has a cache");
	return medium;
}

bool medium_is_read_only(const char *sysfs, dev_t number)
{
	uint64_t read_only = 0;
	int dir = sysfs_device_open(sysfs, "block", number);
	int error = dir < 0 ? dir : sysfs_read_number(dir, "ro", &read_only);

	if (dir >= 0)
		close(dir);
	return !error && read_only;
}
