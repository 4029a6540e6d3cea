/* SPDX-License-Identifier: BSD-3-Clause */
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/persist.h"
#include "libpmem2/base.h"

/* The engines know the flags by their names in libpmem2. */
_Static_assert(PMEM_F_MEM_NODRAIN == PMEM2_F_MEM_NODRAIN &&
		       PMEM_F_MEM_NONTEMPORAL == PMEM2_F_MEM_NONTEMPORAL &&
		       PMEM_F_MEM_TEMPORAL == PMEM2_F_MEM_TEMPORAL &&
		       PMEM_F_MEM_WC == PMEM2_F_MEM_WC && PMEM_F_MEM_WB == PMEM2_F_MEM_WB &&
		       PMEM_F_MEM_NOFLUSH == PMEM2_F_MEM_NOFLUSH,
	"flags mean the same in both libraries");

EXPORT(pmem_memmove)
void *pmem_memmove(void *pmemdest, const void *src, size_t len, unsigned flags)
{
	return persist.move(pmemdest, src, len, flags);
}

/* Overlap is allowed for memcpy too. */
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
