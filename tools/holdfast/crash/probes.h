/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probes.h - find raw instructions (flushes, fences and streaming stores) in programs and
 * libraries
 *
 * Functions that return a list of such instructions (sites) allocate it; if they return NULL,
 * `reason` says why.
 */
#ifndef TOOLS_HOLDFAST_CRASH_PROBES_H
#define TOOLS_HOLDFAST_CRASH_PROBES_H

#include "command.h"
#include "trace/probe.h"

/* The file of a program or library. */
struct binary {
	const unsigned char *bytes;
	size_t size;
	unsigned char id[PROBE_BUILD_ID];
	uint32_t id_length; /* in bytes; 0: the file has no build-id */
};

/*
 * Returns the bytes of code at an address of the file, or NULL if there are fewer than `length`
 * bytes.
 */
const unsigned char *binary_code(const struct binary *binary, uint64_t address, size_t length);

/* disassemble.c: finds the sites in a file with objdump(1). */
struct probe_list *disassemble(int fd, const struct binary *binary, enum probe_reason *reason);
/* Makes a complete list of `count` sites, with its header. */
struct probe_list *probe_list_new(
	const struct binary *binary, const struct probe_site *sites, uint32_t count);
size_t probe_list_size(uint32_t count);

/*
 * cache.c: keeps lists by the build-id of the file. cache_load() returns NULL if the cache has no
 * valid list for a file.
 */
struct probe_list *cache_load(const struct binary *binary);
void cache_save(const struct probe_list *list);

#endif
