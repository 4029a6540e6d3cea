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
#include "map/path.h"
#include "map/tracked.h"
#include "map/tracker.h"

static struct tracked_place place; /* constant after loading */

void map_file_init(void)
{
	const char *text = env_get("PMEM_MMAP_HINT");
	char *end;

	if (!text)
		return;
	errno = 0;
	unsigned long long hint = strtoull(text, &end, 16);
	if (errno || end == text) {
		log_warning("PMEM_MMAP_HINT=%s is not an address: ignored", text);
		return;
	}
	place = (struct tracked_place){.has_hint = true, .hint = hint};
}

EXPORT(pmem_map_file)
void *pmem_map_file(
	const char *path, size_t len, int flags, mode_t mode, size_t *mapped_lenp, int *is_pmemp)
{
	struct path_request request = {path, len, flags, mode, SYSFS_ROOT};
	struct path file;
	char *addr;
	int error = path_open(&file, &request);

	if (error) {
		fail(error);
		return NULL;
	}
	error = tracked_map(&addr, &file, &place, SYSFS_ROOT);
	path_close(&file, error);
	if (error) {
		fail(error);
		return NULL;
	}
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
