/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.h - the functions that flush, drain and copy: chosen when the library is loaded
 *
 * They are constant after that, with one exception. If nothing is flushed because the caches of
 * all regions are durable, a region that appears later may need flushes; then the flushing
 * functions replace the others, for good. The table is hidden from other modules, so that a public
 * call is one jump through a table at a known address.
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
 * Called when something was mapped: checks that flushing is still unnecessary, and switches it on
 * if not.
 */
void persist_look_again(void);

#endif
