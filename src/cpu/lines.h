/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lines.h - flush every cache line of a range once
 *
 * FLUSH_LINES(kind) makes functions out of kind_line(p), the instruction for the line that holds
 * p, and arch_drain():
 *
 *	flush_kind(addr, len)			by lines of USUAL_LINE bytes
 *	flush_back_kind(addr, len)		from the last line to the first
 *	persist_kind(addr, len)			flush and drain
 *	persist_fetching_kind(addr, len)	prefetch the lines, flush and drain
 *
 * and the same functions with any_ before KIND (flush_any_kind and so on), for lines of
 * cpu.line_size bytes. Before it includes this header, an architecture defines USUAL_LINE, and, if
 * it has such an instruction, FETCH_TO_STORE(p), which prefetches the line of p for a store.
 */
#ifndef CPU_LINES_H
#define CPU_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/cpu.h"

/*
 * Prefetch the first lines of a range. The settings for this CPU (struct cpu_tuning) say how many.
 */
static inline void fetch_stored(const void *addr, size_t len, size_t line_size)
{
#ifdef FETCH_TO_STORE
	size_t most = cpu.tuning.persist_fetches;
	uintptr_t line = (uintptr_t)addr & -line_size, end = 0;

	if (len <= cpu.tuning.persist_fetches_above)
		return;
	if (!cpu.tuning.persist_fetches_whole)
		end = (uintptr_t)addr + (len < most ? len : most);
	else if (len <= most)
		end = ((uintptr_t)addr + len) & -line_size;
	for (; line < end; line += line_size)
		FETCH_TO_STORE(line);
#else
	(void)addr;
	(void)len;
	(void)line_size;
#endif
}

#define FLUSH_LINES_OF(kind, name, size)                                                           \
	static inline void flush_##name(const void *addr, size_t len)                              \
	{                                                                                          \
		const size_t line_size = size;                                                     \
		uintptr_t line = (uintptr_t)addr & -line_size;                                     \
		uintptr_t end = (uintptr_t)addr + len;                                             \
                                                                                                   \
		if (len)                                                                           \
			for (; line < end; line += line_size)                                      \
				kind##_line((void *)line);                                         \
	}                                                                                          \
                                                                                                   \
	static inline void flush_back_##name(const void *addr, size_t len)                         \
	{                                                                                          \
		const size_t line_size = size;                                                     \
		uintptr_t first = (uintptr_t)addr & -line_size;                                    \
		uintptr_t line = ((uintptr_t)addr + len - 1) & -line_size;                         \
                                                                                                   \
		if (!len)                                                                          \
			return;                                                                    \
		for (; line > first; line -= line_size)                                            \
			kind##_line((void *)line);                                                 \
		kind##_line((void *)first);                                                        \
	}                                                                                          \
                                                                                                   \
	static inline void persist_##name(const void *addr, size_t len)                            \
	{                                                                                          \
		flush_##name(addr, len);                                                           \
		arch_drain();                                                                      \
	}                                                                                          \
                                                                                                   \
	static inline void persist_fetching_##name(const void *addr, size_t len)                   \
	{                                                                                          \
		fetch_stored(addr, len, size);                                                     \
		flush_##name(addr, len);                                                           \
		arch_drain();                                                                      \
	}

#define FLUSH_LINES(kind)                                                                          \
	FLUSH_LINES_OF(kind, kind, USUAL_LINE)                                                     \
	FLUSH_LINES_OF(kind, any_##kind, cpu.line_size)

/*
 * The functions for memory that needs no flush, and for CPUs that cannot flush: flushing does
 * nothing, and persist is only the fence.
 */
#define FLUSH_NOTHING                                                                              \
	static inline void flush_none(const void *addr, size_t len)                                \
	{                                                                                          \
		(void)addr;                                                                        \
		(void)len;                                                                         \
	}                                                                                          \
                                                                                                   \
	static inline void flush_back_none(const void *addr, size_t len)                           \
	{                                                                                          \
		(void)addr;                                                                        \
		(void)len;                                                                         \
	}                                                                                          \
                                                                                                   \
	static inline void persist_none(const void *addr, size_t len)                              \
	{                                                                                          \
		(void)addr;                                                                        \
		(void)len;                                                                         \
		arch_drain();                                                                      \
	}

#endif
