/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * part_bytes.c - bytes of a part, read and written without its mapping: files by system calls, DAX
 * devices through a temporary mapping
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "map/file_sync.h"
#include "map/mcsafe.h"
#include "pool/errno.h"
#include "pool/part.h"

static struct mcsafe window(const struct part *part)
{
	return (struct mcsafe){&part->device, part->fd, part->alignment, part->sysfs};
}

/* `what` is the text before the part's path in error messages, such as "the header of ". */
static int read_file(
	const struct part *part, uint8_t *bytes, size_t size, size_t offset, const char *what)
{
	for (size_t have = 0; have < size;) {
		ssize_t got = pread(part->fd, bytes + have, size - have, (off_t)(offset + have));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys("cannot read %s%s", what, part->path);
		if (!got)
			return err_set(-EIO, "cannot read %s%s: the file ends at %zu", what,
				part->path, offset + have);
		have += (size_t)got;
	}
	return 0;
}

int part_read_header(const struct part *part, uint8_t page[HEADER_SIZE])
{
	if (part->device.kind != DEVICE_DAX)
		return read_file(part, page, HEADER_SIZE, 0, "the header of ");
	struct mcsafe dax = window(part);
	return pool_errno(mcsafe_read(&dax, page, HEADER_SIZE, 0));
}

int part_read(const struct part *part, void *bytes, size_t size, size_t offset)
{
	char cause[ERR_SIZE / 2];

	if (part->device.kind != DEVICE_DAX)
		return read_file(part, bytes, size, offset, "");
	struct mcsafe dax = window(part);
	int error = pool_errno(mcsafe_read(&dax, bytes, size, offset));
	if (!error)
		return 0;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(error, "cannot read %s: %s", part->path, cause);
}

static int write_file(
	const struct part *part, const uint8_t *bytes, size_t size, size_t offset, const char *what)
{
	for (size_t done = 0; done < size;) {
		ssize_t put = pwrite(part->fd, bytes + done, size - done, (off_t)(offset + done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys("cannot write %s%s", what, part->path);
		done += (size_t)put;
	}
	struct file_id file = {part->device.number, part->device.inode};
	int error = file_sync_descriptor(part->fd, file);
	errno = -error;
	return error ? err_sys("cannot write back %s%s", what, part->path) : 0;
}

static int write_part(const struct part *part, const uint8_t *bytes, size_t size)
{
	if (part->device.kind == DEVICE_DAX) {
		struct mcsafe dax = window(part);
		return pool_errno(mcsafe_write(&dax, bytes, size, 0));
	}
	return write_file(part, bytes, size, 0, "the header of ");
}

int part_store(const struct part *part, const void *bytes, size_t size, size_t offset)
{
	char cause[ERR_SIZE / 2];

	if (part->device.kind != DEVICE_DAX)
		return write_file(part, bytes, size, offset, "");
	struct mcsafe dax = window(part);
	int error = pool_errno(mcsafe_write(&dax, bytes, size, offset));
	if (!error)
		return 0;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(error, "cannot write %s: %s", part->path, cause);
}

int part_write_header(struct part *part, const uint8_t page[HEADER_SIZE])
{
	part->header_written = true;
	return write_part(part, page, HEADER_SIZE);
}

int part_blank(const struct part *part, size_t size)
{
	uint8_t *zeros = calloc(1, size);

	if (!zeros)
		return err_set(-ENOMEM, "out of memory to blank %s", part->path);
	int error = write_part(part, zeros, size);
	free(zeros);
	return error;
}
