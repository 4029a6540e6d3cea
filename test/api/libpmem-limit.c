/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-limit.c - tests the messages of calls that fail because the kernel allows no more
 * mappings, or no more address space
 */
#include <libpmem2.h>
#include <sys/resource.h>

#include "api/libpmem.h"
#include "emulated.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static size_t limit_of_kernel(void)
{
	size_t limit = 0;
	FILE *file = fopen("/proc/sys/vm/max_map_count", "r");

	if (file && fscanf(file, "%zu", &limit) != 1)
		limit = 0;
	if (file)
		fclose(file);
	return limit;
}

/*
 * Makes up to `count` mappings, one page each, from the address `*addr` on. Returns the number of
 * mappings made. Adjacent mappings have different protections, so that the kernel does not merge
 * them.
 */
static size_t use_up(char **addr, size_t count)
{
	size_t made = 0;

	*addr = mmap(
		NULL, count * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	while (*addr != MAP_FAILED && made < count &&
		!mprotect(*addr + made * PAGE, PAGE, made % 2 ? PROT_NONE : PROT_READ))
		made++;
	return made;
}

static struct pmem2_config *config;
static struct pmem2_source *source;

static int map_pmem2(void)
{
	struct pmem2_map *map;
	int error = pmem2_map_new(&map, config, source);

	if (!error)
		pmem2_map_delete(&map);
	return error;
}

static void too_many_mappings(void)
{
	static char said[2][1024];
	size_t limit = limit_of_kernel(), length;
	int is_pmem, error, error2;
	char *taken, *map, *kept = map_of("kept", 3 * PAGE);

	if (!limit || limit > 500000 || kernel_is_emulated()) {
		skip("limit of mappings: the messages name vm.max_map_count",
			"the test cannot reach the limit here");
		return;
	}
	use_up(&taken, limit);
	map = pmem_map_file(at("new"), PAGE, PMEM_FILE_CREATE, 0600, &length, &is_pmem);
	error = errno;
	/*
	 * Only save the messages here, and print them later: malloc(3) may fail now, so printing
	 * and opening files may fail, too.
	 */
	memcpy(said[0], pmem_errormsg(), strlen(pmem_errormsg()) + 1);
	error2 = map_pmem2();
	memcpy(said[1], pmem2_errormsg(), strlen(pmem2_errormsg()) + 1);
	int middle = pmem_unmap(kept + PAGE, PAGE), error3 = errno;
	bool named = strstr(pmem_errormsg(), "vm.max_map_count");
	munmap(taken, limit * PAGE);
	ok(!map && error == ENOMEM, "pmem_map_file: it fails with ENOMEM at the limit of mappings");
	has_str(said[0], "vm.max_map_count allows",
		"pmem_map_file: the message for too many mappings names vm.max_map_count");
	is_int(error2, -ENOMEM, "pmem2_map_new: it returns -ENOMEM at the limit of mappings");
	has_str(said[1], "vm.max_map_count allows",
		"pmem2_map_new: the message for too many mappings names vm.max_map_count");
	ok(!middle || (error3 == ENOMEM && named),
		"pmem_unmap: at the limit of mappings it unmaps a page in the middle of a map, or its message names vm.max_map_count");
	pmem_unmap(kept, 3 * PAGE);
}

static void no_address_space(void)
{
	struct rlimit before, none;
	size_t length;
	int is_pmem;

	if (kernel_is_emulated()) {
		skip("pmem_map_file: it fails with ENOMEM without free address space",
			"user-mode QEMU does not obey RLIMIT_AS");
		return;
	}
	getrlimit(RLIMIT_AS, &before);
	none = (struct rlimit){1, before.rlim_max};
	setrlimit(RLIMIT_AS, &none);
	errno = 0;
	char *map = pmem_map_file(at("new"), PAGE, PMEM_FILE_CREATE, 0600, &length, &is_pmem);
	int error = errno;
	setrlimit(RLIMIT_AS, &before);
	ok(!map && error == ENOMEM,
		"pmem_map_file: it fails with ENOMEM without free address space");
	ok(!strstr(pmem_errormsg(), "vm.max_map_count"),
		"pmem_map_file: the message for lack of address space does not name vm.max_map_count");
}

int main(void)
{
	scratch_open();
	if (pmem2_source_from_anon(&source, PAGE) || pmem2_config_new(&config) ||
		pmem2_config_set_required_store_granularity(config, PMEM2_GRANULARITY_PAGE))
		bail("cannot make a config: %s", pmem2_errormsg());
	too_many_mappings();
	no_address_space();
	pmem2_config_delete(&config);
	pmem2_source_delete(&source);
	scratch_close();
	return tap_done();
}
