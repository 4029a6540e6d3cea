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
 * Alignment for a mapping of this length: 2 MiB, or 1 GiB for lengths from 2 GiB on, as huge pages
 * need it, and at least the source's own alignment.
 */
size_t place_alignment(size_t length, size_t source_alignment);

/*
 * Reserve a piece at any address. `length` and `alignment` are multiples of the page size. Returns
 * 0, or -errno with an error message.
 */
int place_reserve(char **addr, size_t length, size_t alignment);

/*
 * Reserve the piece at `addr`, a multiple of the page size. PMEM2_E_MAPPING_EXISTS if anything is
 * mapped there, or -errno; with an error message.
 */
int place_reserve_at(char *addr, size_t length);

/*
 * Replace what is mapped in a piece of address space by an inaccessible mapping, in one step, so
 * that no other thread can take the addresses in between. Returns 0 or -errno, without an error
 * message, since callers use it to undo something after an error.
 */
int place_blank(char *addr, size_t length);

/*
 * Reserve a piece of address space where nothing is mapped. If another thread has mapped something
 * there meanwhile, that mapping is kept.
 */
void place_close_hole(char *addr, size_t length);

/*
 * Reserve as place_reserve() does, at the lowest free multiple of `alignment` that is not below
 * `hint`, so that a program finds its mappings at the same addresses each time. Reserves anywhere
 * if there is no such space, or no /proc.
 */
int place_reserve_above(uintptr_t hint, char **addr, size_t length, size_t alignment);

/*
 * Give up a reserved piece that was not handed to any caller, for instance because mapping failed.
 * The kernel may refuse if it would have to divide a mapping in two: then the piece stays reserved
 * and inaccessible, and a warning goes to the log. Keeps errno and the error message.
 */
void place_discard(void *addr, size_t length);

/* Unmap [addr, addr + length), whatever is there. 0, or -errno with an error message. */
int place_release(char *addr, size_t length);

#endif
