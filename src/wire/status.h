/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * status.h - what a reply on the control channel says of the request
 *
 * The numbers of errno differ between machines, so they do not travel: the target turns an errno
 * into a status, and the initiator a status into an errno. The first fourteen keep the meaning,
 * and the errno at the initiator, that they had in the protocol before ours, because programs look
 * for these. A sentence goes with a status and says more.
 */
#ifndef WIRE_STATUS_H
#define WIRE_STATUS_H

#include <stdint.h>

enum wire_status {
	WIRE_OK = 0,
	WIRE_VERSION = 1,         /* EPROTONOSUPPORT: not a version that I speak */
	WIRE_BAD_NAME = 2,        /* EINVAL: the name of the pool set */
	WIRE_BAD_SIZE = 3,        /* EFBIG: the pool is smaller than asked for */
	WIRE_BAD_LANES = 4,       /* EINVAL */
	WIRE_BAD_PROVIDER = 5,    /* EINVAL: not one that I know */
	WIRE_FATAL = 6,           /* EREMOTEIO: anything that has no status of its own */
	WIRE_NO_DATA_CHANNEL = 7, /* ECONNABORTED: I cannot listen */
	WIRE_BUSY = 8,            /* EBUSY: somebody has the pool open */
	WIRE_EXISTS = 9,          /* EEXIST */
	WIRE_NO_PROVIDER = 10,    /* EMEDIUMTYPE: none that both ends have */
	WIRE_ABSENT = 11,         /* ENOENT: the set, or its pool */
	WIRE_NO_ACCESS = 12,      /* EACCES */
	WIRE_POOL_CONFIG = 13,    /* EINVAL: the pool set, or what is asked of it, makes no sense */
	WIRE_NO_SPACE = 14,       /* ENOSPC */
	WIRE_IO = 15,             /* EIO: what was to be made durable is not */
	WIRE_NO_MEMORY = 16,      /* ENOMEM */
	WIRE_MALFORMED = 17,      /* EPROTO: a message that nobody should send */
	WIRE_UNKNOWN_REQUEST = 18, /* EOPNOTSUPP */
	WIRE_TIMED_OUT = 19,       /* ETIMEDOUT */
	WIRE_READ_ONLY = 20,       /* EROFS */
	WIRE_NO_FILES = 21,        /* EMFILE: out of descriptors */
	WIRE_STATUSES
};

/* `error` is positive; what has no status of its own is WIRE_FATAL, 0 is WIRE_OK. */
enum wire_status wire_status_of(int error);

/* A positive errno, 0 for WIRE_OK; EPROTO for an unknown number. */
int wire_status_errno(uint32_t status);

/* "the pool is in use", for where no sentence came with it. */
const char *wire_status_text(uint32_t status);

#endif
