/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernel_symbols.c - keep libfabric from reading the kernel's symbols where it has no use for them
 *
 * Its verbs provider reads all of /proc/kallsyms when libfabric is asked for the first time,
 * whatever it is asked for: 1.17 twice, 10 MB each time, which takes 0.2 s (Intel, family 6, model
 * 207). It looks for a way to let adapters at the memory of GPUs. An initiator waits for this,
 * behind ssh. So this program has a fopen() of its own, which libfabric finds before the C
 * library's. Where there is no adapter, it does not find that list, as in a container that masks
 * it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fabric/fabric.h"

/* The name in the C library is the one that a program without large files would call. */
FILE *open_for_libraries(const char *path, const char *mode) __asm__("fopen")
	__attribute__((visibility("default")));

FILE *open_for_libraries(const char *path, const char *mode)
{
	if (!strcmp(path, "/proc/kallsyms") && !fabric_has_adapter()) {
		errno = ENOENT;
		return NULL;
	}
	return fopen64(path, mode);
}
