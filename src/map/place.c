/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/place.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"
#include "libpmem2/base.h"
#include "map/limit.h"

#define BLANK (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

#define MiB ((size_t)1 << 20)
#define GiB ((size_t)1 << 30)

size_t place_alignment(size_t length, size_t source_alignment)
{
	size_t huge = length >= 2 * GiB ? GiB : 2 * MiB;

	return source_alignment > huge ? source_alignment : huge;
}

int place_reserve(char **addr, size_t length, size_t alignment)
{
	if (length > SIZE_MAX - alignment)
		return err_set(-ENOMEM, "no address space for %zu bytes", length);

	size_t reserved = length + alignment;
	char *base = mmap(NULL, reserved, PROT_NONE, BLANK, -1, 0), hint[LIMIT_HINT];
	if (base == MAP_FAILED)
		return err_set(-errno, "cannot reserve %zu bytes of address space: %m%s", reserved,
			limit_hint(hint));

	size_t before = -(uintptr_t)base & (alignment - 1);
	size_t after = alignment - before;
	if (before)
		place_discard(base, before);
	place_discard(base + before + length, after);
	*addr = base + before;
	/*
	 * If all other address space is taken, the kernel may give a process of root the lowest
	 * page, whose address is NULL.
	 */
	if (!*addr) {
		place_discard(base + before, length);
		return err_set(-ENOMEM, "no address space for %zu bytes", length);
	}
	return 0;
}

int place_reserve_at(char *addr, size_t length)
{
	if (length > UINTPTR_MAX - (uintptr_t)addr)
		return err_set(-ENOMEM, "%zu bytes at %p reach beyond the end of address space",
			length, (void *)addr);

	char *got = mmap(addr, length, PROT_NONE, BLANK | MAP_FIXED_NOREPLACE, -1, 0);
	char hint[LIMIT_HINT];
	/* Kernels before 4.17 ignore MAP_FIXED_NOREPLACE and use the address as a hint. */
	if (got != MAP_FAILED && got != addr) {
		place_discard(got, length);
		got = MAP_FAILED;
		errno = EEXIST;
	}
	if (got == addr)
		return 0;
	if (errno == EEXIST)
		return err_set(PMEM2_E_MAPPING_EXISTS,
			"something is already mapped within the %zu bytes at %p", length,
			(void *)addr);
	return err_set(-errno, "cannot reserve %zu bytes at %p: %m%s", length, (void *)addr,
		limit_hint(hint));
}

int place_blank(char *addr, size_t length)
{
	return mmap(addr, length, PROT_NONE, BLANK | MAP_FIXED, -1, 0) == addr ? 0 : -errno;
}

void place_close_hole(char *addr, size_t length)
{
	char *got = mmap(addr, length, PROT_NONE, BLANK | MAP_FIXED_NOREPLACE, -1, 0);

	if (got != MAP_FAILED && got != addr)
		place_discard(got, length);
}

void place_discard(void *addr, size_t length)
{
	int saved = errno;

	if (munmap(addr, length)) {
		log_warning(
			"%zu bytes of address space at %p stay reserved: they cannot be unmapped: %m",
			length, addr);
		place_blank(addr, length);
	}
	errno = saved;
}

int place_release(char *addr, size_t length)
{
	char hint[LIMIT_HINT];

	if (munmap(addr, length))
		return err_set(-errno, "cannot unmap %zu bytes at %p: %m%s", length, (void *)addr,
			limit_hint(hint));
	return 0;
}
