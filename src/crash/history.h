/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.h - what is durable and what is pending, event by event
 *
 * The model is `cache-line`: flush and fence, as x86-64 has them. Durable bytes go to `base`, which
 * the caller owns: memory for each file, with the file's first content at the beginning.
 */
#ifndef CRASH_HISTORY_H
#define CRASH_HISTORY_H

#include "crash/table.h"
#include "crash/unit.h"
#include "crash/unseen.h"
#include "trace/trace.h"

/* A line's bytes in `base` have changed. */
typedef void history_settled(void *context, uint64_t place, const unsigned char *before);

/* Waits for a fence of its thread. */
struct flight {
	uint64_t line, before; /* elements older than this event */
	bool is_stream;
};

struct flights {
	struct flight *list;
	uint32_t count, capacity;
};

struct history {
	const struct trace *trace;
	const struct unseen *unseen;
	unsigned char *const *base;
	history_settled *settled;
	void *context;

	struct unit **pending; /* in the order in which they became pending, until one is done */
	uint32_t count, capacity;
	struct table units;   /* by line */
	struct table threads; /* struct flights, by number */
	struct table stacks;  /* how many pending elements each has */
	uint64_t stack_sum;   /* of the set of these stacks */
};

void history_init(struct history *history, const struct trace *trace, const struct unseen *unseen,
	unsigned char *const *base, history_settled *settled, void *context);
void history_fini(struct history *history);

/* Will the event make something durable? Then it is a crash point (R4). */
bool history_completes(const struct history *history, const struct event *event);

/* 0 or -ENOMEM. */
int history_step(struct history *history, const struct event *event);

/* The line's bytes in base. */
unsigned char *history_line(const struct history *history, uint64_t place);

#endif
