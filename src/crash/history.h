/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.h - the state of a trace after each event: which stores are durable, which are pending
 *
 * Durable bytes are copied to `base`, which the caller owns: memory for each file, which holds the
 * file's first content when the history begins.
 */
#ifndef CRASH_HISTORY_H
#define CRASH_HISTORY_H

#include "crash/model.h"
#include "crash/packed.h"
#include "crash/sheet.h"
#include "crash/unseen.h"
#include "trace/trace.h"

struct cut;

/* Called when a line's bytes in `base` have changed; `before`: the previous bytes. */
typedef void history_settled(void *context, uint64_t place, const unsigned char *before);

/*
 * A flush or streaming store of units that follow each other, which waits for a fence of its
 * thread.
 */
struct flight {
	uint64_t first; /* number of the first unit */
	uint32_t count; /* of units */
	uint32_t is_stream : 1;
	uint32_t before : 31; /* covers elements older than this event */
};

struct flights {
	struct flight *list;
	uint32_t count, capacity;
};

/* A line of which something became durable recently. */
struct retired {
	uint64_t place;
	unsigned char before[EVENT_LINE];
	struct element newest; /* the newest of its elements that became durable */
};

#define HISTORY_RETIRED 64u

/* Room for the elements of the unit that was looked at last. */
struct unpacked {
	struct element *elements;
	uint32_t capacity;
	uint64_t at; /* index of the first event of that unit */
};

struct history {
	const struct trace *trace;
	const struct unseen *unseen;
	const struct unseen *whole; /* `unseen` for the same pages untorn; NULL: not needed */
	enum model model;
	bool is_torn;
	bool is_posix; /* names become durable independently (R12 of unit.h) */
	unsigned char *const *base;
	history_settled *settled;
	void *context;

	/* in the order in which they became pending; units that are completed are removed */
	struct packed *pending;
	uint32_t count, capacity;
	struct unpacked *unpacked;
	uint64_t elements;    /* number of pending elements, at least */
	struct sheet units;   /* index in `pending`, by the unit's number */
	struct table wholes;  /* struct grouping, by the number of a whole line or page */
	struct sheet lines;   /* number of pieces that touch a line, by its number */
	struct table epochs;  /* a number that each barrier changes, by thread (armv8) */
	uint32_t epoch;       /* the last such number */
	uint32_t last_store;  /* index of the newest store's event */
	uint64_t group_event; /* index of the event that began the current group, plus 1 */
	bool has_new;         /* set: there are stores that become durable with the next event */
	struct table threads; /* struct flights, by the thread's number */
	struct table stacks;  /* number of pending stores, by call stack */
	uint64_t stack_sum;   /* hash of the set of these stacks */

	uint64_t retired_count; /* lines retired so far; number n is at n % HISTORY_RETIRED */
	struct retired retired[HISTORY_RETIRED];
};

void history_init(struct history *history, const struct trace *trace, const struct unseen *unseen,
	unsigned char *const *base, history_settled *settled, void *context);
void history_fini(struct history *history);

/* Will the event make something durable? Then it is a crash point (R4). */
bool history_completes(const struct history *history, const struct event *event);

/* Apply the next event. Returns 0 or -ENOMEM. */
int history_step(struct history *history, const struct event *event);

/* Is the cut possible only because the storage tears lines or pages (R10)? */
bool history_tears(const struct history *history, const struct cut *cut);

/* Pending unit number `index`, until the next call of this function or of history_unit(). */
struct unit history_pending(const struct history *history, uint32_t index);
/* The unit that contains this place, likewise; without elements if no store to it is pending. */
struct unit history_unit(const struct history *history, uint64_t place);

/* The line's bytes in `base`. */
unsigned char *history_line(const struct history *history, uint64_t place);

#endif
