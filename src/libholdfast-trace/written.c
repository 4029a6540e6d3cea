/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * written.c - records the data that calls have written to files under test, and the syncs of these
 * files
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/names.h"

#define CHUNK 16384u

static void miss(void)
{
	__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
}

/* Records written bytes. `is_more`: they belong to the same write as the bytes recorded before. */
static void write_data(unsigned content, const unsigned char *data, size_t length, uint64_t at,
	bool is_more, uint32_t stack)
{
	int shadow = files_shadow(content);

	if (shadow < 0 || syscall(SYS_pwrite64, shadow, data, length, at) != (long)length)
		miss();
	if (shadow >= 0)
		syscall(SYS_close, shadow);
	while (length) {
		size_t part = CHUNK - at % EVENT_LINE;
		part = part < length ? part : length;
		write_event(&(struct event){.kind = EVENT_COPY,
				    .size = is_more,
				    .stack = stack,
				    .place = place_of(content, at),
				    .length = part},
			data);
		data += part;
		at += part;
		length -= part;
		is_more = true;
	}
}

/*
 * Opens the file once more for reading, because the program's descriptor may be for writing only.
 */
static int open_to_read(int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return (int)syscall(SYS_openat, (long)AT_FDCWD, link, (long)(O_RDONLY | O_CLOEXEC));
}

/* Records data that the kernel has written, after reading it from the file. */
static void read_data(unsigned content, int fd, size_t length, uint64_t at, uint32_t stack)
{
	unsigned char data[4096];
	int again = open_to_read(fd);

	for (size_t done = 0; done < length;) {
		size_t wanted = length - done < sizeof(data) ? length - done : sizeof(data);
		long got = again < 0 ? -1 : syscall(SYS_pread64, again, data, wanted, at + done);
		if (got <= 0) {
			miss();
			break;
		}
		write_data(content, data, (size_t)got, at + done, done > 0, stack);
		done += (size_t)got;
	}
	if (again >= 0)
		syscall(SYS_close, again);
}

static void sync_range(uint64_t place, uint64_t length, uint32_t stack)
{
	write_event(&(struct event){.kind = EVENT_SYNC,
			    .stack = stack,
			    .place = place,
			    .value = written_out(),
			    .length = length},
		NULL);
}

/* Records a sync of the size and the name of a file. */
static void sync_name(unsigned file, unsigned content, uint32_t stack)
{
	if (!names_are_watched())
		return;
	sync_range(names_page(content), EVENT_PAGE, stack);
	write_event(&(struct event){.kind = EVENT_NAMES_SYNC,
			    .stack = stack,
			    .place = names_page(0),
			    .value = file},
		NULL);
}

/* Records a sync of the pages that contain a range, as for a write with O_DSYNC. */
static void sync_pages(unsigned file, unsigned content, uint64_t at, size_t length, uint32_t stack)
{
	uint64_t from = at & ~(uint64_t)(EVENT_PAGE - 1);
	uint64_t to = (at + length + EVENT_PAGE - 1) & ~(uint64_t)(EVENT_PAGE - 1);

	sync_range(place_of(content, from), to - from, stack);
	sync_name(file, content, stack);
}

void names_written(
	int fd, const void *data, size_t length, uint64_t at, bool is_durable, struct call call)
{
	unsigned file = files_number(fd), content = file ? names_content_of(file) : 0;
	uint32_t stack = stack_number(call);

	if (!file || !length)
		return;
	if (!names_are_watched() && at + length > ring->files[file - 1].size)
		maps_grow(fd);
	if (names_are_watched() ? !files_make_room(content, at + length)
				: at + length > ring->files[file - 1].size) {
		miss();
		return;
	}
	if (data)
		write_data(content, data, length, at, false, stack);
	else
		read_data(content, fd, length, at, stack);
	if (names_are_watched())
		names_grow(content, at + length, call);
	if (is_durable)
		sync_pages(file, content, at, length, stack);
}

struct range {
	uint64_t from, to;
	uint32_t stack;
};

static void look_in_map(struct map *map, void *context)
{
	const struct range *range = context;
	uint64_t begin = place_offset(map->place), end = begin + (map->hi - map->lo);
	uint64_t from = range->from > begin ? range->from : begin;
	uint64_t to = range->to < end ? range->to : end;

	if (from < to)
		look(map, map->lo + (from - begin), map->lo + (to - begin), range->stack);
}

