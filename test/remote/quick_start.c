/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quick_start.c - part of test programs that are started hundreds of times: keep libfabric from
 * reading the kernel's symbols
 *
 * That is half of the processor time of a program that opens one pool, and tells these tests
 * nothing. The reason and the way are those of tools/rpmemd/kernel_symbols.c. The other programs
 * of this folder start as users' programs do.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

FILE *open_for_libraries(const char *path, const char *mode) __asm__("fopen")
	__attribute__((visibility("default")));

FILE *open_for_libraries(const char *path, const char *mode)
{
	if (!strcmp(path, "/proc/kallsyms")) {
		errno = ENOENT;
		return NULL;
	}
	return fopen64(path, mode);
}
