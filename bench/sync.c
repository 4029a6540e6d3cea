/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sync.c - preloaded, it makes any file look like DAX: MAP_SYNC is granted where the kernel
 * refuses it
 *
 * It shows how a library treats persistent memory on a machine without any. Nothing is durable.
 */
#undef _FILE_OFFSET_BITS /* which renames mmap, of which both names are wanted here */
#include <linux/mman.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	if (flags & MAP_SYNC && (flags & MAP_TYPE) == MAP_SHARED_VALIDATE)
		flags = (flags & ~(MAP_SYNC | MAP_TYPE)) | MAP_SHARED;
	return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

EXPORT void *mmap64(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}
