/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pending.h - the units of a history that have pending stores
 *
 * Used by the files that history.c consists of: store.c, names.c and durable.c. Functions that
 * return int return 0 or -ENOMEM, with an error message.
 */
#ifndef CRASH_PENDING_H
#define CRASH_PENDING_H

#include "crash/history.h"

#define ATOM 8u

static inline uint64_t pending_line_at(uint64_t place)
{
	return place & ~(uint64_t)(EVENT_LINE - 1);
}

/* The number of the unit that contains this place. */
uint64_t pending_number(const struct history *history, uint64_t place);
/*
 * The unit with this number, valid until the next unit is made or dropped; NULL: no store to it is
 * pending.
 */
struct packed *pending_find(const struct history *history, uint64_t number);
/* Add a unit, which pending_find() has not found. NULL: no memory. */
struct packed *pending_make(struct history *history, uint64_t number);
/* Remove the unit with this index, whose stores are all durable. The last one gets its index. */
void pending_drop(struct history *history, uint32_t index);
/* The grouping of the unit at this place. NULL: no memory. */
struct grouping *pending_grouping(struct history *history, struct packed *unit, uint64_t place);
/* Add `length` bytes from byte `from` of the event on to the unit. False: no memory. */
bool pending_add(struct history *history, struct packed *unit, const struct event *event,
	uint64_t from, unsigned length, unsigned flags);
/* The number of the piece's elements, at least. */
uint64_t pending_elements(const struct history *history, const struct piece *piece);
/* Count the stores of a piece in a line. False: no memory. */
bool pending_count_line(struct history *history, uint64_t place, bool more);
/* Count one more or one less pending store with this call stack. False: no memory. */
bool pending_count_stack(struct history *history, uint32_t stack, bool more);
/*
 * Note that the next unit to be looked at has its first store in event `to`, so that the trace can
 * leave memory behind.
 */
void pending_pass(const struct history *history, uint64_t to);
int pending_no_memory(void);

/* store.c: add what the event stores to the units that it touches. */
int store_event(struct history *history, const struct event *event);

/* names.c: the same for changes of names and sizes (R12), and for what makes these durable. */
int names_change(struct history *history, const struct event *event);
int names_sync(struct history *history, const struct event *event);
/* Move a durable change of names to base. */
void names_retire(struct history *history, const struct element *element);

/* functions of durable.c */
/* A flush of the event's lines, which waits for a fence of its thread. */
int durable_flush(struct history *history, const struct event *event);
/* A streaming store or flush waits for a fence of this thread. */
int durable_wait(struct history *history, unsigned thread, const struct flight *flight);
/* Make durable everything that waits for a fence of this thread. */
int durable_fence(struct history *history, unsigned thread);
/* A barrier of this thread: its next stores are in groups of their own (armv8). */
int durable_barrier(struct history *history, unsigned thread);
/* Everything stored in the event's range so far becomes durable. */
int durable_complete(struct history *history, const struct event *event);
/* Everything stored so far becomes durable, if in this model stores are durable at once. */
int durable_at_once(struct history *history);
/* Move durable elements of the unit with this index, with no older element before them, to base. */
int durable_retire(struct history *history, uint32_t index);
/* Note that this element was the newest to become durable in its line. */
void durable_remember(struct history *history, const struct element *newest, uint64_t line,
	const unsigned char *before);
/* Would a fence of this thread, or a sync of the event's range, make something durable? */
bool durable_by_fence(const struct history *history, unsigned thread);
bool durable_by_sync(const struct history *history, const struct event *event);

#endif
