/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-symbols.c - tests that libpmem exports the symbols of PMDK's libpmem, under the symbol
 * version that existing binaries ask the loader for
 */
#include <dlfcn.h>
#include <libpmem.h>

#include "tap.h"

static const char *const names[] = {"pmem_check_version", "pmem_deep_drain", "pmem_deep_flush",
	"pmem_deep_persist", "pmem_drain", "pmem_errormsg", "pmem_flush", "pmem_has_auto_flush",
	"pmem_has_hw_drain", "pmem_is_pmem", "pmem_map_file", "pmem_memcpy", "pmem_memcpy_nodrain",
	"pmem_memcpy_persist", "pmem_memmove", "pmem_memmove_nodrain", "pmem_memmove_persist",
	"pmem_memset", "pmem_memset_nodrain", "pmem_memset_persist", "pmem_msync", "pmem_persist",
	"pmem_unmap", "pmem_log_get_threshold", "pmem_log_set_function", "pmem_log_set_threshold"};

/*
 * musl's dynamic loader ignores symbol versions. scripts/symbols checks that the library has them.
 */
#ifndef __GLIBC__
#define dlvsym(library, name, version)                                                             \
	(strcmp(version, "LIBPMEM_1.0") ? NULL : dlsym(library, name))
#endif

int main(void)
{
	void *library = dlopen("libpmem.so.1", RTLD_NOW | RTLD_NOLOAD);
	Dl_info info;

	/*
	 * Calls libpmem, since the linker would leave out a library that the program does not use.
	 */
	is_int(pmem_has_hw_drain(), 0, "libpmem: the library is loaded");
	ok(library, "libpmem: the library has its soname");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *found = dlvsym(library, names[i], "LIBPMEM_1.0");
		ok(found && dladdr(found, &info) && strstr(info.dli_fname, "libpmem.so.1"),
			"symbols: %s@LIBPMEM_1.0 is exported by libpmem", names[i]);
	}
	ok(!dlvsym(library, "pmem_persist", "LIBPMEM_2.0"),
		"symbols: pmem_persist@LIBPMEM_2.0 does not exist");
	dlclose(library);
	is_int(PMEM_FILE_CREATE | PMEM_FILE_EXCL << 4 | PMEM_FILE_SPARSE << 8 |
			PMEM_FILE_TMPFILE << 12,
		0x8421, "constants: the PMEM_FILE flags have the values of PMDK");
	is_int(PMEM_F_MEM_NODRAIN | PMEM_F_MEM_NONTEMPORAL << 4 | PMEM_F_MEM_TEMPORAL << 8 |
			PMEM_F_MEM_WC << 12 | PMEM_F_MEM_WB << 16 | PMEM_F_MEM_NOFLUSH << 20,
		0x2108421, "constants: the PMEM_F_MEM flags have the values of PMDK");
	is_int(PMEM_F_MEM_VALID_FLAGS, 0x3f,
		"constants: PMEM_F_MEM_VALID_FLAGS is all PMEM_F_MEM flags");
	is_int(PMEM_MIN_PART, 2097152, "constants: PMEM_MIN_PART is 2097152");
	is_int(PMEM_MAJOR_VERSION * 100 + PMEM_MINOR_VERSION, 101, "constants: the version is 1.1");
	is_int(PMEM_LOG_LEVEL_HARK * 10 + PMEM_LOG_LEVEL_DEBUG, 6,
		"constants: log levels go from 0 to 6");
	is_int(PMEM_LOG_LEVEL_ERROR * 10 + PMEM_LOG_LEVEL_NOTICE, 24,
		"constants: the log level ERROR is 2, NOTICE is 4");
	return tap_done();
}
