/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/part.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "device/badblock.h"
#include "map/deep_flush.h"
#include "map/file_sync.h"
#include "pool/errno.h"
#include "pool/name.h"
#include "pool/set.h"

#define LOCK_PAUSE_MS 10
#define LOCK_TRIES    100

/*
 * Lock the part. Retries for a moment: a daemon that is ending, or a reader, may still hold the
 * lock.
 */
static int lock(const struct part *part)
{
	int failed = flock(part->fd, LOCK_EX | LOCK_NB);

	for (int i = 0; failed && errno == EWOULDBLOCK && i < LOCK_TRIES; i++) {
		poll(NULL, 0, LOCK_PAUSE_MS);
		failed = flock(part->fd, LOCK_EX | LOCK_NB);
	}
	if (!failed)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(-EBUSY, "%s is in use: another process has locked it", part->path);
	return err_sys("cannot lock %s", part->path);
}

static int identify(struct part *part)
{
	int error = device_identify_named(&part->device, part->fd, part->path, part->sysfs);

	if (!error)
		error = device_alignment(&part->device, part->sysfs, &part->alignment);
	return pool_errno(error);
}

/* Check that `size`, the size of the existing part, is the size that the request gives. */
static int check_size(struct part *part, const struct part_request *request, size_t size)
{
	if (request->is_auto && part->device.kind != DEVICE_DAX)
		return err_set(-EINVAL, "%s is a file: only a DAX device can have the size AUTO",
			part->path);
	if (!request->is_auto && size != request->size)
		return err_set(-EINVAL, "%s has %zu bytes, but %zu in the pool set", part->path,
			size, request->size);
	part->size = size & -(size_t)sysconf(_SC_PAGESIZE);
	if (part->size < POOL_PART_MINIMUM)
		return err_set(-EINVAL, "%s has %zu bytes, the minimum is %zu", part->path, size,
			POOL_PART_MINIMUM);
	return 0;
}

/*
 * Check that no other process uses the part, by locking it for a moment. If a process opens the
 * part in this moment, it tries again.
 */
static int try_lock(const struct part *part)
{
	if (!flock(part->fd, LOCK_SH | LOCK_NB))
		return flock(part->fd, LOCK_UN) ? err_sys("cannot unlock %s", part->path) : 0;
	if (errno == EWOULDBLOCK)
		return err_minor(LOG_NOTICE, -EBUSY, "%s is in use", part->path);
	return err_sys("cannot lock %s", part->path);
}

static int take(struct part *part, const struct part_request *request)
{
	size_t size;
	int error = request->only_looks ? try_lock(part) : lock(part);

	if (!error)
		error = identify(part);
	if (!error)
		error = pool_errno(
			device_size_named(&part->device, part->fd, part->path, part->sysfs, &size));
	return error ? error : check_size(part, request, size);
}

/* Allocate all blocks of a file, so that no store lacks room. */
static int allocate(const struct part *part, size_t size)
{
	int error;

	if (part->device.kind == DEVICE_DAX)
		return 0;
	do
		error = posix_fallocate(part->fd, 0, (off_t)size);
	while (error == EINTR);
	if (!error)
		return 0;
	errno = error;
	return err_sys("cannot allocate %zu bytes for %s", size, part->path);
}

/*
 * Allocate blocks for holes that were made in the file after the pool was created: on a full disk,
 * a store into a hole would end the process. If the file system cannot allocate blocks, assume
 * that the file has no holes, since writing to all blocks would take too long.
 */
static int fill_holes(const struct part *part)
{
	int failed;

	if (part->device.kind == DEVICE_DAX)
		return 0;
	do
		failed = fallocate(part->fd, 0, 0, (off_t)part->size);
	while (failed && errno == EINTR);
	if (!failed || errno == EOPNOTSUPP || errno == ENOSYS)
		return 0;
	return err_sys(
		"cannot allocate missing blocks of the %zu bytes of %s", part->size, part->path);
}

static int make(struct part *part, const struct part_request *request)
{
	bool named;

	if (request->is_auto)
		return err_set(-ENOENT, "there is no DAX device %s", part->path);
	part->fd = name_make(part->path, &named);
	if (part->fd < 0)
		return part->fd;
	part->origin = named ? PART_MADE : PART_UNNAMED;
	part_stay_in_place(part->fd);
	if (ftruncate(part->fd, (off_t)request->size))
		return err_sys("cannot give %s a length of %zu bytes", part->path, request->size);
	int error = take(part, request);
	return error ? error : allocate(part, request->size);
}

static int check_blank(const struct part *part)
{
	uint8_t page[HEADER_SIZE];
	int error = part_read_header(part, page);

	if (error || header_is_blank(page))
		return error;
	return err_set(-EEXIST, "%s is a part of a pool already: it has a header", part->path);
}

static int adopt(struct part *part, const struct part_request *request)
{
	int error = take(part, request);

	part->origin = PART_TAKEN;
	if (!error && request->has_header)
		error = check_blank(part);
	return error ? error : allocate(part, part->size);
}

static struct part new_part(const struct part_request *request)
{
	return (struct part){.path = request->path, .fd = -1, .sysfs = request->sysfs};
}

