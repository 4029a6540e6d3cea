/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * count.h - for each call stack, the flushes, fences, syncs and copies by which a run made its
 * stores durable
 *
 * A line counts as changed as soon as the program stores to it, or a comparison finds a difference
 * in it; this ends when a thread has flushed the line and then drained. A flush is redundant if
 * each of its lines was either unchanged or already flushed by the same thread. A fence is
 * redundant if its thread has flushed no changed line, and stored nothing around the caches, since
 * the thread's previous fence. A sync is idle if no line of its range was changed: it may still
 * have been needed to make the size or the name of a file durable.
 */
#ifndef TRACE_COUNT_H
#define TRACE_COUNT_H

#include "trace/trace.h"

struct count {
	uint64_t flushes, redundant_flushes;
	uint64_t lines, clean_lines; /* lines flushed; of these, those with a redundant flush */
	uint64_t fences, redundant_fences;
	uint64_t syncs, idle_syncs; /* msync(2) and similar calls; of these, the idle ones */
	uint64_t copied;            /* bytes copied or filled by library calls */
	uint64_t streamed;          /* bytes stored around the caches by the program itself */
};

struct counts {
	struct count total;
	struct count *stacks; /* [0]: calls whose stack is not known; [n]: calls of stack n */
	uint32_t stack_count; /* elements of `stacks` */
	uint64_t unflushed;   /* lines that were changed but not flushed when the program ended */
	unsigned threads;
};

/* Returns 0, or -ENOMEM with an error message. */
int count_trace(const struct trace *trace, struct counts *counts);
void counts_fini(struct counts *counts);
void count_add(struct count *sum, const struct count *count);

#endif
