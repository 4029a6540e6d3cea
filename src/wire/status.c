/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/status.h"

#include <errno.h>

/* Indexed by enum wire_status. */
static const struct {
	int error; /* positive errno at the initiator */
	const char *text;
} statuses[WIRE_STATUSES] = {
	[WIRE_OK] = {0, "success"},
	[WIRE_VERSION] = {EPROTONOSUPPORT, "the target does not speak this version"},
	[WIRE_BAD_NAME] = {EINVAL, "the name of the pool set is not allowed"},
	[WIRE_BAD_SIZE] = {EFBIG, "the pool is smaller than asked for"},
	[WIRE_BAD_LANES] = {EINVAL, "the number of lanes is out of range"},
	[WIRE_BAD_PROVIDER] = {EINVAL, "the target does not know the provider"},
	[WIRE_FATAL] = {EREMOTEIO, "the target failed"},
	[WIRE_NO_DATA_CHANNEL] = {ECONNABORTED, "the target cannot listen for the data channel"},
	[WIRE_BUSY] = {EBUSY, "the pool is in use"},
	[WIRE_EXISTS] = {EEXIST, "the pool exists"},
	[WIRE_NO_PROVIDER] = {EMEDIUMTYPE,
		"the two machines have no transport (provider) in common"},
	[WIRE_ABSENT] = {ENOENT, "there is no such pool set, or it has no pool"},
	[WIRE_NO_ACCESS] = {EACCES, "the target has no access to the pool"},
	[WIRE_POOL_CONFIG] = {EINVAL, "the pool set does not allow this request"},
	[WIRE_NO_SPACE] = {ENOSPC, "the target has no space left"},
	[WIRE_IO] = {EIO, "the target could not make the data durable"},
	[WIRE_NO_MEMORY] = {ENOMEM, "the target has no memory left"},
	[WIRE_MALFORMED] = {EPROTO, "the target did not understand a message"},
	[WIRE_UNKNOWN_REQUEST] = {EOPNOTSUPP, "the target does not know the request"},
	[WIRE_TIMED_OUT] = {ETIMEDOUT, "a time limit of the target expired"},
	[WIRE_READ_ONLY] = {EROFS, "the target's file system is read-only"},
	[WIRE_NO_FILES] = {EMFILE, "the target has no file descriptors left"},
	[WIRE_STALE] = {ESTALE, "the pool was changed or replaced since this session used it"},
	[WIRE_INCONSISTENT] = {EUCLEAN, "the pool is marked as inconsistent"},
};

static const struct {
	int error; /* positive errno at the target */
	enum wire_status status;
} errors[] = {
	{0, WIRE_OK},
	{EPROTONOSUPPORT, WIRE_VERSION},
	{EBADF, WIRE_BAD_NAME},
	{ENAMETOOLONG, WIRE_BAD_NAME},
	{EFBIG, WIRE_BAD_SIZE},
	{ECONNABORTED, WIRE_NO_DATA_CHANNEL},
	{EADDRINUSE, WIRE_NO_DATA_CHANNEL},
	{EADDRNOTAVAIL, WIRE_NO_DATA_CHANNEL},
	{EBUSY, WIRE_BUSY},
	{EWOULDBLOCK, WIRE_BUSY},
	{EEXIST, WIRE_EXISTS},
	{EMEDIUMTYPE, WIRE_NO_PROVIDER},
	{ENOENT, WIRE_ABSENT},
	{EACCES, WIRE_NO_ACCESS},
	{EPERM, WIRE_NO_ACCESS},
	{EINVAL, WIRE_POOL_CONFIG},
	{ENOSPC, WIRE_NO_SPACE},
	{EDQUOT, WIRE_NO_SPACE},
	{EIO, WIRE_IO},
	{ENOMEM, WIRE_NO_MEMORY},
	{EPROTO, WIRE_MALFORMED},
	{EOPNOTSUPP, WIRE_UNKNOWN_REQUEST},
	{ETIMEDOUT, WIRE_TIMED_OUT},
	{EROFS, WIRE_READ_ONLY},
	{EMFILE, WIRE_NO_FILES},
	{ENFILE, WIRE_NO_FILES},
	{ESTALE, WIRE_STALE},
	{EUCLEAN, WIRE_INCONSISTENT},
};

enum wire_status wire_status_of(int error)
{
	for (unsigned i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].error == error)
			return errors[i].status;
	return WIRE_FATAL;
}

int wire_status_errno(uint32_t status)
{
	return status < WIRE_STATUSES ? statuses[status].error : EPROTO;
}

const char *wire_status_text(uint32_t status)
{
	return status < WIRE_STATUSES ? statuses[status].text : "the target's status is unknown";
}
