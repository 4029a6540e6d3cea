/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/sysfs.h"
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/fail.h"
#include "libpmem/persist.h"
#include "track/file_map.h"

EXPORT(pmem_deep_flush)
void pmem_deep_flush(const void *addr, size_t len)
{
	persist.deep_flush(addr, len);
}

EXPORT(pmem_deep_drain)
int pmem_deep_drain(const void *addr, size_t len)
{
	return fail(file_map_deep_drain(addr, len, SYSFS_ROOT));
}

EXPORT(pmem_deep_persist)
int pmem_deep_persist(const void *addr, size_t len)
{
	persist.deep_flush(addr, len);
	return fail(file_map_deep_drain(addr, len, SYSFS_ROOT));
}
