/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.h - the table of functions that flush, drain and copy, which are chosen when the library
 * is loaded
 *
 * Later the table does not change, with one exception. If all regions report that the CPU's caches
 * are durable, the functions of the table do not flush. If a region that needs flushes is then
 * added to the machine, functions that flush replace them for good. The table is hidden from other
 * modules, so that a public call is one jump through a table at a known address.
 */
#ifndef LIBPMEM_PERSIST_H
#define LIBPMEM_PERSIST_H

#include <stddef.h>

struct persist {
	void (*flush)(const void *addr, size_t len);
	void (*drain)(void);
	void (*persist)(const void *addr, size_t len);
	void *(*move)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*set)(void *dest, int c, size_t len, unsigned flags);
	void (*deep_flush)(const void *addr, size_t len); /* always flushes */
};

extern struct persist persist;

/*
 * Called after a file was mapped: checks if flushing is still unnecessary; if not, switches to
 * functions that flush.
 */
void persist_look_again(void);

#endif
