/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sync.c - a library to preload, which makes any file look like DAX: mmap(2) with MAP_SYNC
 * succeeds where the kernel refuses it
 *
 * It makes libraries use their code for persistent memory on a machine without any. Nothing is
 * durable.
 */
#undef _FILE_OFFSET_BITS /* this macro renames mmap to mmap64, but this file defines both */
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
