/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unmap.h - give up mapped memory that nobody uses any more
 *
 * munmap(2) fails where it would have to divide a mapping that the kernel has joined with its
 * neighbour, and the process may have no more of them. Then the memory stays where it is until the
 * process ends, and the log is told: no caller could do better. What a program was given at this
 * address, or may be given next, is for map/place.h.
 */
#ifndef BASE_UNMAP_H
#define BASE_UNMAP_H

#include <stddef.h>

/* Nothing happens for NULL and MAP_FAILED. Keeps errno. */
void unmap(void *addr, size_t length);

#endif
