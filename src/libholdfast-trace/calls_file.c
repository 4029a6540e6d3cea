/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_file.c - calls of the C library that map files, or make files durable
 *
 * For files under test, msync(2), fsync(2) and fdatasync(2) are recorded instead of being
 * executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

/* Can the program store to this mapping, now or after a call of mprotect(2)? */
static bool may_store(int protection, bool is_shared, int fd)
{
	return protection & PROT_WRITE ||
	       (is_shared && (syscall(SYS_fcntl, fd, (long)F_GETFL) & O_ACCMODE) == O_RDWR);
}

static void note(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	bool is_private = (flags & MAP_TYPE) == MAP_PRIVATE;
	int saved = errno;

	if (flags & MAP_FIXED)
		maps_remove(address, length);
	if (protection & PROT_EXEC)
		probes_made((uintptr_t)address);
	if (fd >= 0 && !(flags & MAP_ANONYMOUS) && may_store(protection, !is_private, fd)) {
		if (is_private)
			__atomic_fetch_add(&ring->private_maps, 1, __ATOMIC_RELAXED);
		else
			maps_add(address, length, fd, (uint64_t)offset);
	}
	errno = saved;
}

/* Did the kernel refuse the flag MAP_SYNC for a file that is to look like a file on DAX? */
static bool is_refused_sync(int flags, int fd)
{
	return errno == EOPNOTSUPP && flags & MAP_SYNC &&
	       (flags & MAP_TYPE) == MAP_SHARED_VALIDATE && maps_may_sync(fd);
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	settle();
	void *mapped = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	if (ring && mapped == MAP_FAILED && is_refused_sync(flags, fd)) {
		flags = (flags & ~(MAP_SYNC | MAP_TYPE)) | MAP_SHARED;
		mapped = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
	}

	if (ring && mapped != MAP_FAILED)
		note(mapped, length, protection, flags, fd, offset);
	return mapped;
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

static void note_moved(uint64_t place, void *old, size_t old_length, void *mapped, size_t length)
{
	int saved = errno;

	if (old)
		maps_remove(old, old_length);
	maps_remove(mapped, length);
	if (place)
		maps_add_moved(mapped, length, place);
	errno = saved;
}

EXPORT void *mremap(void *old, size_t old_length, size_t length, int flags, ...)
{
	struct map *map = ring ? maps_find((uintptr_t)old) : NULL;
	uint64_t place = map ? map->place + ((uintptr_t)old - map->lo) : 0;
	va_list ap;

	va_start(ap, flags);
	void *target = flags & MREMAP_FIXED ? va_arg(ap, void *) : NULL;
	va_end(ap);
	settle();
	void *mapped = (void *)syscall(SYS_mremap, old, old_length, length, (long)flags, target);
	if (ring && mapped != MAP_FAILED)
		note_moved(
			place, flags & MREMAP_DONTUNMAP ? NULL : old, old_length, mapped, length);
	return mapped;
}

EXPORT int munmap(void *address, size_t length)
{
	settle();
	if (ring)
		maps_remove(address, length);
	return (int)syscall(SYS_munmap, address, length);
}

EXPORT int mprotect(void *address, size_t length, int protection)
{
	if (ring && protection & PROT_EXEC)
		probes_made((uintptr_t)address);
	return (int)syscall(SYS_mprotect, address, length, (long)protection);
}

/*
 * Records a sync of a range of mappings. In a watched directory this syncs the sizes and the names
 * of the files, too.
 */
static void sync_map(uintptr_t address, size_t length, struct call call)
{
	uintptr_t end = address + length;

	record_sync(address, length, call);
	for (struct map *map; names_are_watched() && address < end && (map = maps_find(address));
		address = map->hi) {
		names_begin();
		names_sync_map(place_file(map->place), call);
		names_end();
	}
}

EXPORT int msync(void *address, size_t length, int flags)
{
	if (!ring || !maps_find((uintptr_t)address))
		return (int)syscall(SYS_msync, address, length, flags);
	bool is_sync = (flags & (MS_SYNC | MS_ASYNC)) == MS_SYNC;
	/* with MS_ASYNC the kernel syncs nothing, but checks the arguments */
	int used = is_sync && !is_really() ? flags ^ (MS_SYNC | MS_ASYNC) : flags;

	if (syscall(SYS_msync, address, length, (long)used))
		return -1;
	if (is_sync)
		sync_map((uintptr_t)address, length, CALLER);
	return 0;
}

/* Was the descriptor opened with O_PATH? Then a sync of it has to fail. */
static bool is_path_only(int fd)
{
	return syscall(SYS_fcntl, fd, (long)F_GETFL) & O_PATH;
}

/*
 * Records a sync of a watched directory or of a file in it, whichever path and descriptor the
 * program used. Returns false if the descriptor is of no such file or directory.
 */
static bool sync_watched(int fd, struct call call)
{
	struct stat stat;

	if (!names_are_watched() || fstat(fd, &stat) || is_path_only(fd))
		return false;
	unsigned file = S_ISREG(stat.st_mode) ? files_known(&stat) : names_directory(&stat);
	if (!file)
		return false;
	names_begin();
	if (file < NAMES_DIRECTORY)
		names_look(file, fd, call);
	names_sync(file, call);
	names_end();
	return true;
}

static int sync_file(int fd, long number, struct call call)
{
	bool is_watched = sync_watched(fd, call);
	unsigned file = ring && !is_watched ? files_number(fd) : 0;

	if (((!file && !is_watched) || is_really()) && syscall(number, fd))
		return -1;
	if (!file)
		return 0;
	if (!maps_cover(file))
		names_look(file, fd, call);
	record_file_sync(file, call);
	return 0;
}

EXPORT int fsync(int fd)
{
	return sync_file(fd, SYS_fsync, CALLER);
}

EXPORT int fdatasync(int fd)
{
	return sync_file(fd, SYS_fdatasync, CALLER);
}

/* ---- calls that sync all files */

EXPORT void sync(void)
{
	syscall(SYS_sync);
	if (!ring || !ring->file_count)
		return;
	names_begin();
	names_sync_all(CALLER);
	names_end();
}

EXPORT int syncfs(int fd)
{
	if (syscall(SYS_syncfs, fd))
		return -1;
	if (!ring || !ring->file_count)
		return 0;
	names_begin();
	names_sync_file_system(fd, CALLER);
	names_end();
	return 0;
}
