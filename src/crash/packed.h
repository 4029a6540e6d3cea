/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packed.h - a unit with pending stores, in as little memory as possible
 *
 * All stores to a large file may be pending at once. So a unit only keeps where in the trace its
 * stores are: as a chain (chain.h) if each store is one record and a group of its own, else as a
 * list of pieces. The elements (struct element in unit.h) are made from these when they are needed.
 */
#ifndef CRASH_PACKED_H
#define CRASH_PACKED_H

#include "crash/unit.h"
#include "trace/trace.h"

/* A flag of a piece, beside those of enum element_flags: the piece is a run of several stores. */
#define PIECE_RUN 0x80u

#define PIECE_EVENTS 64u /* maximum number of events in a run */

/*
 * A piece is the part of one event that goes to one line of a unit; or a run, which is several
 * stores of at most one word each, by consecutive records of the same thread. All elements of a
 * piece have the same flags.
 */
struct piece {
	uint32_t event; /* index of the event, or of the first event of a run */
	uint32_t at;    /* same as `event`; if held back (R9), the event that releases the piece */
	uint32_t group; /* number of the group, or of the group of a run's first event */
	uint16_t from;  /* offset in the event's data; in a run: step from one group to the next */
	uint8_t length; /* length in bytes; for a run: number of its events */
	uint8_t flags;  /* flags of enum element_flags, and PIECE_RUN */
};

/*
 * Facts about the last store to a unit or, if storage tears lines and pages into units (R10), about
 * the last store to the whole line or page that contains the unit.
 */
struct grouping {
	uint32_t last_event; /* index, plus 1, of the event that made the last store */
	uint32_t groups;     /* number of the last group */
	uint32_t epoch; /* armv8: a number that barriers of the storing thread change; else 0 */
};

#define PACKED_CHAIN UINT32_MAX

struct packed {
	uint64_t number; /* of the unit */
	struct grouping grouping;
	uint32_t count; /* of pieces; PACKED_CHAIN: the stores are a chain */
	union {
		struct chain chain;
		struct piece one;     /* if `count` is 1 */
		struct piece *pieces; /* an array in allocated memory, if `count` is more than 1 */
	};
};

static inline bool packed_is_chain(const struct packed *packed)
{
	return packed->count == PACKED_CHAIN;
}

/* packed_pieces() and packed_look() return the pieces of a unit that is not a chain. */
static inline struct piece *packed_pieces(struct packed *packed)
{
	return packed->count > 1 ? packed->pieces : &packed->one;
}

static inline const struct piece *packed_look(const struct packed *packed)
{
	return packed->count > 1 ? packed->pieces : &packed->one;
}

/*
 * Add a piece, if possible to a chain or by joining it with the previous piece. A chain to which it
 * cannot be added becomes a list of pieces. Returns false if there is no memory.
 */
bool packed_add(struct packed *packed, const struct trace *trace, struct links *links,
	const struct piece *piece);
/* Remove the first `count` pieces of a unit that is not a chain. */
void packed_forget(struct packed *packed, uint32_t count);
void packed_free(struct packed *packed);

static inline uint32_t piece_events(const struct piece *piece)
{
	return piece->flags & PIECE_RUN ? piece->length : 1;
}

/* Returns event number `number` of the piece; the first one has number 0. */
static inline const struct event *piece_event(
	const struct trace *trace, const struct piece *piece, uint32_t number)
{
	return trace->slots + piece->event + number;
}

/* Returns the place of the piece's first byte. All of the piece is in one line. */
uint64_t piece_place(const struct trace *trace, const struct piece *piece);

/*
 * The maximum number of elements of a piece, which only runs can have. Another piece has at most
 * one element for each word of a line that it covers, wholly or in part.
 */
#define PIECE_ELEMENTS PIECE_EVENTS

/* Returns the element of an event that has only one, which is not part of a longer store. */
struct element packed_element(
	const struct trace *trace, uint32_t event, uint32_t group, uint8_t flags);
/* Convert a piece to elements. Returns their number, as piece_elements() does. */
uint32_t piece_unpack(const struct trace *trace, const struct piece *piece, struct element *to);
uint32_t piece_elements(const struct trace *trace, const struct piece *piece);

/*
 * The maximum number of elements that are unpacked at a time. A unit may have very many: in the
 * models byte and process, all words of a copy.
 */
#define UNPACKED_MAX CHAIN_MAX

/*
 * Returns the unit with its elements, which for a chain are unpacked when the first one is asked
 * for. `unpacked` is memory for them, valid until another unit uses it.
 */
struct unit packed_unit(const struct packed *packed, struct unpacked *unpacked);

/*
 * Returns the index, plus 1, of the newest event older than `before` that stored to this unit; 0
 * if there is no such event.
 */
uint64_t packed_newest(const struct packed *packed, const struct links *links, uint64_t before);

#endif
