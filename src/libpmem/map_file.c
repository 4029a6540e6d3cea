/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include "base/env.h"
#include "base/log.h"
#include "device/sysfs.h"
#include "libpmem.h"
#include "libpmem/export.h"
#include "libpmem/fail.h"
#include "libpmem/init.h"
#include "libpmem/persist.h"
#include "track/file_map.h"
#include "track/open_file.h"
#include "track/tracker.h"

/*
 * True if PMEM_MMAP_HINT sets the lowest address to map at. Does not change after libpmem was
 * loaded.
 */
static bool has_hint;
static uintptr_t hint;

void map_file_init(void)
{
	const char *text = env_get("PMEM_MMAP_HINT");
	char *end;

	if (!text)
		return;
	errno = 0;
	unsigned long long address = strtoull(text, &end, 16);
	if (errno || end == text) {
		log_warning("PMEM_MMAP_HINT=%s is not an address: ignored", text);
		return;
	}
	has_hint = true;
	hint = address;
}

EXPORT(pmem_map_file)
void *pmem_map_file(
	const char *path, size_t len, int flags, mode_t mode, size_t *mapped_lenp, int *is_pmemp)
{
	struct open_file_request request = {path, len, flags, mode, SYSFS_ROOT};
	struct open_file file;
	char *addr;
	int error = open_file_open(&file, &request);

	if (error) {
		fail(error);
		return NULL;
	}
	error = file_map_create(&addr, &file, has_hint ? &hint : NULL, SYSFS_ROOT);
	open_file_close(&file, error);
	if (error) {
		fail(error);
		return NULL;
	}
	persist_look_again();
	if (mapped_lenp)
		*mapped_lenp = file.length;
	if (is_pmemp)
		*is_pmemp = pmem_is_pmem(addr, file.length);
	return addr;
}

EXPORT(pmem_unmap)
int pmem_unmap(void *addr, size_t len)
{
	return fail(tracker_unmap(addr, len));
}
