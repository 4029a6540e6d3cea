/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unmap.h - unmap memory that the library has mapped for itself
 *
 * munmap(2) fails if it would have to split a mapping that the kernel has merged with its
 * neighbour, and the process has reached its limit of mappings. Then the memory stays mapped until
 * the process ends, and a warning is logged: callers could not do better. Do not use it for the
 * memory of the program's maps: map/place.h unmaps that.
 */
#ifndef BASE_UNMAP_H
#define BASE_UNMAP_H

#include <stddef.h>

/* Unmap `length` bytes at `addr`; does nothing if that is NULL or MAP_FAILED. Keeps errno. */
void unmap(void *addr, size_t length);

#endif