/* Open the file without blocking on a FIFO and without getting a controlling terminal. */
static int open_existing(const char *path)
{
	return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int open_to_look(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

int part_create(struct part *part, const struct part_request *request)
{
	struct part new = new_part(request);
	int error;

	new.fd = open_existing(request->path);
	if (new.fd >= 0)
		error = adopt(&new, request);
	else if (errno == ENOENT)
		error = make(&new, request);
	else
		error = err_sys("cannot open %s", request->path);
	if (error)
		part_discard(&new);
	else
		*part = new;
	return pool_trouble(error);
}

/*
 * Make the page cache agree with the disk. Pages that a process which used the pool before did not
 * write back are written now. If an earlier write-back failed, pages are clean in the cache but
 * not on the disk; they are dropped, so that later reads come from the disk.
 */
static int read_from_disk(const struct part *part)
{
	struct file_id file = {part->device.number, part->device.inode};

	int error = file_sync_descriptor(part->fd, file);
	if (!error)
		error = -posix_fadvise(part->fd, 0, 0, POSIX_FADV_DONTNEED);
	errno = -error;
	return error ? err_sys("cannot write back %s", part->path) : 0;
}

/*
 * Drop what the caches contain of this part. A DAX device that is mapped is flushed; if it was
 * opened only for reading, that is done here and not when it is mapped (mapping.c).
 */
int part_drop_caches(const struct part *part)
{
	if (part->device.kind != DEVICE_DAX)
		return read_from_disk(part);
	/*
	 * Ignore errors. If the device has no deep flush, the calls that need one report it later.
	 */
	if (part->is_mapped)
		deep_flush_map(&part->map, part->map.addr, part->map.length, part->map.born);
	return 0;
}

int part_open(struct part *part, const struct part_request *request)
{
	struct part new = new_part(request);

	new.fd = request->only_looks ? open_to_look(request->path) : open_existing(request->path);
	int error = new.fd < 0 ? err_sys("cannot open %s", request->path) : take(&new, request);
	if (!error && !request->only_looks)
		error = part_drop_caches(&new);
	if (!error && !request->only_looks)
		error = fill_holes(&new);
	if (error)
		part_discard(&new); /* closes the file, which existed before, without removing it */
	else
		*part = new;
	return pool_trouble(error);
}

int part_write_back(const struct part *part)
{
	if (part->origin != PART_UNNAMED && part->origin != PART_MADE)
		return 0;
	return fsync(part->fd) ? err_sys("cannot write back %s", part->path) : 0;
}

int part_keep(const struct part *part)
{
	return part->origin == PART_MADE ? name_keep(part->path) : 0;
}

int part_publish(struct part *part)
{
	if (part->origin != PART_UNNAMED)
		return 0;
	int error = name_give(part->fd, part->path);
	if (!error)
		part->origin = PART_MADE;
	return error;
}

int part_close(struct part *part)
{
	int error = part->is_mapped ? pool_errno(map_close(&part->map)) : 0;

	part->is_mapped = false;
	if (part->fd >= 0)
		close(part->fd);
	part->fd = -1;
	return error;
}

void part_discard(struct part *part)
{
	char failure[ERR_SIZE];

	/* Later errors must not replace the first one's message. */
	snprintf(failure, sizeof(failure), "%s", err_get());
	if (part->origin == PART_MADE)
		name_take(part->fd, part->path);
	else if (part->origin == PART_TAKEN && part->header_written)
		part_blank(part, HEADER_SIZE);
	part_close(part);
	err_put_back(failure);
}

int part_check_media(const struct part *part)
{
	struct badblocks blocks = {.list = NULL};

	if (device_is_hidden(&part->device, part->sysfs)) {
		log_warning(
			"%s: bad blocks cannot be checked: sysfs does not show the device of this file",
			part->path);
		return 0;
	}
	int error = pool_errno(badblocks_read(&blocks, &part->device, part->fd, part->sysfs));

	if (!error && blocks.count)
		error = err_set(-EIO, "%s has %zu bad blocks, the first at offset %zu", part->path,
			blocks.count, blocks.list[0].offset);
	badblocks_fini(&blocks);
	return error;
}

static int check_claimed(struct part *part, struct name_place *place)
{
	int error = lock(part);

	if (!error)
		error = identify(part);
	if (!error && part->device.kind != DEVICE_DAX)
		error = name_find(place, part->fd, part->path);
	return error;
}

int part_claim(struct part *part, struct name_place *place, const char *path, const char *sysfs)
{
	*part = (struct part){.path = path, .sysfs = sysfs};
	*place = NAME_NOWHERE;
	part->fd = open_existing(path);
	if (part->fd < 0)
		return pool_trouble(err_sys("cannot open %s", path));
	int error = check_claimed(part, place);
	if (error)
		part_release(part, place);
	return pool_trouble(error);
}

int part_remove(const struct part *part, const struct name_place *place)
{
	if (part->device.kind == DEVICE_DAX)
		return part_blank(part, POOL_PART_MINIMUM);
	return name_remove(place, part->fd, part->path);
}

void part_release(struct part *part, struct name_place *place)
{
	name_leave(place);
	if (part->fd >= 0)
		close(part->fd);
	part->fd = -1;
}
