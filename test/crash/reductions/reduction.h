/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reduction.h - shared by the reductions: a mapped file, its operations, and the mistake that is
 * chosen
 *
 *	PROGRAM FILE		make FILE, do all operations, and print a line after each of them
 *	PROGRAM check FILE	recover, and exit with 1 unless FILE has the content after N or
 *				N + 1 operations; the file $HOLDFAST_CRASH_OUT has N lines
 *
 * Each reduction is a small durable structure. With ID in $REDUCTION, or compiled with -DBUG=ID, it
 * makes one mistake, of a class that is known from published bugs of such structures. Comments mark
 * the two stores that a report must name: "ID: lost" is the store that is lost, "ID: early" is the
 * store that relies on the lost one.
 */
#ifndef REDUCTION_H
#define REDUCTION_H

#include <libpmem.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acknowledged.h"

/* clang-format off */
#define BUGS(x)                                                                                    \
	x(NONE)                                                                                    \
	x(p2) x(p4) x(p6) x(p8) x(p10)          /* log.c, array.c, tree.c */                       \
	x(x2) x(x4) x(x6) x(x8) x(x10) x(x12)   /* btree.c, tree.c, hashmap.c in transactions */\
	x(t2) x(t4) x(t6) x(t8)                 /* hashmap.c without transactions */               \
	/* mistakes in indexes */                                                                  \
	x(w2) x(w4) x(w6) x(w8) x(w10) x(w12) x(w14) x(w16) x(w18) x(w20) x(w22)                   \
	x(w24) x(w26) x(w28) x(w30) x(w32) x(w34) x(w36) x(w38)                                    \
	x(m2) x(c2)                             /* a cache server */
/* clang-format on */

#define BUG_NUMBER(id) id,
#define BUG_NAME(id)   #id,

enum bug { BUGS(BUG_NUMBER) BUG_COUNT };

#ifndef BUG
#define BUG NONE
#endif
static enum bug mistake = BUG;
#define HAS(id) (mistake == (id))

#define FILE_SIZE 65536
#define ROOT      64 /* offset of the root; offset 0 stands for NULL */
#define ALIGNED   _Alignas(64)

static char *base;
static uint64_t next_free = 8192; /* the structure's root is in the bytes before this offset */

/*
 * Returns the address of an offset. The file contains offsets instead of pointers, since it is
 * mapped at a different address each time.
 */
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

/*
 * Allocates memory in cache lines of its own. The memory is never freed, since leaks do not matter
 * in this test.
 */
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

/* Acknowledges an operation: prints a line. */
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

/*
 * Each reduction defines work(), which does all operations, and check(), which tests the content
 * after `count` acknowledged operations.
 */
static void work(void);
static int check(unsigned count);

static bool choose(const char *id)
{
	static const char *const names[] = {BUGS(BUG_NAME)};

	for (unsigned i = 0; id && i < BUG_COUNT; i++)
		if (!strcmp(names[i], id)) {
			mistake = (enum bug)i;
			return true;
		}
	return !id;
}

int main(int argc, char **argv)
{
	bool is_check = argc == 3;
	size_t length;
	int is_pmem;

	if (!choose(getenv("REDUCTION")))
		return 4;
	if (argc < 2)
		return 2;
	base = pmem_map_file(argv[argc - 1], is_check ? 0 : FILE_SIZE,
		is_check ? 0 : PMEM_FILE_CREATE, 0666, &length, &is_pmem);
	if (!base || length != FILE_SIZE)
		return 3;
	if (is_check) {
		next_free = FILE_SIZE / 2; /* recovery allocates above the program's memory */
		return check(acknowledged());
	}
	work();
	return 0;
}

#endif
