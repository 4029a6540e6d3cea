/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/extent.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/err.h"

/* How often to try to read all extents of a file, each time with a larger buffer. */
#define ATTEMPTS 16

#define NOWHERE                                                                                    \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED |                  \
		FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL)

/*
 * Read all extents with one call of ioctl(2). The file system holds its lock during one call, but
 * between two calls the file may change: so several calls, each for a part of the file, might
 * return extents that never existed at the same time.
 */
static int read_at_once(int fd, uint32_t room, struct fiemap **map)
{
	struct fiemap *new = calloc(1, sizeof(*new) + room * sizeof(struct fiemap_extent));

	if (!new)
		return err_set(-ENOMEM, "out of memory for %u extents", room);
	new->fm_length = FIEMAP_MAX_OFFSET;
	new->fm_flags = FIEMAP_FLAG_SYNC;
	new->fm_extent_count = room;
	int failed;
	do
		failed = ioctl(fd, FS_IOC_FIEMAP, new);
	while (failed && errno == EINTR);
	if (failed) {
		int error = err_sys("cannot read the extents of file descriptor %d", fd);
		free(new);
		return error;
	}
	*map = new;
	return 0;
}

/*
 * Returns true if the buffer was large enough: it has room left, or its last extent is marked as
 * the file's last.
 */
static bool is_complete(const struct fiemap *map)
{
	uint32_t count = map->fm_mapped_extents;

	if (count > map->fm_extent_count)
		return false;
	return !count || map->fm_extents[count - 1].fe_flags & FIEMAP_EXTENT_LAST ||
	       count < map->fm_extent_count;
}

static int read_whole(int fd, struct fiemap **map)
{
	uint32_t room = 64;

	for (int i = 0; i < ATTEMPTS; i++) {
		int error = read_at_once(fd, room, map);
		if (error)
			return error;
		if (is_complete(*map))
			return 0;
		free(*map);
		if (room > UINT32_MAX / 4)
			break;
		room *= 4;
	}
	return err_set(-EAGAIN,
		"file descriptor %d has too many extents, or their number grows too fast", fd);
}

int extents_read(struct extents *extents, int fd)
{
	struct fiemap *map = NULL;
	int error = read_whole(fd, &map);

	if (error)
		return error;
	size_t count = map->fm_mapped_extents;
	struct extent *list = calloc(count ? count : 1, sizeof(*list));
	if (!list) {
		free(map);
		return err_set(-ENOMEM, "out of memory for %zu extents", count);
	}
	for (size_t i = 0; i < count; i++)
		list[i] = (struct extent){
			.logical = map->fm_extents[i].fe_logical,
			.physical = map->fm_extents[i].fe_physical,
			.length = map->fm_extents[i].fe_length,
			.is_placed = !(map->fm_extents[i].fe_flags & NOWHERE),
		};
	free(map);
	*extents = (struct extents){list, count};
	return 0;
}

void extents_fini(struct extents *extents)
{
	free(extents->list);
	*extents = (struct extents){.list = NULL};
}

bool extents_equal(const struct extents *a, const struct extents *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct extent *one = &a->list[i], *other = &b->list[i];
		if (one->logical != other->logical || one->physical != other->physical ||
			one->length != other->length || one->is_placed != other->is_placed)
			return false;
	}
	return true;
}

bool extents_are_elsewhere(int fd)
{
	struct fsxattr attributes;

	return !ioctl(fd, FS_IOC_FSGETXATTR, &attributes) &&
	       attributes.fsx_xflags & FS_XFLAG_REALTIME;
}
