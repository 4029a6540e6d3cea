/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * counted.c - a program that makes a known number of flushes, drains, copies and syncs, to test
 * holdfast stat
 *
 *	counted FILE [fail]
 *
 * FILE has 8192 bytes of zeros; a missing FILE is made. With `fail` the exit status is 7.
 */
#include <libpmem.h>
#include <stdint.h>
#include <sys/mman.h>

static uint64_t *words;

/* Makes 10 flushes of one line each, and 10 drains. */
static void stores(void)
{
	for (unsigned i = 0; i < 10; i++) {
		words[i * 8] = i + 1;
		pmem_persist(&words[i * 8], 8);
	}
}

/*
 * Makes 4 flushes, each of two cache lines that have not changed, and one drain, which has nothing
 * to wait for.
 */
static void nothing(void)
{
	for (unsigned i = 0; i < 4; i++)
		pmem_flush(words, 128);
	pmem_drain();
}

/* Makes one flush of three cache lines, only one of which has changed. */
static void too_much(void)
{
	words[80] = 1;
	pmem_persist(&words[80], 192);
}

/*
 * Copies 100 bytes into two cache lines and makes them durable; sets 300 bytes and never makes them
 * durable.
 */
static void copies(void)
{
	static const char bytes[100] = {1};

	pmem_memcpy_persist(&words[256], bytes, sizeof(bytes));
	pmem_memset(&words[320], 3, 300, PMEM_F_MEM_NOFLUSH);
}

int main(int argc, char *argv[])
{
	size_t length;
	int is_pmem;

	if (argc < 2)
		return 2;
	words = pmem_map_file(argv[1], 8192, PMEM_FILE_CREATE, 0600, &length, &is_pmem);
	if (!words)
		return 3;
	stores();
	nothing();
	too_much();
	copies();
	words[700] = 1;
	if (msync(words, 4096, MS_SYNC) || msync((char *)words + 4096, 4096, MS_SYNC))
		return 4;
	return argc > 2 ? 7 : 0;
}
