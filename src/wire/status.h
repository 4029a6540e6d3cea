/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * status.h - the outcome of a request, in a reply on the control channel
 *
 * The numbers of errno differ between machines, so they are not sent: the target converts an errno
 * into a status, and the initiator a status into an errno. The first fourteen numbers have the
 * meaning, and the errno at the initiator, that they have in PMDK's rpmem protocol, because
 * programs check for these. A reply also has a message with details.
 */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H

#include <stdint.h>

enum wire_status {
	WIRE_OK = 0,
	WIRE_VERSION = 1,          /* EPROTONOSUPPORT: unknown version of the protocol */
	WIRE_BAD_NAME = 2,         /* EINVAL: invalid name of a pool set */
	WIRE_BAD_SIZE = 3,         /* EFBIG: the pool is smaller than requested */
	WIRE_BAD_LANES = 4,        /* EINVAL: invalid number of lanes */
	WIRE_BAD_PROVIDER = 5,     /* EINVAL: unknown provider */
	WIRE_FATAL = 6,            /* EREMOTEIO: errors without a status of their own */
	WIRE_NO_DATA_CHANNEL = 7,  /* ECONNABORTED: the target cannot listen */
	WIRE_BUSY = 8,             /* EBUSY: another process has the pool open */
	WIRE_EXISTS = 9,           /* EEXIST: the pool exists */
	WIRE_NO_PROVIDER = 10,     /* EMEDIUMTYPE: no provider that both ends have */
	WIRE_ABSENT = 11,          /* ENOENT: the set, or its pool, does not exist */
	WIRE_NO_ACCESS = 12,       /* EACCES: the target has no access to the pool */
	WIRE_POOL_CONFIG = 13,     /* EINVAL: the pool set is wrong, or unfit for the request */
	WIRE_NO_SPACE = 14,        /* ENOSPC: no space left at the target */
	WIRE_IO = 15,              /* EIO: something could not be made durable */
	WIRE_NO_MEMORY = 16,       /* ENOMEM: no memory left at the target */
	WIRE_MALFORMED = 17,       /* EPROTO: the target got a malformed message */
	WIRE_UNKNOWN_REQUEST = 18, /* EOPNOTSUPP: unknown request */
	WIRE_TIMED_OUT = 19,       /* ETIMEDOUT: a time limit of the target expired */
	WIRE_READ_ONLY = 20,       /* EROFS: read-only file system */
	WIRE_NO_FILES = 21,        /* EMFILE: out of descriptors */
	/* Since version 1.1 of the protocol; an older initiator gets WIRE_FATAL instead. */
	WIRE_STALE = 22,        /* ESTALE: the pool was changed or replaced since the session */
	WIRE_INCONSISTENT = 23, /* EUCLEAN: the pool is marked as inconsistent */
	WIRE_STATUSES
};

/*
 * `error` is a positive errno; one without a status of its own gives WIRE_FATAL, 0 gives WIRE_OK.
 */
enum wire_status wire_status_of(int error);

/* A positive errno, 0 for WIRE_OK; EPROTO for an unknown number. */
int wire_status_errno(uint32_t status);

/* A text such as "the pool is in use", for replies without a message. */
const char *wire_status_text(uint32_t status);

#endif
