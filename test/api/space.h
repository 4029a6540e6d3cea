/* SPDX-License-Identifier: BSD-3-Clause */
/* space.h - reads this process's mappings from the kernel's list, /proc/self/maps */
#ifndef TEST_API_SPACE_H
#define TEST_API_SPACE_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

/*
 * Returns how many bytes of [addr, addr + length) are mapped with the given permissions; NULL
 * stands for any permissions.
 */
TAP_UNUSED static size_t space_at(const void *addr, size_t length, const char *permissions)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t from, to, start = (uintptr_t)addr, end = start + length;
	size_t bytes = 0;
	char line[512], got[8];

	if (!maps)
		bail("cannot open /proc/self/maps: %m");
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to, got) == 3 &&
			from < end && to > start && (!permissions || !strcmp(got, permissions)))
			bytes += (to < end ? to : end) - (from > start ? from : start);
	fclose(maps);
	return bytes;
}

TAP_UNUSED static size_t space_used(const void *addr, size_t length)
{
	return space_at(addr, length, NULL);
}

/*
 * Returns how many bytes of address space this process uses, except for the heap, which any call of
 * malloc(3) may grow.
 */
TAP_UNUSED static size_t space_total(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	uintptr_t from, to;
	size_t bytes = 0;

	if (!maps)
		bail("cannot open /proc/self/maps: %m");
	for (char line[512]; fgets(line, sizeof(line), maps);)
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2 &&
			!strstr(line, "[heap]"))
			bytes += to - from;
	fclose(maps);
	return bytes;
}

TAP_UNUSED static size_t space_lines(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	size_t lines = 0;

	if (!maps)
		bail("cannot open /proc/self/maps: %m");
	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

#endif