void names_look_before(unsigned file, uint64_t at, size_t length, struct call call)
{
	uint64_t to = length < UINT64_MAX - at ? at + length : UINT64_MAX;
	struct range range = {at, to, stack_number(call)};

	maps_each(names_content_of(file), look_in_map, &range);
}

/*
 * Compares a piece of the file with its shadow (the content as recorded so far), and records the
 * lines that differ.
 */
static void look_at_piece(unsigned content, unsigned char *now, unsigned char *known, size_t length,
	uint64_t at, int shadow, uint32_t stack)
{
	for (size_t i = 0; i < length; i += EVENT_LINE) {
		if (!memcmp(now + i, known + i, EVENT_LINE))
			continue;
		syscall(SYS_pwrite64, shadow, now + i, (size_t)EVENT_LINE, at + i);
		write_event(&(struct event){.kind = EVENT_SEEN,
				    .stack = stack,
				    .place = place_of(content, at + i),
				    .length = EVENT_LINE},
			now + i);
	}
}

static void look_at_all(unsigned content, int fd, int shadow, off_t size, uint32_t stack)
{
	unsigned char now[4096], known[4096];

	for (off_t at = 0; at < size; at += (off_t)sizeof(now)) {
		real_memset(now, 0, sizeof(now));
		real_memset(known, 0, sizeof(known));
		if (syscall(SYS_pread64, fd, now, sizeof(now), at) <= 0)
			break;
		syscall(SYS_pread64, shadow, known, sizeof(known), at);
		look_at_piece(content, now, known, sizeof(now), (uint64_t)at, shadow, stack);
	}
}

void names_look(unsigned file, int fd, struct call call)
{
	unsigned content = names_content_of(file);
	struct stat stat;

	if (!names_are_watched())
		maps_grow(fd);
	if (fstat(fd, &stat) ||
		(names_are_watched() && !files_make_room(content, (uint64_t)stat.st_size))) {
		miss();
		return;
	}
	int shadow = files_shadow(content), again = open_to_read(fd);
	if (shadow >= 0 && again >= 0)
		look_at_all(content, again, shadow, stat.st_size, stack_number(call));
	else
		miss();
	if (shadow >= 0)
		syscall(SYS_close, shadow);
	if (again >= 0)
		syscall(SYS_close, again);
	if (names_are_watched())
		names_grow(content, (uint64_t)stat.st_size, call);
}

/* ---- syncing */

void names_sync(unsigned file, struct call call)
{
	uint32_t stack = stack_number(call);

	if (file >= NAMES_DIRECTORY) {
		unsigned directory = file - NAMES_DIRECTORY;
		sync_range(names_page(0), 0, stack); /* also records the size of standard output */
		write_event(&(struct event){.kind = EVENT_NAMES_SYNC,
				    .stack = stack,
				    .place = names_page(0),
				    .value = directory ? file : 0},
			NULL);
		return;
	}
	unsigned content = names_content_of(file);
	look_at_file(content, stack);
	sync_range(place_of(content, 0), ring->files[content - 1].size, stack);
	sync_name(file, content, stack);
}

/* Returns the file whose content has this number. */
static unsigned file_of(unsigned content)
{
	for (unsigned i = 0; i < ring->file_count; i++)
		if (ring->files[i].content == content)
			return i + 1;
	return content;
}

void names_sync_map(unsigned content, struct call call)
{
	sync_name(file_of(content), content, stack_number(call));
}

/* Records a sync of all files and directories on the device; if `device` is 0, on all devices. */
static void sync_device(uint64_t device, struct call call)
{
	/* skip the file of names, and contents that belong to no file: these have no inode */
	for (unsigned i = 0; i < ring->file_count; i++)
		if (ring->files[i].inode && (!device || ring->files[i].device == device))
			names_sync(i + 1, call);
	for (unsigned i = 0; i < ring->directory_count; i++)
		if (ring->directories[i].inode &&
			(!device || ring->directories[i].device == device))
			names_sync(i + NAMES_DIRECTORY, call);
}

void names_sync_all(struct call call)
{
	sync_device(0, call);
}

void names_sync_file_system(int fd, struct call call)
{
	struct stat stat;

	if (!fstat(fd, &stat))
		sync_device(stat.st_dev, call);
}
