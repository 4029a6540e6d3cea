/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limit.h - explain why the kernel refused a mapping although memory is free
 *
 * The kernel reports a lack of memory, of address space and of mappings with the same errno,
 * ENOMEM.
 */
#ifndef MAP_LIMIT_H
#define MAP_LIMIT_H

#define LIMIT_HINT 128

/*
 * Fill `hint` with the end of an error message about the failed call whose errno is still set: the
 * number of mappings and vm.max_map_count if that limit is reached, else "". Keeps errno. Reads
 * /proc/self/maps, which may take long; call it for failures only. Returns `hint`.
 */
const char *limit_hint(char hint[LIMIT_HINT]);

#endif
