/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-copy.c - tests flushes, drains and copies of libpmem, with several settings
 *
 * The program runs itself again with environment variables such as PMEM_NO_FLUSH and PMEM_NO_MOVNT:
 * a copy must write the same bytes with each of them. test/unit/step.c, which steps through the
 * instructions of copies, tests that a copy never leaves an 8-byte word half written.
 */
#include "api/libpmem.h"

#define SIZE 65536

static char *addr, *expected, *data;

static void same(unsigned wrong, const char *what)
{
	is_int(wrong, 0, "%s", what);
}

static void with_flags(void)
{
	static const size_t lengths[] = {0, 1, 7, 8, 63, 64, 65, 255, 256, 257, 4096, 20000};
	unsigned wrong = 0;

	/* Try all combinations of flags; in the last round, set all bits that are not flags. */
	for (unsigned flags = 0; flags <= PMEM_F_MEM_VALID_FLAGS + 1; flags++) {
		unsigned given = flags <= PMEM_F_MEM_VALID_FLAGS ? flags : ~PMEM_F_MEM_VALID_FLAGS;
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			size_t at = 1000 + flags, length = lengths[i];
			wrong += pmem_memset(addr, 0x1aa, SIZE, PMEM_F_MEM_NOFLUSH) != addr;
			memset(expected, 0xaa, SIZE);
			wrong += pmem_memcpy(addr + at, data, length, given) != addr + at;
			memcpy(expected + at, data, length);
			wrong += pmem_memmove(addr + at + 5, addr + at, length, given) !=
				 addr + at + 5;
			memmove(expected + at + 5, expected + at, length);
			wrong += pmem_memcpy(addr + at + 1, addr + at + 9, length, given) !=
				 addr + at + 1;
			memmove(expected + at + 1, expected + at + 9, length);
			wrong += pmem_memset(addr + 40000, (int)flags, length, given) !=
				 addr + 40000;
			memset(expected + 40000, (int)flags, length);
			wrong += memcmp(addr, expected, SIZE) != 0;
		}
	}
	same(wrong,
		"copies and fills: the bytes are right with all flags, also after memcpy of overlapping ranges");
}

static void without_flags(void)
{
	unsigned wrong = 0;

	pmem_memset_persist(addr, 0, SIZE);
	memset(expected, 0, SIZE);
	wrong += pmem_memset_persist(addr + 3, 0x1234, 300) != addr + 3;
	memset(expected + 3, 0x34, 300);
	wrong += pmem_memset_nodrain(addr + 500, 5, 77) != addr + 500;
	memset(expected + 500, 5, 77);
	wrong += pmem_memcpy_persist(addr + 1001, data, 999) != addr + 1001;
	memcpy(expected + 1001, data, 999);
	wrong += pmem_memcpy_nodrain(addr + 3001, data, 9) != addr + 3001;
	memcpy(expected + 3001, data, 9);
	wrong += pmem_memmove_persist(addr + 1101, addr + 1001, 999) != addr + 1101;
	memmove(expected + 1101, expected + 1001, 999);
	wrong += pmem_memmove_nodrain(addr + 991, addr + 1001, 9000) != addr + 991;
	memmove(expected + 991, expected + 1001, 9000);
	wrong += memcmp(addr, expected, SIZE) != 0;
	same(wrong, "copies and fills: the six calls without flags write the right bytes");
	wrong = pmem_memmove(addr, addr, SIZE, 0) != addr;
	wrong += pmem_memcpy(NULL, NULL, 0, 0) != NULL || pmem_memset(NULL, 1, 0, 0) != NULL;
	wrong += memcmp(addr, expected, SIZE) != 0;
	same(wrong, "copies and fills: a copy onto itself and copies of 0 bytes change no byte");
}

static void flushes(void)
{
	errno = 77;
	pmem_flush(addr + 1, 0);
	pmem_persist(addr + 1, 0);
	pmem_deep_flush(addr + 1, 0);
	pmem_flush(NULL, 0);
	is_int(errno, 77, "flush: a range of 0 bytes does not change errno");
	pmem_flush(addr, SIZE);
	pmem_flush(addr + 63, 2);
	pmem_drain();
	pmem_persist(addr + SIZE - 1, 1);
	pmem_deep_flush(addr + 1, SIZE - 1);
	ok(errno == 77 && !memcmp(addr, expected, SIZE),
		"flushes: they change neither memory nor errno");
}

static int all(void)
{
	addr = map_of("copies", SIZE);
	expected = malloc(SIZE);
	data = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 7 + i / 256);
	with_flags();
	without_flags();
	flushes();
	pmem_unmap(addr, SIZE);
	free(expected);
	free(data);
	return tap_failures;
}

static void in_other_ways(void)
{
	static const char *const ways[][3] = {
		{"PMEM_NO_FLUSH=1"},
		{"PMEM_NO_FLUSH=0"},
		{"PMEM_NO_FLUSH=nonsense"},
		{"PMEM_NO_MOVNT=1"},
		{"PMEM_NO_MOVNT=1", "PMEM_NO_FLUSH=1"},
		{"PMEM_NO_CLWB=1", "PMEM_NO_CLFLUSHOPT=1"},
		{"PMEM_MOVNT_THRESHOLD=0"},
	};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		is_int(again("quietly", ways[i]), 0,
			"copies and flushes: all tests pass in a process with the environment %s %s",
			ways[i][0], ways[i][1] ? ways[i][1] : "");
}

int main(int argc, char **argv)
{
	scratch_open();
	if (argc > 1 && !freopen("/dev/null", "w", stdout))
		return 99;
	all();
	if (argc == 1)
		in_other_ways();
	scratch_close();
	(void)argv;
	return tap_done();
}
