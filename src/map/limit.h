/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * limit.h - why the kernel may have refused a mapping although there is memory
 *
 * The kernel has one errno, ENOMEM, for no memory, no address space and too many mappings.
 */
#ifndef MAP_LIMIT_H
#define MAP_LIMIT_H

#define LIMIT_HINT 128

/*
 * Fill `hint` with the end of an error message about the failed call whose errno is still set: the
 * number of mappings and vm.max_map_count if that limit is met, else "". Keeps errno. Takes as
 * long as reading /proc/self/maps; for failures only. Returns `hint`.
 */
const char *limit_hint(char hint[LIMIT_HINT]);

#endif
