/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * symbols.c - tests that libpmem2 exports the symbols of PMDK's libpmem2 under both symbol versions
 * that PMDK has used, LIBPMEM2_1.0 and LIBPMEM2_2.0
 */
#include <dlfcn.h>
#include <libpmem2.h>

#include "tap.h"

static const char *const names[] = {"pmem2_badblock_clear", "pmem2_badblock_context_delete",
	"pmem2_badblock_context_new", "pmem2_badblock_next", "pmem2_config_delete",
	"pmem2_config_new", "pmem2_config_set_length", "pmem2_config_set_offset",
	"pmem2_config_set_protection", "pmem2_config_set_required_store_granularity",
	"pmem2_config_set_sharing", "pmem2_config_set_vm_reservation", "pmem2_deep_flush",
	"pmem2_errormsg", "pmem2_get_drain_fn", "pmem2_get_flush_fn", "pmem2_get_memcpy_fn",
	"pmem2_get_memmove_fn", "pmem2_get_memset_fn", "pmem2_get_persist_fn", "pmem2_map_delete",
	"pmem2_map_from_existing", "pmem2_map_get_address", "pmem2_map_get_size",
	"pmem2_map_get_store_granularity", "pmem2_map_new", "pmem2_perror",
	"pmem2_source_alignment", "pmem2_source_delete", "pmem2_source_device_id",
	"pmem2_source_device_usc", "pmem2_source_from_anon", "pmem2_source_from_fd",
	"pmem2_source_get_fd", "pmem2_source_numa_node", "pmem2_source_pread_mcsafe",
	"pmem2_source_pwrite_mcsafe", "pmem2_source_size", "pmem2_vm_reservation_delete",
	"pmem2_vm_reservation_extend", "pmem2_vm_reservation_get_address",
	"pmem2_vm_reservation_get_size", "pmem2_vm_reservation_map_find",
	"pmem2_vm_reservation_map_find_first", "pmem2_vm_reservation_map_find_last",
	"pmem2_vm_reservation_map_find_next", "pmem2_vm_reservation_map_find_prev",
	"pmem2_vm_reservation_new", "pmem2_vm_reservation_shrink"};

/*
 * musl's dynamic loader ignores symbol versions. scripts/symbols checks that the library has them.
 */
#ifndef __GLIBC__
#define dlvsym(library, name, version) dlsym(library, name)
#endif

/*
 * Returns true if `name` is the same function under both version nodes, and is defined in
 * Holdfast's libpmem2, not in another library.
 */
static bool is_ours(void *library, const char *name)
{
	void *old = dlvsym(library, name, "LIBPMEM2_1.0"), *new;
	Dl_info info;

	new = dlvsym(library, name, "LIBPMEM2_2.0");
	return old && old == new &&dladdr(old, &info) && strstr(info.dli_fname, "libpmem2.so.1");
}

int main(void)
{
	void *library = dlopen("libpmem2.so.1", RTLD_NOW | RTLD_NOLOAD);

	/*
	 * Calls libpmem2, since the linker would leave out a library that the program does not use.
	 */
	ok(pmem2_errormsg(), "libpmem2: the library is loaded");
	ok(library, "libpmem2: the library has its soname");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(is_ours(library, names[i]),
			"symbols: %s is the same function under both version nodes", names[i]);
	/*
	 * PMDK's header declares pmem2_err_to_errno(), but no version of PMDK's library exports it.
	 */
	ok(!dlsym(library, "pmem2_err_to_errno"), "symbols: pmem2_err_to_errno is not exported");
	dlclose(library);
	return tap_done();
}
