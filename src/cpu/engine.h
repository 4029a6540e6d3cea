/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine.h - the rows of an architecture's table of engines
 *
 * Each row combines a way of copying with a way of flushing. The functions declared here are
 * defined by copy.h, in the file that has this way of copying.
 */
#ifndef CPU_ENGINE_H
#define CPU_ENGINE_H

#include "cpu/cpu.h"

#define COPY_DECLARE(copy, kind)                                                                   \
	void *move_##copy##_##kind(void *dest, const void *src, size_t len, unsigned flags);       \
	void *set_##copy##_##kind(void *dest, int c, size_t len, unsigned flags);

/*
 * A row of the table: flush_KIND() is its flush; `spelling` is the flush instruction as the CPU's
 * manual spells it.
 */
#define ENGINE_OF_LINES(kind, spelling, copy, size, needs_)                                        \
	{                                                                                          \
		.name = #kind "-" #copy, .instruction = (spelling), .needs = (needs_),             \
		.flushes = true, .line_size = (size), .flush = flush_##kind, .drain = arch_drain,  \
		.persist = persist_##kind, .persist_fetching = persist_fetching_##kind,            \
		.persist_byte = persist_none, .move_line = move_##copy##_##kind,                   \
		.move_byte = move_##copy##_byte, .set_line = set_##copy##_##kind,                  \
		.set_byte = set_##copy##_byte,                                                     \
	}

#define ENGINE_SPELT(kind, spelling, copy, needs)                                                  \
	ENGINE_OF_LINES(kind, spelling, copy, USUAL_LINE, needs)
#define ENGINE(kind, copy, needs) ENGINE_SPELT(kind, #kind, copy, needs)

/* A row of the table that works with cache lines of any size: its functions read cpu.line_size. */
#define ENGINE_OF_ANY_LINES(kind, spelling, copy, needs)                                           \
	ENGINE_OF_LINES(any_##kind, spelling, copy, 0, needs)

/* The row of the table for a CPU on which user mode can fence but not flush. */
#define ENGINE_WITHOUT_FLUSH(copy, needs_)                                                         \
	{                                                                                          \
		.name = "none-" #copy, .instruction = "none", .needs = (needs_), .flushes = false, \
		.flush = flush_none, .drain = arch_drain, .persist = persist_none,                 \
		.persist_fetching = persist_none, .persist_byte = persist_none,                    \
		.move_line = move_##copy##_byte, .move_byte = move_##copy##_byte,                  \
		.set_line = set_##copy##_byte, .set_byte = set_##copy##_byte,                      \
	}

#endif
