/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nodrain.c - an msync(2) that does nothing and reports success
 *
 * A program linked with it has a broken drain. The test of the demo uses it: scripts/demo must fail
 * for such a program, or its success would prove nothing.
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
