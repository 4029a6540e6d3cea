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
 *	images mix-pairs FILE SIZE	the same, two words at a time
 *	images mix-halves FILE SIZE	the same, half a word at a time
 *	images mix-flushed FILE SIZE	like mix-whole, but flushes each word, and drains once
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

static int write_lines(unsigned char *mapped, size_t size)
{
	(void)size;
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

static int touch_pages(unsigned char *mapped, size_t size)
{
	return touch_all(mapped, size, 4096);
}

static int touch_whole(unsigned char *mapped, size_t size)
{
	return touch_all(mapped, size, size);
}

static int fill_whole(unsigned char *mapped, size_t size)
{
	return pmem_memset_persist(mapped, 1, size) != mapped;
}

static void store_word(unsigned char *at)
{
	*(volatile uint64_t *)(void *)at = 1;
}

static void store_pair(unsigned char *at)
{
	store_word(at);
	store_word(at + 8);
}

static void store_half(unsigned char *at)
{
	*(volatile uint32_t *)(void *)at = 1;
}

static void store_flushed(unsigned char *at)
{
	store_word(at);
	pmem_flush(at, 8);
}

/*
 * Calls `store` for each `part` bytes. There is a power of two of parts, so that multiples of an
 * odd number go through all of them.
 */
static int mix(unsigned char *mapped, size_t size, size_t part, void (*store)(unsigned char *))
{
	size_t parts = size / part;

	for (size_t i = 0, at = 0; i < parts; i++, at = (at + 0x9E3779B1) % parts)
		store(mapped + part * at);
	if (store == store_flushed)
		pmem_drain();
	else
		pmem_persist(mapped, size);
	return 0;
}

static int mix_whole(unsigned char *mapped, size_t size)
{
	return mix(mapped, size, 8, store_word);
}

static int mix_pairs(unsigned char *mapped, size_t size)
{
	return mix(mapped, size, 16, store_pair);
}

static int mix_halves(unsigned char *mapped, size_t size)
{
	return mix(mapped, size, 4, store_half);
}

static int mix_flushed(unsigned char *mapped, size_t size)
{
	return mix(mapped, size, 8, store_flushed);
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

static const struct way {
	const char *name;
	int (*run)(unsigned char *mapped, size_t size);
} ways[] = {
	{"write", write_lines},
	{"touch", touch_pages},
	{"whole", touch_whole},
	{"fill", fill_pages},
	{"fill-whole", fill_whole},
	{"mix-whole", mix_whole},
	{"mix-pairs", mix_pairs},
	{"mix-halves", mix_halves},
	{"mix-flushed", mix_flushed},
};

int main(int argc, char *argv[])
{
	if (argc != 4)
		return 2;
	size_t size = strtoull(argv[3], NULL, 0);
	if (!strcmp(argv[1], "read") || !strcmp(argv[1], "writes"))
		return read_bytes(argv[2], size, !strcmp(argv[1], "writes"));
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[1], ways[i].name))
			return ways[i].run(map_new(argv[2], size), size);
	fprintf(stderr, "images: there is no way with the name %s\n", argv[1]);
	return 2;
}
