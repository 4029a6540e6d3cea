/* SPDX-License-Identifier: BSD-3-Clause */
/* scsi.h - what a SCSI disk hangs on: drives of many kinds, hosts and networks all speak SCSI */
#ifndef DEVICE_SCSI_H
#define DEVICE_SCSI_H

#include "device/sysfs.h"

enum scsi_transport {
	SCSI_UNKNOWN,
	SCSI_DRIVE,   /* ATA, SAS, USB, UFS, or a RAID controller */
	SCSI_HOST,    /* that of this virtual machine */
	SCSI_NETWORK, /* iSCSI, Fibre Channel */
	SCSI_MEMORY,  /* scsi_debug */
};

struct scsi {
	enum scsi_transport transport;
	const char *evidence; /* static */
};

/* By the directory of a SCSI device ("0:0:0:0"), which stays open, and those above it. */
struct scsi scsi_transport(const char *sysfs, int device);

/* A disk's own word on its cache, "write back" or "write through"; -errno, no message. */
int scsi_cache_type(int disk, char type[SYSFS_VALUE]);

#endif
