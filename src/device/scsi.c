/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/scsi.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * Signs by which a SCSI transport is found: in sysfs, a device directory above that of the disk
 * has a certain subsystem, or contains a certain folder.
 */
static const struct {
	const char *subsystem; /* the subsystem of the directory, or NULL */
	const char *child;     /* a folder that only this transport has, or NULL */
	struct scsi scsi;
} signs[] = {
	{NULL, "iscsi_session", {SCSI_NETWORK, "it is in an iSCSI session"}},
	{NULL, "fc_rport", {SCSI_NETWORK, "it is on a port of Fibre Channel"}},
	{NULL, "fc_remote_ports", {SCSI_NETWORK, "it is on a port of Fibre Channel"}},
	{NULL, "srp_rport", {SCSI_NETWORK, "it is on a port of SRP"}},
	{NULL, "sas_device", {SCSI_DRIVE, "it is on a port of SAS"}},
	{NULL, "ata_port", {SCSI_DRIVE, "it is on a port of ATA"}},
	{"usb", NULL, {SCSI_DRIVE, "it is on USB"}},
	{"virtio", NULL, {SCSI_HOST, "it is on the virtio bus"}},
	{"vmbus", NULL, {SCSI_HOST, "it is on the bus of Hyper-V"}},
};

/*
 * Drivers of adapters that have none of the signs above; the attribute proc_name of the SCSI host
 * has the driver's name.
 */
static const struct {
	const char *driver;
	struct scsi scsi;
} drivers[] = {
	{"scsi_debug",
		{SCSI_MEMORY, "its driver is scsi_debug, which keeps a disk in main memory"}},
	{"ufshcd", {SCSI_DRIVE, "its driver is that of UFS flash"}},
	{"megaraid_sas", {SCSI_DRIVE, "its driver is that of a RAID controller (megaraid_sas)"}},
	{"smartpqi", {SCSI_DRIVE, "its driver is that of a RAID controller (smartpqi)"}},
	{"hpsa", {SCSI_DRIVE, "its driver is that of a RAID controller (hpsa)"}},
	{"aacraid", {SCSI_DRIVE, "its driver is that of a RAID controller (aacraid)"}},
	{"vmw_pvscsi", {SCSI_HOST, "its driver is that of VMware's disks (vmw_pvscsi)"}},
};

static int read_driver(int dir, const char *name, void *context)
{
	char path[SYSFS_NAME + sizeof("/proc_name")];

	if (strlen(name) >= SYSFS_NAME)
		return 0;
	strcpy(stpcpy(path, name), "/proc_name");
	return !sysfs_read(dir, path, context);
}

/*
 * Returns true if this is the directory of an adapter whose driver is in the table. Then sets *scsi
 * from the table.
 */
static bool find_driver(int dir, struct scsi *scsi)
{
	char driver[SYSFS_VALUE];

	if (sysfs_each(dir, "scsi_host", read_driver, driver) <= 0)
		return false;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (!strcmp(driver, drivers[i].driver)) {
			*scsi = drivers[i].scsi;
			return true;
		}
	return false;
}

static bool find_sign(int dir, struct scsi *scsi)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if ((signs[i].child && sysfs_has(dir, signs[i].child)) ||
			(signs[i].subsystem && sysfs_subsystem_is(dir, signs[i].subsystem))) {
			*scsi = signs[i].scsi;
			return true;
		}
	return find_driver(dir, scsi);
}

struct scsi scsi_transport(const char *sysfs, int device)
{
	struct scsi scsi = {.transport = SCSI_UNKNOWN};
	int at = openat(device, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	while (at >= 0 && !find_sign(at, &scsi)) {
		int parent = sysfs_parent_open(sysfs, at);
		close(at);
		at = parent;
	}
	if (at >= 0)
		close(at);
	return scsi;
}

static int read_cache_type(int dir, const char *name, void *context)
{
	char path[SYSFS_NAME + sizeof("/cache_type")];

	if (strlen(name) >= SYSFS_NAME)
		return 0;
	strcpy(stpcpy(path, name), "/cache_type");
	return !sysfs_read(dir, path, context);
}

int scsi_cache_type(int disk, char type[SYSFS_VALUE])
{
	int found = sysfs_each(disk, "device/scsi_disk", read_cache_type, type);

	return found > 0 ? 0 : found < 0 ? found : -ENOENT;
}
