/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/stores.h"

#include <string.h>

#include "device/mounts.h"
#include "explain/facts.h"

/* Mount options that switch cache flushes off, as they appear in the list of mounts. */
static const struct {
	const char *type; /* type of file system; NULL: any */
	const char *option;
} unflushed[] = {
	{NULL, "nobarrier"},
	{NULL, "barrier=0"},
	{NULL, "barrier=none"},
	{"f2fs", "fsync_mode=nobarrier"},
	{"jfs", "nointegrity"},
	{"cifs", "nostrictsync"},
	{"smb3", "nostrictsync"},
	{"bcachefs", "journal_flush_disabled"},
};

const char *stores_not_flushed(const struct filesystem *filesystem)
{
	const char *type = filesystem->type ? filesystem->type : "";

	for (size_t i = 0; i < sizeof(unflushed) / sizeof(unflushed[0]); i++)
		if ((!unflushed[i].type || !strcmp(type, unflushed[i].type)) &&
			mounts_option(filesystem->options, unflushed[i].option))
			return unflushed[i].option;
	return NULL;
}

bool stores_is_volatile(const struct filesystem *filesystem)
{
	/* Newer kernels show the mount option volatile of an overlay as "fsync=volatile". */
	return filesystem->class == FILESYSTEM_LAYERED &&
	       (mounts_option(filesystem->options, "volatile") ||
		       mounts_option(filesystem->options, "fsync=volatile"));
}

const char *stores_obstacle(const struct facts *facts)
{
	const struct filesystem *filesystem = &facts->filesystem;

	if (facts->has_filesystem && mounts_option(filesystem->options, "emergency_ro"))
		return "the file system has become read-only after an error";
	if (facts->has_filesystem && mounts_option(filesystem->options, "shutdown"))
		return "the file system has been shut down";
	if (facts->has_filesystem && filesystem->read_only)
		return "the file system is mounted read-only";
	if (facts->locks.is_immutable)
		return facts->object == HOLDFAST_OBJECT_DIRECTORY
			       ? "the directory is immutable (chattr +i)"
			       : "the file is immutable (chattr +i)";
	if (facts->locks.is_append_only && facts->object == HOLDFAST_OBJECT_FILE)
		return "the file is append-only (chattr +a), so that it cannot be mapped for writing";
	if (facts->object == HOLDFAST_OBJECT_BLOCK_DEVICE &&
		facts->bytes.answer == HOLDFAST_ANSWERED && !facts->bytes.value)
		return "the block device has no medium (its size is 0)";
	if (facts->is_read_only_device)
		return "the block device is read-only";
	return NULL;
}
