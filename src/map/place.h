/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.h - a free piece of address space of a given alignment
 *
 * The piece is reserved from the moment that it is found, by an inaccessible mapping which the
 * real one then replaces (MAP_FIXED): no other thread can get in between.
 */
#ifndef MAP_PLACE_H
#define MAP_PLACE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Huge pages need it: 2 MiB, 1 GiB for lengths from 2 GiB on, and never less than the source's own
 * alignment.
 */
size_t place_alignment(size_t length, size_t source_alignment);

/* Reserve; both are multiples of the page size. Returns 0 or -errno with a sentence. */
int place_reserve(char **addr, size_t length, size_t alignment);

/*
 * Reserve this very piece, a multiple of the page size. PMEM2_E_MAPPING_EXISTS if anything is
 * mapped there, or -errno; with a sentence.
 */
int place_reserve_at(char *addr, size_t length);

/*
 * Put the inaccessible mapping back in one step: over what is mapped there now, which is undone,
 * and with nobody getting in between. Returns 0 or -errno, without a sentence: errors are undone
 * with it.
 */
int place_blank(char *addr, size_t length);

/* The same where nothing is mapped now. If something is, it stays: it may be another thread's. */
void place_close_hole(char *addr, size_t length);

/*
 * As place_reserve(), at the lowest free multiple of `alignment` that is not below `hint`, so that
 * a program finds its mappings at the same addresses each time. Without a free one, or without
 * /proc, anywhere.
 */
int place_reserve_above(uintptr_t hint, char **addr, size_t length, size_t alignment);

/*
 * Give up what nobody has been told of, such as the place of a map that failed. If the kernel
 * refuses, which it may where it would have to divide a mapping in two, the place stays reserved:
 * inaccessible, and nobody else's. Keeps errno and the error message; the log is told.
 */
void place_discard(void *addr, size_t length);

/* Give up [addr, addr + length), whatever is mapped there. Returns 0 or -errno with a sentence. */
int place_release(char *addr, size_t length);

#endif
