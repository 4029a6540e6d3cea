/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scsi.h - find the transport of a SCSI disk: drives of many kinds, virtual machines and networks
 * all use SCSI
 */
#ifndef DEVICE_SCSI_H
#define DEVICE_SCSI_H

#include "device/sysfs.h"

enum scsi_transport {
	SCSI_UNKNOWN,
	SCSI_DRIVE,   /* a disk by ATA, SAS, USB or UFS, or one that a RAID controller offers */
	SCSI_HOST,    /* the host of this virtual machine */
	SCSI_NETWORK, /* iSCSI, Fibre Channel */
	SCSI_MEMORY,  /* main memory: scsi_debug */
};

struct scsi {
	enum scsi_transport transport;
	const char *evidence; /* how the transport is known, without a full stop; static text */
};

/*
 * Find the transport of a SCSI device by its directory ("0:0:0:0"), which stays open, and the
 * directories above it.
 */
struct scsi scsi_transport(const char *sysfs, int device);

/*
 * Get the type of cache that the disk itself reports: "write back" or "write through". Returns 0
 * or -errno. Sets no error message.
 */
int scsi_cache_type(int disk, char type[SYSFS_VALUE]);

#endif
