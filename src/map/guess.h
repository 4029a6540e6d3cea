/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guess.h - map a file where the last one was, or right below it
 *
 * Finding a place and reserving it takes more system calls than the mapping itself. Most often the
 * place of the last mapping is free again, or the one below it still is: the kernel is asked to map
 * there if nothing is in the way, and what it maps elsewhere is unmapped again, so no thread can
 * lose anything.
 */
#ifndef MAP_GUESS_H
#define MAP_GUESS_H

#include <stdbool.h>
#include <stddef.h>

#include "map/fill.h"

/*
 * Map shared at a multiple of `alignment`, a power of two. False if no guess was right, for
 * whatever reason: nothing is mapped then, and how to do it otherwise, or why not, is to be found
 * out.
 */
bool guess_map(char **addr, const struct fill *fill, size_t alignment, bool *sync);

/* The place of a mapping, for the next guess. Any thread. */
void guess_remember(const char *addr);

#endif
