/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * last_place.h - map a file where the last one was, or right below it
 *
 * Finding a place and reserving it takes more system calls than the mapping itself. Most often the
 * place of the last mapping is free again, or the one below it still is: the kernel is asked to map
 * there if nothing is in the way, and what it maps elsewhere is unmapped again, so no thread can
 * lose anything.
 */
#ifndef TRACK_LAST_PLACE_H
#define TRACK_LAST_PLACE_H

#include <stdbool.h>

#include "map/fill.h"

/*
 * Map shared at a multiple of place_alignment(). False if no guess was right, for whatever reason:
 * then nothing is mapped, and the caller has to find out how to map it otherwise, or why not.
 */
bool last_place_map(char **addr, const struct fill *fill, bool *sync);

/* The place of a mapping, for the next guess. Any thread. */
void last_place_remember(const char *addr);

#endif
