/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * device.c - tests pmem2_source_device_id(), _device_usc() and _numa_node() without persistent
 * memory
 *
 * test/unit/trees.c tests them with simulated memory modules.
 */
#include <errno.h>

#include "api/fixture.h"

#define NO_SUCH 4711

/* Tests that each call fails for a source without memory modules, and leaves its output alone. */
static void nothing_there(const struct pmem2_source *src, int numa_error, const char *name)
{
	char id[16] = "as before";
	size_t len = NO_SUCH;
	uint64_t usc = NO_SUCH;
	int node = NO_SUCH;

	is_int(pmem2_source_device_id(src, NULL, &len), PMEM2_E_NOSUPP,
		"%s: device_id without a buffer fails with NOSUPP", name);
	is_int(len, NO_SUCH, "%s: a failed device_id does not change the length", name);
	len = sizeof(id);
	is_int(pmem2_source_device_id(src, id, &len), PMEM2_E_NOSUPP,
		"%s: device_id fails with NOSUPP", name);
	is_str(id, "as before", "%s: a failed device_id does not change the buffer", name);
	is_int(pmem2_source_device_usc(src, &usc), PMEM2_E_NOSUPP,
		"%s: device_usc fails with NOSUPP", name);
	is_int(usc, NO_SUCH, "%s: a failed device_usc does not change the count", name);
	is_int(pmem2_source_numa_node(src, &node), numa_error,
		"%s: numa_node fails with the expected error", name);
	is_int(node, NO_SUCH, "%s: a failed numa_node does not change the node", name);
	ok(strlen(pmem2_errormsg()) > 10, "%s: a failed numa_node sets an error message", name);
}

static void nulls(const struct pmem2_source *src)
{
	uint64_t usc;
	size_t len;
	int node;

	is_int(pmem2_source_device_id(NULL, NULL, &len), -EINVAL,
		"source_device_id: NULL for the source is refused");
	is_int(pmem2_source_device_id(src, NULL, NULL), -EINVAL,
		"source_device_id: NULL for the length is refused");
	is_int(pmem2_source_device_usc(NULL, &usc), -EINVAL,
		"source_device_usc: NULL for the source is refused");
	is_int(pmem2_source_device_usc(src, NULL), -EINVAL,
		"source_device_usc: NULL for the output is refused");
	is_int(pmem2_source_numa_node(NULL, &node), -EINVAL,
		"source_numa_node: NULL for the source is refused");
	is_int(pmem2_source_numa_node(src, NULL), -EINVAL,
		"source_numa_node: NULL for the output is refused");
}

/*
 * Tests that the calls refuse an anonymous source even if the output is NULL: as in PMDK's
 * libpmem2, the kind of source is checked first.
 */
static void anonymous_first(const struct pmem2_source *anon)
{
	is_int(pmem2_source_device_id(anon, NULL, NULL), PMEM2_E_NOSUPP,
		"pmem2_source_device_id: an anonymous source is refused with NOSUPP even if the output is NULL");
	is_int(pmem2_source_device_usc(anon, NULL), PMEM2_E_NOSUPP,
		"pmem2_source_device_usc: an anonymous source is refused with NOSUPP even if the output is NULL");
	is_int(pmem2_source_numa_node(anon, NULL), PMEM2_E_NOSUPP,
		"pmem2_source_numa_node: an anonymous source is refused with NOSUPP even if the output is NULL");
	is_int(pmem2_badblock_context_new(NULL, anon), PMEM2_E_NOSUPP,
		"pmem2_badblock_context_new: an anonymous source is refused with NOSUPP even if the output is NULL");
}

int main(void)
{
	int fd = file_of(page_size(), O_RDWR), memory = memfd_create("holdfast", MFD_CLOEXEC);
	struct pmem2_source *file = source_of(fd), *shm, *anon;

	if (memory < 0 || ftruncate(memory, (off_t)page_size()))
		bail("cannot make a file in memory: %m");
	shm = source_of(memory);
	if (pmem2_source_from_anon(&anon, page_size()))
		bail("cannot make an anonymous source: %s", pmem2_errormsg());
	if (access("/sys/bus/nd/devices/region0", F_OK))
		nothing_there(file, PMEM2_E_DAX_REGION_NOT_FOUND, "a file");
	else
		skip("a file: device_id fails with NOSUPP",
			"this machine has persistent memory, maybe under the file");
	nothing_there(shm, PMEM2_E_DAX_REGION_NOT_FOUND, "a file in memory");
	nothing_there(anon, PMEM2_E_NOSUPP, "an anonymous source");
	nulls(file);
	anonymous_first(anon);
	pmem2_source_delete(&file);
	pmem2_source_delete(&shm);
	pmem2_source_delete(&anon);
	close(fd);
	close(memory);
	return tap_done();
}
