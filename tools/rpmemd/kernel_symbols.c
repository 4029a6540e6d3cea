/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kernel_symbols.c - keep libfabric from reading all symbols of the kernel where that is not needed
 *
 * libfabric's verbs provider reads all of /proc/kallsyms at the first query for providers, of
 * whatever kind. Version 1.17 reads 10 MB twice, which takes 0.2 s (Intel, family 6, model 207),
 * and delays each initiator that connects through ssh. The provider looks for a way to give
 * adapters access to the memory of GPUs. So this program has a fopen() of its own, which libfabric
 * finds before the C library's. On a machine without an RDMA adapter, it reports /proc/kallsyms as
 * missing, as in a container that masks the file.
 *
 * To replace a function of the C library is a last resort. Nothing else keeps version 1.17 from
 * reading, not even the setting FI_PROVIDER=tcp. A program may replace functions for itself, so
 * rpmemd does. librpmem must not, because it would replace them for the user's program. Version 2.1
 * does not read the symbols unless it is asked for verbs: remove this file when 1.17 is no longer
 * supported.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fabric/fabric.h"

/*
 * The name "fopen" is given to the assembler, because <stdio.h> renames fopen to fopen64 in this
 * program. Libraries without large file support call "fopen".
 */
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
