/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-sync.c - tests that libpmem calls mmap() with MAP_SYNC so that a kernel with DAX accepts
 * it
 *
 * The test needs no DAX: its own mmap accepts MAP_SYNC where the kernel would on a DAX file
 * system, and refuses any other flag that MAP_SHARED_VALIDATE does not know.
 */
#undef _FILE_OFFSET_BITS
#pragma GCC visibility push(default)

#include <errno.h>
#include <linux/mman.h>
#include <sys/syscall.h>

#include "api/libpmem.h"

#define FILES 4

#ifndef MAP_32BIT
#define MAP_32BIT 0 /* only x86 has MAP_32BIT */
#endif

/*
 * On a CPU without a flush instruction for programs, is_pmem is 0. CPU_MAY_NOT_FLUSH is defined for
 * architectures of which some CPUs have no such instruction: in a build for these, is_pmem may be 0
 * or 1.
 */
#ifdef CPU_MAY_NOT_FLUSH
#define is_as_it_can_be(is_pmem) ((is_pmem) == 0 || (is_pmem) == 1)
#else
#define is_as_it_can_be(is_pmem) ((is_pmem) == 1)
#endif

/*
 * The flags that the kernel accepts with MAP_SHARED_VALIDATE: LEGACY_MAP_MASK in its
 * include/linux/mman.h.
 */
#define LEGACY                                                                                     \
	(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE |   \
		MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK |         \
		MAP_STACK | MAP_HUGETLB | MAP_32BIT)

static int accepted, foreign; /* numbers of calls with MAP_SYNC, and with flags a kernel refuses */

void *mmap(void *addr, size_t length, int protection, int flags, int fd, off_t offset)
{
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE) {
		if (flags & ~(LEGACY | MAP_SHARED_VALIDATE | MAP_SYNC)) {
			foreign++;
			errno = EOPNOTSUPP;
			return MAP_FAILED;
		}
		accepted += !!(flags & MAP_SYNC);
		flags = (flags & ~(MAP_TYPE | MAP_SYNC)) | MAP_SHARED;
	}
	return (void *)syscall(SYS_mmap, addr, length, protection, flags, fd, offset);
}

/*
 * The library calls mmap64(), since it is compiled with 64-bit off_t. musl defines the name mmap64
 * as mmap.
 */
#ifndef mmap64
void *mmap64(void *addr, size_t length, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));
#endif

int main(void)
{
	char *addr[FILES], name[8];
	int is_pmem;

	scratch_open();
	for (int i = 0; i < 2 * FILES; i++) {
		size_t length = (size_t)(1 + i % 3) << 20;
		snprintf(name, sizeof(name), "%d", i);
		is_pmem = 4711;
		addr[i % FILES] =
			pmem_map_file(at(name), length, PMEM_FILE_CREATE, 0600, NULL, &is_pmem);
		ok(addr[i % FILES] != NULL, "pmem_map_file: file %d is mapped", i);
		ok(is_as_it_can_be(is_pmem),
			"pmem_map_file: file %d is persistent memory, as MAP_SYNC was accepted", i);
		/*
		 * The first FILES - 1 files stay mapped. Each later file is unmapped at once, so
		 * that the next file is mapped at the same address.
		 */
		if (i >= FILES - 1)
			pmem_unmap(addr[i % FILES], length);
	}
	ok(accepted >= 2 * FILES,
		"MAP_SYNC: the library calls mmap with this flag at least once for each file");
	is_int(foreign, 0,
		"MAP_SYNC: the library never combines it with a flag that a kernel refuses under MAP_SHARED_VALIDATE");
	scratch_close();
	return tap_done();
}
