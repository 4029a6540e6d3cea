/* SPDX-License-Identifier: BSD-3-Clause */
/* scsi.h - the transport of a SCSI disk: drives of many kinds, hosts and networks all use SCSI */
#ifndef DEVICE_SCSI_H
#define DEVICE_SCSI_H

#include "device/sysfs.h"

enum scsi_transport {
	SCSI_UNKNOWN,
	SCSI_DRIVE,   /* ATA, SAS, USB, UFS, or a RAID controller */
	SCSI_HOST,    /* the host of this virtual machine */
	SCSI_NETWORK, /* iSCSI, Fibre Channel */
	SCSI_MEMORY,  /* main memory: scsi_debug */
};

struct scsi {
	enum scsi_transport transport;
	const char *evidence; /* how it is known, without a full stop; static */
};

/* Find the transport by a SCSI device's directory ("0:0:0:0"), not closed, and those above it. */
struct scsi scsi_transport(const char *sysfs, int device);

/* Get the disk's own type of cache, "write back" or "write through". 0 or -errno, no message. */
int scsi_cache_type(int disk, char type[SYSFS_VALUE]);

#endif
