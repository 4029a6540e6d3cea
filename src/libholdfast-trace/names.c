/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - records names, sizes and written data of the files of the watched directory */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/names.h"

/* The set of signals that were blocked before names_begin(). */
TLS uint64_t blocked_before;

/*
 * Blocks signals, because a handler that writes to a file would wait for a lock that its own
 * thread holds. Signals that an instruction causes, such as SIGSEGV, are not blocked.
 */
void names_begin(void)
{
	uint64_t all = ~(UINT64_C(1) << (SIGSEGV - 1) | UINT64_C(1) << (SIGBUS - 1) |
			 UINT64_C(1) << (SIGILL - 1) | UINT64_C(1) << (SIGFPE - 1) |
			 UINT64_C(1) << (SIGTRAP - 1));

	settle();
	syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, &all, &blocked_before, sizeof(all));
	lock_take(&ring->names_lock);
}

void names_end(void)
{
	lock_leave(&ring->names_lock);
	syscall(SYS_rt_sigprocmask, (long)SIG_SETMASK, &blocked_before, NULL,
		sizeof(blocked_before));
}

/* ---- directories and names */

unsigned names_directory(const struct stat *stat)
{
	for (unsigned i = 0; i < ring->directory_count; i++)
		if (ring->directories[i].inode == stat->st_ino &&
			ring->directories[i].device == stat->st_dev)
			return i + NAMES_DIRECTORY;
	return 0;
}

static unsigned add_name(unsigned directory, const char *base)
{
	size_t length = strlen(base);
	unsigned number = ring->name_count;

	if (number == NAMES_MAX || length >= NAMES_LENGTH) {
		tell_missed(MISSED_ROOM, base);
		return 0;
	}
	real_memmove(ring->names[number], base, length + 1);
	ring->name_directories[number] = (uint8_t)directory;
	ring->name_count = number + 1;
	write_event(
		&(struct event){
			.kind = EVENT_NAME, .value = number, .place = directory, .length = length},
		base);
	return number + 1;
}

/* Copies the path, but not slashes at its end. Returns false if it is empty or too long. */
static bool trim(const char *path, char *to, size_t size)
{
	size_t length = strlen(path);

	while (length && path[length - 1] == '/')
		length--;
	if (!length || length >= size)
		return false;
	real_memmove(to, path, length);
	to[length] = '\0';
	return true;
}

unsigned names_find(int directory, const char *whole)
{
	char path[1024], parent[1024] = ".";
	struct stat stat;

	if (!trim(whole, path, sizeof(path)))
		return 0;
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	if (slash) {
		real_memmove(parent, path, (size_t)(slash - path) + 1);
		parent[slash - path + 1] = '\0';
	}
	if (!strcmp(base, ".") || !strcmp(base, "..") || fstatat(directory, parent, &stat, 0))
		return 0;
	unsigned number = names_directory(&stat) - NAMES_DIRECTORY;
	if (number >= NAMES_DIRECTORIES)
		return 0;
	for (unsigned i = 0; i < ring->name_count; i++)
		if (ring->name_directories[i] == number && !strcmp(ring->names[i], base))
			return i + 1;
	return add_name(number, base);
}

struct named names_what(int directory, const char *path, int flags)
{
	struct stat stat;

	if (fstatat(directory, path, &stat, flags))
		return (struct named){0};
	struct named named = {
		.is_there = true, .is_file = S_ISREG(stat.st_mode), .size = (uint64_t)stat.st_size};
	named.file = named.is_file           ? files_known(&stat)
		     : S_ISDIR(stat.st_mode) ? names_directory(&stat)
					     : 0;
	return named;
}

void names_forget(unsigned file)
{
	if (file >= NAMES_DIRECTORY)
		ring->directories[file - NAMES_DIRECTORY] = (struct ring_directory){0};
	else if (file)
		ring->files[file - 1].inode = ring->files[file - 1].device = 0;
}

void names_add_directory(unsigned name, int directory, const char *path, struct call call)
{
	unsigned number = ring->directory_count;
	struct stat stat;

	if (number == NAMES_DIRECTORIES || fstatat(directory, path, &stat, AT_SYMLINK_NOFOLLOW)) {
		tell_missed(MISSED_ROOM, path);
		return;
	}
	ring->directories[number] = (struct ring_directory){stat.st_dev, stat.st_ino};
	ring->directory_count = number + 1;
	write_event(&(struct event){.kind = EVENT_DIRECTORY,
			    .value = number,
			    .place = ring->name_directories[name - 1],
			    .length = strlen(ring->names[name - 1])},
		ring->names[name - 1]);
	number += NAMES_DIRECTORY;
	names_set(name, number, 0, 0, number, call);
}

/* ---- changes of names and sizes */

unsigned names_content_of(unsigned file)
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

void names_set(unsigned name, unsigned file, unsigned other, unsigned others, unsigned about,
	struct call call)
{
	struct name_change changes[2] = {{name - 1, file}, {other ? other - 1 : 0, others}};

	change(names_page(0), about, false, changes, other && other != name ? 2 : 1, call);
}

/*
 * Records a truncation. If a file is truncated to size 0, it gets a new content (trace/names.h).
 * Truncation to another size is not modelled.
 */
void names_truncate(unsigned file, const char *name, uint64_t old, uint64_t size, struct call call)
{
	struct ring_file *known = &ring->files[file - 1];
	unsigned content = names_content_of(file);

	if (old == size)
		return;
	if (size < old && !size)
		content = known->content = files_new_content(name);
	if (size < old && size) {
		tell_missed(MISSED_CUT, name);
		return;
	}
	if (!content || !files_make_room(content, size)) {
		tell_missed(MISSED_ROOM, name);
		return;
	}
	change(names_page(0), file, true,
		(struct name_change[]){
			{names_content_word(file), content}, {names_size_word(file), size}},
		2, call);
	if (size > ring->files[content - 1].grown)
		ring->files[content - 1].grown = size;
}

void names_grow(unsigned content, uint64_t size, struct call call)
{
	if (size <= ring->files[content - 1].grown)
		return;
	ring->files[content - 1].grown = size;
	change(names_page(content), content, true, &(struct name_change){0, size}, 1, call);
}
