/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lines.h - every cache line of a range, each once
 *
 * FLUSH_LINES(kind) makes flush_kind(addr, len), flush_back_kind(addr, len), which begins with the
 * last line, and persist_kind(addr, len) out of kind_line(p), the instruction for the line that
 * holds p, and arch_drain().
 */
#ifndef CPU_LINES_H
#define CPU_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/cpu.h"

#define FLUSH_LINES(kind)                                                                          \
	static inline void flush_##kind(const void *addr, size_t len)                              \
	{                                                                                          \
		uintptr_t line = (uintptr_t)addr & -cpu.line_size;                                 \
		uintptr_t end = (uintptr_t)addr + len;                                             \
                                                                                                   \
		if (len)                                                                           \
			for (; line < end; line += cpu.line_size)                                  \
				kind##_line((void *)line);                                         \
	}                                                                                          \
                                                                                                   \
	static inline void flush_back_##kind(const void *addr, size_t len)                         \
	{                                                                                          \
		uintptr_t first = (uintptr_t)addr & -cpu.line_size;                                \
		uintptr_t line = ((uintptr_t)addr + len - 1) & -cpu.line_size;                     \
                                                                                                   \
		if (!len)                                                                          \
			return;                                                                    \
		for (; line > first; line -= cpu.line_size)                                        \
			kind##_line((void *)line);                                                 \
		kind##_line((void *)first);                                                        \
	}                                                                                          \
                                                                                                   \
	static inline void persist_##kind(const void *addr, size_t len)                            \
	{                                                                                          \
		flush_##kind(addr, len);                                                           \
		arch_drain();                                                                      \
	}

/* Where nothing has to be flushed, or user mode cannot: the fence is what is left of persist. */
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
