/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * last_place.h - map a file where the last one was mapped, or right below it
 *
 * Finding and reserving free addresses takes more system calls than the mapping itself. Most often
 * the addresses of the last mapping are free again, or those right below it are free. The kernel
 * is asked to map there, with the address as a hint; if it maps elsewhere, that is unmapped again.
 * No other thread's mapping can be replaced.
 */
#ifndef TRACK_LAST_PLACE_H
#define TRACK_LAST_PLACE_H

#include <stdbool.h>

#include "map/fill.h"

/*
 * Map shared at a multiple of place_alignment(). False if neither address worked, for whatever
 * reason: then nothing is mapped, and the caller has to map in another way or find the error.
 */
bool last_place_map(char **addr, const struct fill *fill, bool *sync);

/* Remember the address of a mapping for the next call. Any thread may call it. */
void last_place_remember(const char *addr);

#endif
