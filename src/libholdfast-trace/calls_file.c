/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_file.c - the C library's calls that map files or make them durable
 *
 * msync(2), fsync(2) and fdatasync(2) of files under test are recorded and not executed.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

static void note(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	int type = flags & MAP_TYPE, saved = errno;

	if (flags & MAP_FIXED)
		maps_remove(address, length);
	if (protection & PROT_EXEC)
		probes_made((uintptr_t)address);
	if (fd >= 0 && (protection & PROT_WRITE)) {
		if (type == MAP_PRIVATE)
			__atomic_fetch_add(&ring->private_maps, 1, __ATOMIC_RELAXED);
		else
			maps_add(address, length, fd, (uint64_t)offset);
	}
	errno = saved;
}

EXPORT void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	settle();
	void *mapped = (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);

	if (ring && mapped != MAP_FAILED)
		note(mapped, length, protection, flags, fd, offset);
	return mapped;
}

EXPORT void *mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

static void note_moved(uint64_t place, void *old, size_t old_length, void *mapped, size_t length)
{
	int saved = errno;

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
		note_moved(place, old, old_length, mapped, length);
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

EXPORT int msync(void *address, size_t length, int flags)
{
	if (!ring || !maps_find((uintptr_t)address))
		return (int)syscall(SYS_msync, address, length, flags);
	if (is_really() && syscall(SYS_msync, address, length, flags))
		return -1;
	if (flags & MS_SYNC)
		record_sync((uintptr_t)address, length, CALLER);
	return 0;
}

/*
 * Syncs a file of the watched directory, or that directory itself. False: the descriptor is
 * neither.
 */
static bool sync_watched(int fd, struct call call)
{
	struct stat stat;

	if (!names_are_watched() || fstat(fd, &stat))
		return false;
	unsigned file = S_ISREG(stat.st_mode) ? maps_known(&stat) : 0;
	if (!file && !names_is_directory(&stat))
		return false;
	names_begin();
	if (file)
		names_look(file, fd, call);
	names_sync(file, call);
	names_end();
	return true;
}

static int sync_file(int fd, long number, struct call call)
{
	bool is_watched = sync_watched(fd, call);
	unsigned file = ring && !is_watched ? maps_file(fd) : 0;

	if (((!file && !is_watched) || is_really()) && syscall(number, fd))
		return -1;
	if (file)
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
