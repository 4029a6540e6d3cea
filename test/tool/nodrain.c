/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nodrain.c - an msync(2) that does nothing and reports success
 *
 * A program linked with this msync(2) has a broken drain. The test of scripts/demo links the demo's
 * program with it: the demo must fail then, or its success would prove nothing.
 */
#include <stddef.h>
#include <sys/mman.h>

int __attribute__((__visibility__("default"))) msync(void *address, size_t length, int flags)
{
	(void)address;
	(void)length;
	(void)flags;
	return 0;
}
