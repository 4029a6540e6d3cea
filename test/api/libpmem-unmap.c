/* SPDX-License-Identifier: BSD-3-Clause */
/* libpmem-unmap.c - pmem_unmap and pmem_is_pmem on this machine */
#include "api/libpmem.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static bool is_mapped(const char *addr)
{
	return !msync((void *)addr, PAGE, MS_ASYNC);
}

static void whole(void)
{
	char *addr = map_of("whole", 3 * PAGE + 5);

	ok(is_mapped(addr + 3 * PAGE), "mapped, with the last page");
	is_int(pmem_unmap(addr, 3 * PAGE + 5), 0, "unmapped");
	ok(!is_mapped(addr) && !is_mapped(addr + 3 * PAGE), "with the last page");
	is_int(pmem_unmap(addr, 3 * PAGE + 5), 0, "a second time: no error, as with munmap");
}

static void parts(void)
{
	char *addr = map_of("parts", 4 * PAGE);

	is_int(pmem_unmap(addr + PAGE, 1), 0, "one byte of a page in the middle");
	ok(is_mapped(addr) && !is_mapped(addr + PAGE) && is_mapped(addr + 2 * PAGE),
		"takes this page and no other");
	addr[0] = addr[2 * PAGE] = addr[3 * PAGE] = 1;
	is_int(pmem_unmap(addr + PAGE, PAGE), 0, "unmapping a hole");
	is_int(pmem_unmap(addr, 4 * PAGE), 0, "unmapping around it");
	ok(!is_mapped(addr) && !is_mapped(addr + 3 * PAGE), "all of it is gone");
}

static void mistakes(void)
{
	char *addr = map_of("mistakes", 2 * PAGE);

	errno = 0;
	is_int(pmem_unmap(addr + 1, PAGE), -1, "an odd address");
	is_int(errno, EINVAL, "is EINVAL");
	has_str(pmem_errormsg(), "cannot unmap", "and explained");
	errno = 0;
	ok(pmem_unmap(addr, 0) == -1 && errno == EINVAL, "a length of 0 is EINVAL");
	errno = 0;
	ok(pmem_unmap(addr, SIZE_MAX) == -1 && errno == EINVAL, "too much is EINVAL");
	errno = 0;
	ok(pmem_unmap(addr, SIZE_MAX - (uintptr_t)addr + 1) == -1 && errno == EINVAL,
		"to the end of all addresses is EINVAL");
	ok(is_mapped(addr) && is_mapped(addr + PAGE), "it is still mapped");
	is_int(pmem_unmap(addr, 2 * PAGE), 0, "and can be unmapped");
	is_int(pmem_unmap(NULL, PAGE), 0, "NULL is an address where nothing is mapped");
}

static void others(void)
{
	char *addr = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	is_int(pmem_is_pmem(addr, 2 * PAGE), 0, "memory that somebody else mapped is no pmem");
	is_int(pmem_unmap(addr, 2 * PAGE), 0, "but can be unmapped");
	ok(!is_mapped(addr), "is gone");
}

/* The page cache of a disk, or tmpfs: not pmem, wherever it is asked. */
static void not_pmem(void)
{
	char *addr = map_of("file", 2 * PAGE), local = 0;
	int is_pmem = 7;
	char *again = pmem_map_file(at("file"), 0, 0, 0, NULL, &is_pmem);

	if (is_pmem) {
		skip("an ordinary file is no pmem", "this machine keeps them in pmem");
	} else {
		is_int(is_pmem, 0, "an ordinary file is no pmem");
		is_int(pmem_is_pmem(addr, 2 * PAGE), 0, "nor if asked later");
		is_int(pmem_is_pmem(addr, 1), 0, "nor a byte of it");
	}
	is_int(pmem_is_pmem(addr, 0), 0, "no bytes are no pmem");
	is_int(pmem_is_pmem(NULL, 0), 0, "nor at NULL");
	is_int(pmem_is_pmem(NULL, 1), 0, "NULL is no pmem");
	is_int(pmem_is_pmem(&local, 1), 0, "the stack is no pmem");
	is_int(pmem_is_pmem(addr, SIZE_MAX), 0, "nor what wraps around");
	is_int(pmem_is_pmem((void *)UINTPTR_MAX, 1), 0, "nor the last byte there is");
	pmem_unmap(addr, 2 * PAGE);
	pmem_unmap(again, 2 * PAGE);
}

/* Memory that was unmapped behind the library's back is mapped over. */
static void behind_its_back(void)
{
	int good = 0;

	for (int i = 0; i < 50; i++) {
		char *addr = map_of("file", 2 * PAGE);
		good += addr && !munmap(addr, 2 * PAGE);
	}
	is_int(good, 50, "pmem_map_file: maps again what munmap(2) has unmapped, fifty times");
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
		"pmem_has_auto_flush has an answer: %d", answer);
	if (access("/sys/bus/nd/devices", F_OK))
		is_int(answer, 0, "and without persistent memory it is no");
	is_int(pmem_has_hw_drain(), 0, "pmem_has_hw_drain: no machine has");
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
	is_int(in_child(child_goes_on), 0, "a forked child can map, write back and unmap");
	machine();
	scratch_close();
	return tap_done();
}
