/* SPDX-License-Identifier: BSD-3-Clause */
/* noted.c - remember which pages of a pool a reconnect will send again */
#include "libholdfast-trace/noted.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BITS 64u

/*
 * A lane has a row of bits, one for each page. Only in the words of this row from `low` to before
 * `high` may bits be set.
 */
struct bounds {
	size_t low, high;
};

static struct bounds *bounds_of(const struct noted *noted, unsigned lane)
{
	return (struct bounds *)(void *)noted->map + lane;
}

static uint64_t *row_of(const struct noted *noted, unsigned row)
{
	uint64_t *rows = (uint64_t *)(void *)bounds_of(noted, noted->lanes);

	return rows + row * noted->words;
}

bool noted_begin(struct noted *noted, size_t pool_size, unsigned lanes)
{
	size_t pages = (pool_size + NOTED_PAGE - 1) / NOTED_PAGE;
	size_t words = (pages + BITS - 1) / BITS;
	size_t bytes = lanes * sizeof(struct bounds) + (lanes + 1) * words * sizeof(uint64_t);

	if (noted->map && noted->bytes >= bytes) {
		syscall(SYS_madvise, noted->map, noted->bytes, (long)MADV_DONTNEED);
	} else {
		long map = syscall(SYS_mmap, 0L, bytes, (long)(PROT_READ | PROT_WRITE),
			(long)(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE), -1L, 0L);
		noted->map = map == -1 ? NULL : (unsigned char *)map;
		noted->bytes = bytes;
	}
	noted->words = words;
	noted->lanes = lanes;
	return noted->map;
}

void noted_add(struct noted *noted, unsigned row, size_t offset, size_t length)
{
	if (!length)
		return;
	size_t first = offset / NOTED_PAGE, last = (offset + length - 1) / NOTED_PAGE;
	for (size_t page = first; page <= last; page++)
		__atomic_fetch_or(&row_of(noted, row)[page / BITS], UINT64_C(1) << page % BITS,
			__ATOMIC_RELAXED);
	if (row == noted->lanes)
		return;
	struct bounds *bounds = bounds_of(noted, row);
	if (!bounds->high || bounds->low > first / BITS)
		bounds->low = first / BITS;
	if (bounds->high < last / BITS + 1)
		bounds->high = last / BITS + 1;
}

void noted_drop(struct noted *noted, unsigned lane)
{
	struct bounds *bounds = bounds_of(noted, lane);

	for (size_t i = bounds->low; i < bounds->high; i++)
		row_of(noted, lane)[i] = 0;
	*bounds = (struct bounds){0, 0};
}

void noted_clear(struct noted *noted)
{
	for (unsigned lane = 0; lane < noted->lanes; lane++)
		noted_drop(noted, lane);
	for (size_t i = 0; i < noted->words; i++)
		row_of(noted, noted->lanes)[i] = 0;
}

bool noted_has(const struct noted *noted, size_t page)
{
	for (unsigned row = 0; row <= noted->lanes; row++)
		if (row_of(noted, row)[page / BITS] >> page % BITS & 1)
			return true;
	return false;
}
