/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/persist.h"
#include "libpmem2/base.h"

/*
 * libpmem's flags are passed to the copy engines unchanged, so they must have the same values as
 * those of libpmem2.
 */
#define SAME_FLAG(name)                                                                            \
	_Static_assert(PMEM_F_MEM_##name == PMEM2_F_MEM_##name, "a flag of both libraries")

SAME_FLAG(NODRAIN);
SAME_FLAG(NONTEMPORAL);
SAME_FLAG(TEMPORAL);
SAME_FLAG(WC);
SAME_FLAG(WB);
SAME_FLAG(NOFLUSH);

EXPORT(pmem_memmove)
void *pmem_memmove(void *pmemdest, const void *src, size_t len, unsigned flags)
{
	return persist.move(pmemdest, src, len, flags);
}

/* Does the same as pmem_memmove(): source and destination may overlap here, too. */
EXPORT(pmem_memcpy)
void *pmem_memcpy(void *pmemdest, const void *src, size_t len, unsigned flags)
{
	return persist.move(pmemdest, src, len, flags);
}

EXPORT(pmem_memset)
void *pmem_memset(void *pmemdest, int c, size_t len, unsigned flags)
{
	return persist.set(pmemdest, c, len, flags);
}

EXPORT(pmem_memmove_persist)
void *pmem_memmove_persist(void *pmemdest, const void *src, size_t len)
{
	return persist.move(pmemdest, src, len, 0);
}

EXPORT(pmem_memcpy_persist)
void *pmem_memcpy_persist(void *pmemdest, const void *src, size_t len)
{
	return persist.move(pmemdest, src, len, 0);
}

EXPORT(pmem_memset_persist)
void *pmem_memset_persist(void *pmemdest, int c, size_t len)
{
	return persist.set(pmemdest, c, len, 0);
}

EXPORT(pmem_memmove_nodrain)
void *pmem_memmove_nodrain(void *pmemdest, const void *src, size_t len)
{
	return persist.move(pmemdest, src, len, PMEM_F_MEM_NODRAIN);
}

EXPORT(pmem_memcpy_nodrain)
void *pmem_memcpy_nodrain(void *pmemdest, const void *src, size_t len)
{
	return persist.move(pmemdest, src, len, PMEM_F_MEM_NODRAIN);
}

EXPORT(pmem_memset_nodrain)
void *pmem_memset_nodrain(void *pmemdest, int c, size_t len)
{
	return persist.set(pmemdest, c, len, PMEM_F_MEM_NODRAIN);
}
