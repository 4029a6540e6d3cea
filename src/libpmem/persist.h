/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * persist.h - the functions that flush, drain and copy: chosen when the library is loaded
 *
 * Constant after that, but for one change: where nothing is flushed because the caches of all
 * regions survive, a region that appears later may need flushes, and then the flushing functions
 * take their places, for good. Hidden, so that a public call is one jump through a table at a known
 * place.
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
	void (*deep_flush)(const void *addr, size_t len); /* that nothing suppresses */
};

extern struct persist persist;

/* Something was mapped: whether everything still is as it was when nothing had to be flushed. */
void persist_look_again(void);

#endif
