/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quick_start.c - a source file of test programs that are started hundreds of times; keeps
 * libfabric from reading the kernel's symbols
 *
 * Reading them takes half of the processor time of a program that opens one pool, and these tests
 * do not need it. tools/rpmemd/kernel_symbols.c explains why libfabric reads them and how this is
 * prevented. The other programs of this folder read the symbols, as users' programs do.
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
