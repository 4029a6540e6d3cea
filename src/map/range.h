/* SPDX-License-Identifier: BSD-3-Clause */
/* range.h - a range of addresses */
#ifndef MAP_RANGE_H
#define MAP_RANGE_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* [from, to) */
struct range {
	uintptr_t from, to;
};

/* The pages that [addr, addr + len) touches; what wraps around ends with the address space. */
static inline struct range range_whole_pages(uintptr_t addr, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = len > UINTPTR_MAX - addr ? UINTPTR_MAX : addr + len;

	return (struct range){addr & -page, end > -page ? -page : (end + page - 1) & -page};
}

#endif
