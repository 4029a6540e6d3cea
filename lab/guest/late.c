/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * late.c - a region without durable caches appears after libpmem was loaded: late FILE APPEAR
 *
 * At first all regions have durable caches. APPEAR is a command that adds a region whose caches are
 * not durable, and mounts a DAX file system on it, on which FILE will be made.
 */
#include <stdlib.h>

#include "flushes.h"
#include "guest.h"

#define SIZE ((size_t)4096)

int main(int argc, char **argv)
{
	static _Alignas(4096) char page[SIZE];
	bool may_flush = !getenv("PMEM_NO_FLUSH");
	int is_pmem = 4711;

	if (argc != 3)
		bail("usage: late FILE APPEAR");
	is_int(pmem_has_auto_flush(), 1,
		"late region: before the region of persistent memory appears, pmem_has_auto_flush() returns 1");
	is_int(flushes_of_persist(page, SIZE), 0,
		"late region: before the region of persistent memory appears, a persist flushes nothing");
	if (system(argv[2]))
		bail("command %s failed", argv[2]);
	is_int(pmem_has_auto_flush(), 0,
		"late region: after the region of persistent memory has appeared, pmem_has_auto_flush() returns 0");
	char *addr = pmem_map_file(argv[1], SIZE, PMEM_FILE_CREATE, 0600, NULL, &is_pmem);
	if (!addr)
		bail("pmem_map_file: %s", pmem_errormsg());
	is_int(is_pmem, 1,
		"late region: a file on a region that appeared late is persistent memory");
	int count = flushes_of_persist(addr, SIZE);
	if (may_flush)
		ok(count >= (int)SIZE / 64,
			"late region: after the region has appeared, a persist flushes each cache line of a page (%d flushes)",
			count);
	else
		is_int(count, 0,
			"late region: with PMEM_NO_FLUSH=1 a persist flushes nothing even after the region has appeared");
	pmem_unmap(addr, SIZE);
	return tap_done();
}
