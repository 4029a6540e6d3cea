/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pending.h - the units of a history that have pending stores
 *
 * These functions are for store.c, names.c and durable.c, which do the work of history.c.
 * Functions that return int return 0 or -ENOMEM, with an error message.
 */
#ifndef CRASH_PENDING_H
#define CRASH_PENDING_H

#include "crash/walk.h"

#define ATOM 8u

static inline uint64_t pending_line_at(uint64_t place)
{
	return place & ~(uint64_t)(EVENT_LINE - 1);
}

/* Returns the number of the unit that contains this place. */
uint64_t pending_number(const struct history *history, uint64_t place);
/*
 * Returns the unit with this number, or NULL if no store to the unit is pending. Valid until the
 * next unit is added or removed.
 */
struct packed *pending_find(const struct history *history, uint64_t number);
/* Add a unit that pending_find() has not found. Returns NULL if there is no memory. */
struct packed *pending_make(struct history *history, uint64_t number);
/* Remove the unit with this index, whose stores are all durable. The last unit gets this index. */
void pending_drop(struct history *history, uint32_t index);
/*
 * Returns the grouping (facts about the last store) of the unit at this place, or NULL if there is
 * no memory.
 */
struct grouping *pending_grouping(struct history *history, struct packed *unit, uint64_t place);
/*
 * Add bytes [from, from + length) of the event's data to the unit. Returns false if there is no
 * memory.
 */
bool pending_add(struct history *history, struct packed *unit, const struct event *event,
	uint64_t from, unsigned length, unsigned flags);
/*
 * Count this many more stores in the line, or fewer if `more` is negative. A copy counts as one
 * store. Returns false if there is no memory.
 */
bool pending_count_line(struct history *history, uint64_t place, int more);
/*
 * Count one more or one less pending store with this call stack. Returns false if there is no
 * memory.
 */
bool pending_count_stack(struct history *history, uint32_t stack, bool more);
/*
 * Tell the trace that no event before `to` is needed until the next call of history_pending() or
 * history_unit(), so that the trace can release memory.
 */
void pending_pass(const struct history *history, uint64_t to);
int pending_no_memory(void);

/* store.c: add the bytes that the event stores to the units that they belong to. */
int store_event(struct history *history, const struct event *event);

/*
 * names.c: add changes of names and sizes (R12) to their units, and make them durable when they
 * are synced.
 */
int names_change(struct history *history, const struct event *event);
int names_sync(struct history *history, const struct event *event);
/* Copy a durable change of names to `base`. */
void names_retire(struct history *history, const struct element *element);

/* functions of durable.c */
/* Note that the event flushes its lines; the next fence of its thread completes the flush. */
int durable_flush(struct history *history, const struct event *event);
/* Note that a streaming store or flush waits for the next fence of this thread. */
int durable_wait(struct history *history, unsigned thread, const struct flight *flight);
/* Make durable everything that waits for the fence of this thread. */
int durable_fence(struct history *history, unsigned thread);
/* Apply a barrier of this thread: its later stores are not in groups with earlier ones (armv8). */
int durable_barrier(struct history *history, unsigned thread);
/* Make everything durable that was stored to the event's range so far. */
int durable_complete(struct history *history, const struct event *event);
/* Make everything durable that was stored so far, if the model makes stores durable at once. */
int durable_at_once(struct history *history);
/* Would a fence of this thread, or a sync of the event's range, make something durable? */
bool durable_by_fence(const struct history *history, unsigned thread);
bool durable_by_sync(const struct history *history, const struct event *event);

/* functions of retire.c */
/*
 * Copy durable elements of the unit with this index to `base`, and remove them. retire_pieces() is
 * for a unit of pieces, up to the first piece that is not durable; retire_chain() for a chain, of
 * which the `count` oldest stores are durable.
 */
int retire_pieces(struct history *history, uint32_t index);
int retire_chain(struct history *history, uint32_t index, uint32_t count);
/* The same for all stores within the limits of the walk, in the order of the trace. */
int retire_by_walk(struct history *history, struct walk *walk);
/* Note that this element is the newest one in its line to become durable. */
void retire_remember(struct history *history, const struct element *newest, uint64_t line,
	const unsigned char *before);

#endif
