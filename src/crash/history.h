/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.h - the state of a trace after each event: which stores are durable, which are pending
 *
 * Bytes that become durable are copied to `base`, which is memory that the caller owns. Each file
 * has its own `base`; when the history begins, that holds the file's first content.
 */
#ifndef CRASH_HISTORY_H
#define CRASH_HISTORY_H

#include "crash/model.h"
#include "crash/packed.h"
#include "crash/sheet.h"
#include "crash/unseen.h"
#include "trace/trace.h"

struct cut;

/*
 * A function that is called when a line's bytes in `base` have changed; `before` has the previous
 * bytes.
 */
typedef void history_settled(void *context, uint64_t place, const unsigned char *before);

/*
 * A flush, or a streaming store, of consecutive units. It takes effect at the next fence of its
 * thread.
 */
struct flight {
	uint64_t first; /* number of the first unit */
	uint32_t count; /* number of units */
	uint32_t is_stream : 1;
	uint32_t before : 31; /* covers only stores before the event with this index */
};

struct flights {
	struct flight *list;
	uint32_t count, capacity;
	uint32_t distinct; /* number of flights that were left when equal ones were last removed */
};

/* A line in which a store became durable recently. */
struct retired {
	uint64_t place;
	unsigned char before[EVENT_LINE];
	struct element newest; /* the newest of the stores that became durable */
};

#define HISTORY_RETIRED 64u

#define HISTORY_MANY (1u << 16) /* value of `many` unless a test sets another one */

struct history {
	const struct trace *trace;
	const struct unseen *unseen;
	const struct unseen *whole; /* like `unseen`, but for storage that does not tear; or NULL */
	enum model model;
	bool is_torn;
	bool is_posix; /* changes of names become durable independently of each other (rule R12) */
	unsigned char *const *base;
	history_settled *settled;
	void *context;

	/*
	 * Units with pending stores, in the order in which they got the first one. A unit whose
	 * stores are all durable is removed.
	 */
	struct packed *pending;
	uint32_t count, capacity;
	struct links links;        /* of chains of stores */
	struct unpacked *unpacked; /* memory for elements of the unit that was looked at last */
	struct sheet units;        /* maps a unit's number to the unit's index in `pending` */
	struct table wholes; /* maps the number of a whole line or page to its struct grouping */
	struct sheet lines;  /* maps a line's number to the number of stores in the line */
	struct table epochs; /* maps a thread to a number that each barrier of it changes (armv8) */
	uint32_t epoch;      /* the largest number in `epochs` */
	uint32_t last_store; /* index of the event of the newest store */
	uint64_t group_event; /* index, plus 1, of the event that began the current group */
	bool has_new;         /* some stores become durable with the next event */
	struct table threads; /* maps a thread's number to its struct flights */
	struct table stacks;  /* maps a call stack to the number of pending stores with it */
	uint64_t stack_sum;   /* hash of the set of call stacks in `stacks` */

	uint32_t many; /* from this number on, walk through chains (walk.h), and join flights */

	uint64_t retired_count; /* number of entries so far; entry n is at n % HISTORY_RETIRED */
	struct retired retired[HISTORY_RETIRED];
};

void history_init(struct history *history, const struct trace *trace, const struct unseen *unseen,
	unsigned char *const *base, history_settled *settled, void *context);
void history_fini(struct history *history);

/* Will the event make a store durable? Then a crash is tried before it (rule R4). */
bool history_completes(const struct history *history, const struct event *event);

/* Apply the next event of the trace to the history. Returns 0 or -ENOMEM. */
int history_step(struct history *history, const struct event *event);

/* Can only storage that writes lines or pages in parts leave this cut behind (rule R10)? */
bool history_tears(const struct history *history, const struct cut *cut);

/*
 * Returns pending unit number `index`. Valid until the next call of this function or
 * history_unit().
 */
struct unit history_pending(const struct history *history, uint32_t index);
/*
 * Returns the unit that contains this place, valid as long as a result of history_pending(). It
 * has no elements if no store to it is pending.
 */
struct unit history_unit(const struct history *history, uint64_t place);

/* Returns the address of the line's bytes in `base`. */
unsigned char *history_line(const struct history *history, uint64_t place);

#endif
