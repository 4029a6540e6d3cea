/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * probes.h - find raw instructions in programs and libraries
 *
 * A list of sites is new memory; instead of NULL there is a `reason`.
 */
#ifndef TOOLS_HOLDFAST_CRASH_PROBES_H
#define TOOLS_HOLDFAST_CRASH_PROBES_H

#include "command.h"
#include "trace/probe.h"

/* A program or library. */
struct binary {
	const unsigned char *bytes;
	size_t size;
	unsigned char id[PROBE_BUILD_ID];
	uint32_t id_length; /* 0: it has no build-id */
};

/* The bytes at an address of its code; NULL: not so many. */
const unsigned char *binary_code(const struct binary *binary, uint64_t address, size_t length);

/* disassemble.c: by objdump(1). */
struct probe_list *disassemble(int fd, const struct binary *binary, enum probe_reason *reason);
/* `count` sites behind the head, of a list that is complete. */
struct probe_list *probe_list_new(
	const struct binary *binary, const struct probe_site *sites, uint32_t count);
size_t probe_list_size(uint32_t count);

/* cache.c: lists by build-id. NULL: the cache has nothing that can be believed. */
struct probe_list *cache_load(const struct binary *binary);
void cache_save(const struct probe_list *list);

#endif
