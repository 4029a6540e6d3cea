/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reduction.h - shared by the reductions: a mapped file, its operations, and the mistake that is
 * compiled in (BUG)
 *
 *	PROGRAM FILE		make FILE and do all operations; a line of output for each
 *	PROGRAM check FILE	recover, and exit with 1 unless the content is that after as many
 *				operations as $HOLDFAST_CRASH_OUT has lines, or after one more
 *
 * Each reduction is a small durable structure. Compiled with -DBUG=ID, it makes one mistake, of a
 * class that is known from published bugs of such structures. The lines to blame carry a comment:
 * "ID: lost" is the store that is lost, "ID: early" the store that relies on it.
 */
#ifndef REDUCTION_H
#define REDUCTION_H

#include <libpmem.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
enum bug {
	NONE,
	p2, p4, p6, p8, p10,      /* log.c, array.c, tree.c */
	x2, x4, x6, x8, x10, x12, /* transactions in btree.c, tree.c and hashmap.c */
	t2, t4, t6, t8,           /* hashmap.c without transactions */
	/* mistakes in indexes */
	w2, w4, w6, w8, w10, w12, w14, w16, w18, w20, w22,
	w24, w26, w28, w30, w32, w34, w36, w38,
	m2, c2, /* a cache server */
};
/* clang-format on */

#ifndef BUG
#define BUG NONE
#endif
#define HAS(id) (BUG == (id))

#define FILE_SIZE 65536
#define ROOT      64 /* offset of the root; offset 0 stands for NULL */
#define ALIGNED   _Alignas(64)

static char *base;
static uint64_t next_free = 8192; /* the bytes before this offset are for the structure's root */

/* Returns the address of an offset. The file has offsets, not pointers: its address changes. */
static inline void *at(uint64_t offset)
{
	if (offset >= FILE_SIZE) {
		puts("an offset is beyond the end of the file");
		exit(1);
	}
	return offset ? base + offset : NULL;
}

static inline uint64_t offset_of(const void *what)
{
	return (uint64_t)((const char *)what - base);
}

/* Allocates memory in cache lines of its own. Memory is never freed: leaks do not matter here. */
static inline void *carve(size_t size)
{
	void *found = base + next_free;

	next_free += (size + 63) & ~(size_t)63;
	return found;
}

static inline void persist(const void *what, size_t length)
{
	pmem_persist(what, length);
}

static inline void flush(const void *what, size_t length)
{
	pmem_flush(what, length);
}

static inline void drain(void)
{
	pmem_drain();
}

/* Acknowledges an operation. */
static inline void done(void)
{
	puts("done");
	fflush(stdout);
}

static inline int wrong(const char *words)
{
	puts(words);
	return 1;
}

/* Each reduction defines work(), all its operations, and check(), for `count` acknowledged ones. */
static void work(void);
static int check(unsigned count);

static unsigned acknowledged(void)
{
	const char *name = getenv("HOLDFAST_CRASH_OUT");
	FILE *from = name ? fopen(name, "r") : NULL;
	unsigned count = 0;

	for (int c; from && (c = getc(from)) != EOF;)
		count += c == '\n';
	if (from)
		fclose(from);
	return count;
}

int main(int argc, char **argv)
{
	bool is_check = argc == 3;
	size_t length;
	int is_pmem;

	if (argc < 2)
		return 2;
	base = pmem_map_file(argv[argc - 1], is_check ? 0 : FILE_SIZE,
		is_check ? 0 : PMEM_FILE_CREATE, 0666, &length, &is_pmem);
	if (!base || length != FILE_SIZE)
		return 3;
	if (is_check) {
		next_free = FILE_SIZE / 2; /* recovery must not reuse memory */
		return check(acknowledged());
	}
	work();
	return 0;
}

#endif
