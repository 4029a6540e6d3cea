/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.h - what is durable and what is pending, event by event
 *
 * Durable bytes go to `base`, which the caller owns: memory for each file, with the file's first
 * content at the beginning.
 */
#ifndef CRASH_HISTORY_H
#define CRASH_HISTORY_H

#include "crash/lines.h"
#include "crash/model.h"
#include "crash/table.h"
#include "crash/unit.h"
#include "crash/unseen.h"
#include "trace/trace.h"

/* A line's bytes in `base` have changed. */
typedef void history_settled(void *context, uint64_t place, const unsigned char *before);

/* Waits for a fence of its thread. */
struct flight {
	uint64_t unit, before; /* elements older than this event */
	bool is_stream;
};

struct flights {
	struct flight *list;
	uint32_t count, capacity;
};

/* A line that something became durable in, not long ago. */
struct retired {
	uint64_t place;
	unsigned char before[EVENT_LINE];
	struct element newest; /* of its elements that did */
};

#define HISTORY_RETIRED 64u

struct history {
	const struct trace *trace;
	const struct unseen *unseen;
	const struct unseen *whole; /* the same for pages that are not torn; NULL: not needed */
	enum model model;
	bool is_torn;
	bool is_posix; /* names choose each for itself (R12) */
	unsigned char *const *base;
	history_settled *settled;
	void *context;

	struct unit **pending; /* in the order in which they became pending, until one is done */
	uint32_t count, capacity;
	struct table units;   /* by number */
	struct table wholes;  /* struct grouping of what is torn, by number */
	struct lines lines;   /* of their stores */
	struct table epochs;  /* by thread: barriers so far (armv8) */
	uint64_t group_event; /* that began the current group, plus 1 */
	bool has_new;         /* something that is durable by the next event */
	struct table threads; /* struct flights, by number */
	struct table stacks;  /* how many pending elements each has */
	uint64_t stack_sum;   /* of the set of these stacks */

	uint64_t retired_count; /* ever; number n is at n % HISTORY_RETIRED */
	struct retired retired[HISTORY_RETIRED];
};

void history_init(struct history *history, const struct trace *trace, const struct unseen *unseen,
	unsigned char *const *base, history_settled *settled, void *context);
void history_fini(struct history *history);

/* Will the event make something durable? Then it is a crash point (R4). */
bool history_completes(const struct history *history, const struct event *event);

/* 0 or -ENOMEM. */
int history_step(struct history *history, const struct event *event);

/* Is the cut one that is possible only because storage tears lines or pages (R10)? */
bool history_tears(const struct history *history, const struct choice *cut);
/* The unit that this place is in; NULL if nothing of it is pending. */
const struct unit *history_unit(const struct history *history, uint64_t place);

/* The line's bytes in base. */
unsigned char *history_line(const struct history *history, uint64_t place);

#endif
