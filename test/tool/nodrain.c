/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nodrain.c - linked into a program, makes every write-back of a map do nothing and report success
 *
 * For the test that the demo can fail: a demo that a broken drain passes has shown nothing.
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
