/* SPDX-License-Identifier: BSD-3-Clause */
/* libpmem-unmap.c - tests pmem_unmap, pmem_is_pmem and pmem_has_auto_flush on this machine */
#include "api/libpmem.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static bool is_mapped(const char *addr)
{
	return !msync((void *)addr, PAGE, MS_ASYNC);
}

static void whole(void)
{
	char *addr = map_of("whole", 3 * PAGE + 5);

	ok(is_mapped(addr + 3 * PAGE), "pmem_map_file: the last page is mapped");
	is_int(pmem_unmap(addr, 3 * PAGE + 5), 0, "pmem_unmap: a whole mapping is unmapped");
	ok(!is_mapped(addr) && !is_mapped(addr + 3 * PAGE),
		"pmem_unmap: a whole mapping is unmapped from its first to its last page");
	is_int(pmem_unmap(addr, 3 * PAGE + 5), 0,
		"pmem_unmap: a range that is unmapped already is accepted, as munmap(2) accepts it");
}

static void parts(void)
{
	char *addr = map_of("parts", 4 * PAGE);

	is_int(pmem_unmap(addr + PAGE, 1), 0,
		"pmem_unmap: a range of one byte in the middle of a map is accepted");
	ok(is_mapped(addr) && !is_mapped(addr + PAGE) && is_mapped(addr + 2 * PAGE),
		"pmem_unmap: a range of one byte unmaps the page of the byte, and no other page");
	addr[0] = addr[2 * PAGE] = addr[3 * PAGE] = 1;
	is_int(pmem_unmap(addr + PAGE, PAGE), 0,
		"pmem_unmap: a page that is unmapped already is accepted");
	is_int(pmem_unmap(addr, 4 * PAGE), 0,
		"pmem_unmap: a range with an unmapped page in it is accepted");
	ok(!is_mapped(addr) && !is_mapped(addr + 3 * PAGE),
		"pmem_unmap: the pages around an unmapped page are unmapped");
}

static void mistakes(void)
{
	char *addr = map_of("mistakes", 2 * PAGE);

	errno = 0;
	is_int(pmem_unmap(addr + 1, PAGE), -1, "pmem_unmap: an unaligned address is refused");
	is_int(errno, EINVAL, "pmem_unmap: errno is EINVAL for an unaligned address");
	has_str(pmem_errormsg(), "cannot unmap",
		"pmem_unmap: the message for an unaligned address says that the range cannot be unmapped");
	errno = 0;
	ok(pmem_unmap(addr, 0) == -1 && errno == EINVAL,
		"pmem_unmap: it fails with EINVAL for a length of 0");
	errno = 0;
	ok(pmem_unmap(addr, SIZE_MAX) == -1 && errno == EINVAL,
		"pmem_unmap: it fails with EINVAL for a length of SIZE_MAX");
	errno = 0;
	ok(pmem_unmap(addr, SIZE_MAX - (uintptr_t)addr + 1) == -1 && errno == EINVAL,
		"pmem_unmap: it fails with EINVAL for a range to the end of the address space");
	ok(is_mapped(addr) && is_mapped(addr + PAGE),
		"pmem_unmap: refused calls leave the range mapped");
	is_int(pmem_unmap(addr, 2 * PAGE), 0,
		"pmem_unmap: the mapping can be unmapped after refused calls");
	is_int(pmem_unmap(NULL, PAGE), 0,
		"pmem_unmap: a page at NULL, where nothing is mapped, is accepted");
}

static void others(void)
{
	char *addr = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	is_int(pmem_is_pmem(addr, 2 * PAGE), 0,
		"pmem_is_pmem: memory that the program mapped itself is not persistent");
	is_int(pmem_unmap(addr, 2 * PAGE), 0,
		"pmem_unmap: memory that the program mapped itself is accepted");
	ok(!is_mapped(addr), "pmem_unmap: memory that the program mapped itself is unmapped");
}

/* Tests that no call reports an ordinary file, on a disk or tmpfs, as persistent memory. */
static void not_pmem(void)
{
	char *addr = map_of("file", 2 * PAGE), local = 0;
	int is_pmem = 7;
	char *again = pmem_map_file(at("file"), 0, 0, 0, NULL, &is_pmem);

	if (is_pmem) {
		skip("pmem_map_file: an ordinary file is not persistent memory",
			"the file system of ordinary files here is in persistent memory");
	} else {
		is_int(is_pmem, 0, "pmem_map_file: an ordinary file is not persistent memory");
		is_int(pmem_is_pmem(addr, 2 * PAGE), 0,
			"pmem_is_pmem: an ordinary file is not persistent memory");
		is_int(pmem_is_pmem(addr, 1), 0,
			"pmem_is_pmem: a byte of an ordinary file is not persistent memory");
	}
	is_int(pmem_is_pmem(addr, 0), 0, "pmem_is_pmem: an empty range is not persistent memory");
	is_int(pmem_is_pmem(NULL, 0), 0,
		"pmem_is_pmem: an empty range at NULL is not persistent memory");
	is_int(pmem_is_pmem(NULL, 1), 0, "pmem_is_pmem: NULL is not persistent memory");
	is_int(pmem_is_pmem(&local, 1), 0, "pmem_is_pmem: the stack is not persistent memory");
	is_int(pmem_is_pmem(addr, SIZE_MAX), 0,
		"pmem_is_pmem: a range that wraps around is not persistent memory");
	is_int(pmem_is_pmem((void *)UINTPTR_MAX, 1), 0,
		"pmem_is_pmem: the last byte of the address space is not persistent memory");
	pmem_unmap(addr, 2 * PAGE);
	pmem_unmap(again, 2 * PAGE);
}

/*
 * Tests maps of pmem_map_file() that the program unmaps with munmap(2), so that the library does
 * not know of it.
 */
static void behind_its_back(void)
{
	int good = 0;

	for (int i = 0; i < 50; i++) {
		char *addr = map_of("file", 2 * PAGE);
		good += addr && !munmap(addr, 2 * PAGE);
	}
	is_int(good, 50,
		"pmem_map_file: a file that munmap(2) has unmapped is mapped again, fifty times");
}

static int child_goes_on(void)
{
	char *addr = map_of("child", PAGE);

	addr[0] = 'c';
	return pmem_msync(addr, 1) || pmem_is_pmem(addr, PAGE) > 1 || pmem_unmap(addr, PAGE);
}

static void machine(void)
{
	errno = 0;
	int answer = pmem_has_auto_flush();
	ok(answer == 0 || answer == 1 || (answer == -1 && errno && *pmem_errormsg()),
		"pmem_has_auto_flush: it returns 0, 1, or -1 with errno and a message: %d", answer);
	if (access("/sys/bus/nd/devices", F_OK))
		is_int(answer, 0,
			"pmem_has_auto_flush: it returns 0 on a machine without persistent memory");
	is_int(pmem_has_hw_drain(), 0, "pmem_has_hw_drain: it returns 0 on every machine");
}

int main(void)
{
	scratch_open();
	whole();
	parts();
	mistakes();
	others();
	not_pmem();
	behind_its_back();
	is_int(in_child(child_goes_on), 0, "fork: a child can map, write back and unmap");
	machine();
	scratch_close();
	return tap_done();
}
