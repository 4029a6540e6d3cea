/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cpu.h - the instructions that carry stores from the caches to the memory
 *
 * An engine is one way of doing it: which instruction flushes a line, which one fences, and with
 * which registers data is copied. Each architecture offers a table of engines, best first
 * (arch.h); the first one whose features this CPU has is chosen when the library is loaded.
 *
 * Vocabulary. A store is *visible* when other CPUs see it, *flushed* when a flush of its line was
 * issued after it, *drained* when a drain came after that. Drained stores have left the caches for
 * the persistence domain; nothing here knows whether there is one under a given address.
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
 * drain: wait until every earlier flush and streaming store of this thread is done. Earlier stores
 * are made visible before later ones. It is always a real fence, whatever the flush instruction,
 * because a streaming copy may come before it.
 *
 * persist: flush, then drain.
 *
 * move, set: memmove(3) and memset(3) with PMEM2_F_MEM_* flags, and then flush and drain as these
 * say. `line` ones are for memory behind a volatile cache; `byte` ones for memory whose caches are
 * inside the persistence domain, where the fence alone is left to do.
 *
 * Where destination and length are multiples of 8, no aligned 8-byte word is ever stored in parts.
 * None of them keeps state: all are reentrant and async-signal-safe.
 */
struct cpu_engine {
	const char *name;
	const char *instruction; /* that flushes a line, as the manual spells it; or "none" */
	uint32_t needs;          /* features, as bits of the architecture's own */
	bool flushes; /* user mode can flush a line here; if not, `line` promises no durability */
	size_t line_size; /* of lines of this size only; 0: of any */

	void (*flush)(const void *addr, size_t len);
	void (*drain)(void);
	void (*persist)(const void *addr, size_t len); /* see cpu_persist() */
	void (*persist_fetching)(const void *addr, size_t len);
	void (*persist_byte)(const void *addr, size_t len); /* where the caches are durable */

	void *(*move_line)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*move_byte)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*set_line)(void *dest, int c, size_t len, unsigned flags);
	void *(*set_byte)(void *dest, int c, size_t len, unsigned flags);
};

/*
 * A row of tuning: what takes instructions, and pays on some processors only. All of it changes
 * how long a call takes, and nothing else. Each architecture has a table (arch.h) in which every
 * row but the plain one has the figure that pays for it, and the processor that it was measured
 * on. Lengths are bytes; "asks for" a line means that it will be stored to.
 */
struct cpu_tuning {
	const char *name;
	uint32_t shunned; /* features that are not worth using where one of `instead` is in use */
	uint32_t instead;
	size_t persist_fetches;       /* persist asks for the lines of the first so many; 0: none */
	size_t persist_fetches_above; /* but in a longer range than this only */
	size_t move_fetches; /* a copy through the caches does, before it stores; 0: none */
	size_t set_fetches;
	size_t fetches_ahead_above; /* in a longer copy than this, it also asks on its way */
	bool fetches_ends;          /* a streaming copy asks for lines that it fills in part */
	size_t flushes_back;        /* a copy up to this long is flushed from its last line on */
	size_t stream_lines;        /* a copy of so many lines goes around the caches */
	bool fence_while_streaming; /* see struct cpu */
};

/* The plain sequence: what any processor gets that no other row is for. */
#define CPU_TUNING_PLAIN                                                                           \
	{                                                                                          \
		.name = "plain", .fetches_ahead_above = SIZE_MAX, .stream_lines = 4                \
	}

/*
 * The features that were found, and the engine that was chosen. Written by cpu_init() and by
 * tests, read by the engines.
 */
struct cpu {
	const struct cpu_engine *engine;
	struct cpu_tuning tuning;   /* a copy of its row */
	uint32_t features;          /* in use: what there is, less what the environment forbids */
	size_t line_size;           /* bytes that one flush covers, as the CPU reports it */
	size_t stream_threshold;    /* copies of this length and longer go around the caches */
	bool fence_while_streaming; /* drain the write-combining buffers now and then */
};

/* Hidden where it is declared, too: so that it is found without looking up where it is. */
extern struct cpu cpu __attribute__((visibility("hidden")));

/* Look at the CPU and the environment, and choose. Called once, when the library is loaded. */
void cpu_init(void);

/* As cpu_init(), but with that row, whatever the CPU is; NULL: with its own. For tests. */
void cpu_init_tuned(const struct cpu_tuning *row);

/* The engine's persist, as the row of tuning has it. */
typedef void cpu_persist_fn(const void *addr, size_t len);
cpu_persist_fn *cpu_persist(void);

/* The name of a drain's fence on this architecture: "sfence". */
const char *cpu_fence_name(void);

/*
 * The best engine for a set of features and lines of that size. There always is one: the last of a
 * table needs nothing.
 */
const struct cpu_engine *cpu_engine_for(uint32_t features, size_t line_size);

/* The features that the row leaves of these. */
uint32_t cpu_tuning_leaves(const struct cpu_tuning *row, uint32_t features);

/* All rows of tuning for this architecture, up to one whose name is NULL. */
const struct cpu_tuning *cpu_tunings(void);

/* All engines, best first, up to one whose name is NULL. */
const struct cpu_engine *cpu_engines(void);

/* The engine of that name, or NULL. Its features are the caller's to check. */
const struct cpu_engine *cpu_engine_named(const char *name);

#endif
