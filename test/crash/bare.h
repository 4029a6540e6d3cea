/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare.h - the calls of libpmem that litmus.c makes, implemented without libpmem
 *
 * These functions imitate programs that flush with instructions of their own. If VENDORED is
 * defined, they flush with holdfast_flush.h.
 */
#ifndef TEST_CRASH_BARE_H
#define TEST_CRASH_BARE_H

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifdef VENDORED
#include "holdfast_flush.h"

#define SHARED MAP_SHARED

static void pmem_flush(const void *addr, size_t len)
{
	holdfast_flush(addr, len);
}

static void pmem_drain(void)
{
	holdfast_drain();
}
#else
#define SHARED (MAP_SHARED_VALIDATE | MAP_SYNC) /* MAP_SYNC needs DAX, or holdfast crash */

static void pmem_flush(const void *addr, size_t len)
{
	uintptr_t line = (uintptr_t)addr & ~(uintptr_t)63;

	for (; line < (uintptr_t)addr + len; line += 64)
		__asm__ volatile("clwb %0" : "+m"(*(volatile char *)line));
}

/*
 * Drains with an SFENCE, or, if the environment has LITMUS_LOCKED, with a locked instruction, which
 * is a fence, too.
 */
static void pmem_drain(void)
{
	static int counter;

	if (getenv("LITMUS_LOCKED"))
		__asm__ volatile("lock incl %0" : "+m"(counter) : : "memory");
	else
		__asm__ volatile("sfence" ::: "memory");
}
#endif

static void pmem_persist(const void *addr, size_t len)
{
	pmem_flush(addr, len);
	pmem_drain();
}

static void *pmem_memcpy_nodrain(void *to, const void *from, size_t len)
{
	for (size_t i = 0; i < len / 8; i++)
		__asm__ volatile("movnti %1, %0"
				 : "=m"(((uint64_t *)to)[i])
				 : "r"(((const uint64_t *)from)[i]));
	return to;
}

static void *pmem_memcpy_persist(void *to, const void *from, size_t len)
{
	pmem_memcpy_nodrain(to, from, len);
	pmem_drain();
	return to;
}

static void *pmem_map_file(
	const char *path, size_t len, int flags, unsigned mode, size_t *mapped, int *is_pmem)
{
	struct stat stat;
	int fd = open(path, O_RDWR);

	(void)len;
	(void)flags;
	(void)mode;
	*is_pmem = 1;
	if (fd < 0 || fstat(fd, &stat))
		return NULL;
	*mapped = (size_t)stat.st_size;
	void *at = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

static const char *pmem_errormsg(void)
{
	return "the file cannot be mapped";
}

#endif
