/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - records names, sizes and written data of the files of the watched directory */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define CHUNK 16384u

void names_begin(void)
{
	settle();
	while (__atomic_exchange_n(&ring->names_lock, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
}

void names_end(void)
{
	__atomic_store_n(&ring->names_lock, 0, __ATOMIC_RELEASE);
}

bool names_is_directory(const struct stat *stat)
{
	return stat->st_dev == ring->watch_device && stat->st_ino == ring->watch_inode;
}

static void miss(void)
{
	__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
}

static unsigned add_name(const char *base)
{
	size_t length = strlen(base);
	unsigned number = ring->name_count;

	if (number == NAMES_MAX || length >= NAMES_LENGTH) {
		miss();
		return 0;
	}
	real_memmove(ring->names[number], base, length + 1);
	ring->name_count = number + 1;
	write_event(&(struct event){.kind = EVENT_NAME, .value = number, .length = length}, base);
	return number + 1;
}

unsigned names_find(int directory, const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	char parent[1024] = ".";
	struct stat stat;

	if (slash && (size_t)(slash - path) + 2 > sizeof(parent))
		return 0;
	if (slash) {
		real_memmove(parent, path, (size_t)(slash - path) + 1);
		parent[slash - path + 1] = '\0';
	}
	if (!*base || fstatat(directory, parent, &stat, 0) || !names_is_directory(&stat))
		return 0;
	for (unsigned i = 0; i < ring->name_count; i++)
		if (!strcmp(ring->names[i], base))
			return i + 1;
	return add_name(base);
}

unsigned names_file(int directory, const char *path, uint64_t *size)
{
	struct stat stat;

	if (fstatat(directory, path, &stat, AT_SYMLINK_NOFOLLOW) || !S_ISREG(stat.st_mode))
		return 0;
	*size = (uint64_t)stat.st_size;
	return maps_known(&stat);
}

static unsigned content_of(unsigned file)
{
	unsigned content = ring->files[file - 1].content;

	return content ? content : file;
}

static void change(uint64_t page, unsigned file, bool is_size, const struct name_change *changes,
	unsigned count, struct call call)
{
	write_event(&(struct event){.kind = EVENT_NAMES,
			    .size = is_size,
			    .stack = stack_number(call),
			    .place = page,
			    .value = file,
			    .length = count * sizeof(*changes)},
		changes);
}

void names_set(unsigned name, unsigned other, unsigned file, struct call call)
{
	struct name_change changes[2] = {{name - 1, file}, {other ? other - 1 : 0, 0}};

	change(names_page(0), file, false, changes, other && other != name ? 2 : 1, call);
}

/*
 * A file that is truncated to size 0 gets another content (trace/names.h). Truncation to another
 * size is not modelled.
 */
void names_truncate(unsigned file, const char *name, uint64_t old, uint64_t size, struct call call)
{
	struct ring_file *known = &ring->files[file - 1];
	unsigned content = content_of(file);

	if (old == size)
		return;
	if (size < old && !size)
		content = known->content = maps_new_content(name);
	if ((size < old && size) || !content || !maps_make_room(content, size)) {
		miss();
		return;
	}
	change(names_page(0), file, true,
		(struct name_change[]){
			{names_content_word(file), content}, {names_size_word(file), size}},
		2, call);
	if (size > ring->files[content - 1].grown)
		ring->files[content - 1].grown = size;
}

static void grow(unsigned content, uint64_t size, struct call call)
{
	if (size <= ring->files[content - 1].grown)
		return;
	ring->files[content - 1].grown = size;
	change(names_page(content), content, true, &(struct name_change){0, size}, 1, call);
}

static void write_data(
	unsigned content, const unsigned char *data, size_t length, uint64_t at, struct call call)
{
	int shadow = maps_shadow(content);
	uint32_t stack = stack_number(call);
	uint8_t is_more = 0;

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
		is_more = 1;
	}
}

void names_written(int fd, const void *data, size_t length, uint64_t at, struct call call)
{
	unsigned file = maps_file(fd), content = file ? content_of(file) : 0;

	if (!file || !length)
		return;
	if (!maps_make_room(content, at + length)) {
		miss();
		return;
	}
	write_data(content, data, length, at, call);
	grow(content, at + length, call);
	if (syscall(SYS_fcntl, fd, F_GETFL) & O_DSYNC)
		names_sync(file, call);
}

/* Records the lines of a piece of the file that differ from its shadow. */
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

/* Opens the file again for reading, because the program's descriptor may be for writing only. */
static int open_to_read(int fd)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
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
	unsigned content = content_of(file);
	struct stat stat;

	if (fstat(fd, &stat) || !maps_make_room(content, (uint64_t)stat.st_size)) {
		miss();
		return;
	}
	int shadow = maps_shadow(content), again = open_to_read(fd);
	if (shadow >= 0 && again >= 0)
		look_at_all(content, again, shadow, stat.st_size, stack_number(call));
	else
		miss();
	if (shadow >= 0)
		syscall(SYS_close, shadow);
	if (again >= 0)
		syscall(SYS_close, again);
	grow(content, (uint64_t)stat.st_size, call);
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

void names_sync(unsigned file, struct call call)
{
	uint32_t stack = stack_number(call);
	unsigned content = file ? content_of(file) : 0;

	if (file) {
		look_at_file(content, stack);
		sync_range(place_of(content, 0), ring->files[content - 1].size, stack);
		sync_range(names_page(content), EVENT_PAGE, stack);
	} else {
		sync_range(names_page(0), 0, stack); /* has the number of acknowledged bytes */
	}
	write_event(&(struct event){.kind = EVENT_NAMES_SYNC,
			    .stack = stack,
			    .place = names_page(0),
			    .value = file},
		NULL);
}
