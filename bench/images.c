/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * images.c - a program with many possible crash images, and checks that read much or little of
 * them
 *
 *	images write FILE SIZE		stores to LINES lines, persists them, again and again
 *	images touch FILE SIZE		stores to all bytes of each page, and persists the page
 *	images whole FILE SIZE		stores to all bytes, and persists them at once
 *	images fill FILE SIZE		fills each page with pmem_memset_persist(3)
 *	images fill-whole FILE SIZE	fills the file with one such call
 *	images mix-whole FILE SIZE	stores to all words in random order, persists once
 *	images read FILE BYTES		a check: reads the first BYTES bytes
 *	images writes FILE BYTES	a check: reads BYTES bytes, writes one with pwrite(2)
 *
 * The scripts bench/explored and bench/crash-memory run this program.
 */
#include <fcntl.h>
#include <libpmem.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LINES  12
#define ROUNDS 64

__attribute__((__noreturn__)) static void give_up(const char *what)
{
	perror(what);
	exit(2);
}

static unsigned char *map_new(const char *path, size_t size)
{
	size_t length;
	void *mapped = pmem_map_file(path, size, PMEM_FILE_CREATE, 0600, &length, NULL);

	if (!mapped)
		give_up(path);
	return mapped;
}

static int write_lines(unsigned char *mapped)
{
	for (unsigned char round = 1; round <= ROUNDS; round++) {
		for (unsigned i = 0; i < LINES; i++)
			memset(mapped + 64 * i, round, 8);
		pmem_persist(mapped, 64 * LINES);
	}
	return 0;
}

static int touch_all(unsigned char *mapped, size_t size, size_t part)
{
	for (size_t at = 0; at < size; at += part) {
		for (size_t byte = 0; byte < part; byte += 8)
			*(volatile uint64_t *)(void *)(mapped + at + byte) = 1;
		pmem_persist(mapped + at, part);
	}
	return 0;
}

static int fill_pages(unsigned char *mapped, size_t size)
{
	for (size_t at = 0; at < size; at += 4096)
		pmem_memset_persist(mapped + at, 1, 4096);
	return 0;
}

/*
 * The file has a power of two of words, so that multiples of an odd number go through all of them.
 */
static int mix_all(unsigned char *mapped, size_t size)
{
	size_t words = size / 8;

	for (size_t i = 0, word = 0; i < words; i++, word = (word + 0x9E3779B1) % words)
		*(volatile uint64_t *)(void *)(mapped + 8 * word) = 1;
	pmem_persist(mapped, size);
	return 0;
}

static int read_bytes(const char *path, size_t size, bool writes)
{
	int fd = open(path, O_RDWR);
	const unsigned char *mapped =
		fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t sum = 0, word;

	if (mapped == MAP_FAILED)
		give_up(path);
	for (size_t at = 0; at < size; at += sizeof(word)) {
		memcpy(&word, mapped + at, sizeof(word));
		sum |= word >> 7 & UINT64_C(0x0101010101010101);
	}
	if (writes && pwrite(fd, mapped, 1, 0) != 1)
		give_up(path);
	return sum != 0;
}

int main(int argc, char *argv[])
{
	if (argc != 4)
		return 2;
	size_t size = strtoull(argv[3], NULL, 0);
	if (!strcmp(argv[1], "read") || !strcmp(argv[1], "writes"))
		return read_bytes(argv[2], size, !strcmp(argv[1], "writes"));
	unsigned char *mapped = map_new(argv[2], size);
	if (!strcmp(argv[1], "write"))
		return write_lines(mapped);
	if (!strcmp(argv[1], "fill"))
		return fill_pages(mapped, size);
	if (!strcmp(argv[1], "fill-whole"))
		return pmem_memset_persist(mapped, 1, size) != mapped;
	if (!strcmp(argv[1], "mix-whole"))
		return mix_all(mapped, size);
	return touch_all(mapped, size, !strcmp(argv[1], "whole") ? size : 4096);
}
