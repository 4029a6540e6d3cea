/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpu.h - the instructions that carry stores from the caches to the memory
 *
 * An engine is one way to do this: which instruction flushes a line, which one fences, and with
 * which registers data is copied. Each architecture offers a table of engines, best first
 * (arch.h); the first one whose features this CPU has is chosen when the library is loaded.
 *
 * Vocabulary. A store is *visible* when other CPUs see it, *flushed* when a flush of its line was
 * issued after it, *drained* when a drain came after that. Drained stores have left the caches for
 * the persistence domain; this code does not know whether the memory at an address is in a
 * persistence domain.
 */
#ifndef CPU_CPU_H
#define CPU_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * flush: issue a flush of every cache line that [addr, addr + len) touches, each once. Orders
 * nothing: a later store may reach memory before the flushed one does. Nothing happens for len 0.
 *
 * drain: wait until every earlier flush and streaming store (a store around the caches) of this
 * thread is done. Earlier stores are made visible before later ones. A drain is always a real
 * fence, whatever the flush instruction, because a streaming copy may come before it.
 *
 * persist: flush, then drain.
 *
 * move, set: memmove(3) and memset(3) with PMEM2_F_MEM_* flags, then flush and drain as the flags
 * say. The `line` functions are for memory behind a volatile cache; the `byte` functions for memory
 * whose caches are inside the persistence domain, which needs only the fence.
 *
 * Where destination and length are multiples of 8, every aligned 8-byte word is stored whole. The
 * functions keep no state: all are reentrant and async-signal-safe.
 */
struct cpu_engine {
	const char *name;
	const char *instruction; /* the flush instruction as the manual spells it; or "none" */
	uint32_t needs;          /* required features: bits of the architecture's features.h */
	bool flushes; /* programs can flush lines; if false, the `line` functions promise nothing */
	size_t line_size; /* the only line size that the engine works for, in bytes; 0: any */

	void (*flush)(const void *addr, size_t len);
	void (*drain)(void);
	void (*persist)(const void *addr, size_t len); /* used through cpu_persist() */
	void (*persist_fetching)(const void *addr, size_t len);
	void (*persist_byte)(const void *addr, size_t len); /* for durable caches */

	void *(*move_line)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*move_byte)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*set_line)(void *dest, int c, size_t len, unsigned flags);
	void *(*set_byte)(void *dest, int c, size_t len, unsigned flags);
};

/*
 * A row of tuning: settings that cost instructions and pay on some processors only. They change
 * only how long a call takes. Each architecture has a table (arch.h) in which every row but the
 * plain one states the measurement that justifies it, and the processor that it was made on.
 * Lengths are in bytes. All prefetches are prefetches for storing.
 */
struct cpu_tuning {
	const char *name;
	uint32_t shunned; /* features that are not used if the CPU has one of `instead` */
	uint32_t instead;
	size_t persist_fetches;       /* a persist prefetches at most this many bytes; 0: none */
	size_t persist_fetches_above; /* a persist prefetches only in ranges longer than this */
	/*
	 * A persist prefetches no range longer than persist_fetches, and never a last line that is
	 * only partly in the range.
	 */
	bool persist_fetches_whole;
	size_t move_fetches;         /* a cached copy first prefetches this many bytes */
	size_t set_fetches;          /* a cached fill first prefetches this many bytes; 0: none */
	size_t fetches_ahead_above;  /* copies longer than this also prefetch while they store */
	bool fetches_ends;           /* a streaming copy prefetches lines that it fills partly */
	size_t flushes_back;         /* copies up to this length are flushed last line first */
	size_t stream_lines;         /* copies of this many lines and more go around the caches */
	size_t stream_lines_nodrain; /* the same, for copies with PMEM2_F_MEM_NODRAIN */
	/* overlapping copies longer than this load several blocks before they stream the first */
	size_t stream_groups_above;
	/* cached copies longer than this store no byte twice; shorter ones may, at the ends */
	size_t exact_ends_above;
	bool fence_while_streaming; /* see struct cpu */
};

/* The row of tuning for processors that no other row is for: no prefetches. */
#define CPU_TUNING_PLAIN                                                                           \
	{                                                                                          \
		.name = "plain", .fetches_ahead_above = SIZE_MAX, .stream_lines = 4,               \
		.stream_lines_nodrain = 4, .stream_groups_above = SIZE_MAX,                        \
		.exact_ends_above = SIZE_MAX                                                       \
	}

/*
 * The CPU features that were found, and the engine that was chosen. Written by cpu_init() and by
 * tests, read by the engines.
 */
struct cpu {
	const struct cpu_engine *engine;
	struct cpu_tuning tuning;        /* a copy of the processor's row of tuning */
	uint32_t features;               /* features in use: those found, less those switched off */
	size_t line_size;                /* bytes that one flush covers, as the CPU reports it */
	size_t stream_threshold;         /* copies of this length and longer go around the caches */
	size_t stream_threshold_nodrain; /* the same for copies with PMEM2_F_MEM_NODRAIN */
	bool fence_while_streaming;      /* drain repeatedly during copies around the caches */
};

/*
 * This declaration repeats the attribute of the definition, so that accesses to the variable need
 * no look-up in the global offset table.
 */
extern struct cpu cpu __attribute__((visibility("hidden")));

/*
 * Look at the CPU and the environment, and choose engine and tuning. Called once, when the library
 * is loaded.
 */
void cpu_init(void);

/* For tests: as cpu_init(), but use these settings; NULL: those that suit the CPU. */
void cpu_init_tuned(const struct cpu_tuning *row);

/*
 * Returns the engine's function persist or, if the row of tuning asks for prefetches,
 * persist_fetching.
 */
typedef void cpu_persist_fn(const void *addr, size_t len);
cpu_persist_fn *cpu_persist(void);

/*
 * Returns the name of the instruction with which a drain fences on this architecture, such as
 * "sfence".
 */
const char *cpu_fence_name(void);

/*
 * The best engine for a set of features and this line size. There always is one: the last engine of
 * a table needs no feature.
 */
const struct cpu_engine *cpu_engine_for(uint32_t features, size_t line_size);

/* Returns `features` without the features that the row of tuning tells to avoid (`shunned`). */
uint32_t cpu_tuning_leaves(const struct cpu_tuning *row, uint32_t features);

/* All rows of tuning for this architecture; the last one's name is NULL. */
const struct cpu_tuning *cpu_tunings(void);

/* All engines, best first; the last one's name is NULL. */
const struct cpu_engine *cpu_engines(void);

/* The engine of that name, or NULL. The caller must check that the CPU has its features. */
const struct cpu_engine *cpu_engine_named(const char *name);

#endif
