/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packed.h - a unit with pending stores, in as little memory as possible
 *
 * All of a large file may be pending at once. So a unit keeps pieces, which only say where in the
 * trace the stores are: the elements of unit.h are made of them when they are looked at.
 */
#ifndef CRASH_PACKED_H
#define CRASH_PACKED_H

#include "crash/unit.h"
#include "trace/trace.h"

/* Used beside enum element_flags in a piece: the piece is a run. */
#define PIECE_RUN 0x80u

#define PIECE_EVENTS 64u /* maximum number of events in a run */

/*
 * The part of one event that goes to one line of a unit; or a run, several stores of one word or
 * less by consecutive records of a thread. All elements of a piece have the same flags.
 */
struct piece {
	uint32_t event; /* index of the event; in a run of the first one */
	uint32_t at;    /* the same, or the event until which the piece was held back (R9) */
	uint32_t group; /* in a run: of the first event */
	uint16_t from;  /* offset in what is stored; in a run: groups that each event adds */
	uint8_t length; /* in bytes; of a run: number of its events */
	uint8_t flags;  /* of enum element_flags, and PIECE_RUN */
};

/*
 * The last store to a unit; if units are torn, to the whole line or page that the unit is a part
 * of.
 */
struct grouping {
	uint32_t last_event; /* index of the event of that store, plus 1 */
	uint32_t groups;     /* number of the last group */
	uint32_t epoch;      /* epoch of the thread that stored last (armv8); 0: not known */
};

struct packed {
	uint64_t number; /* of the unit */
	struct grouping grouping;
	uint32_t count; /* of pieces */
	union {
		struct piece one;     /* if there is one */
		struct piece *pieces; /* if there are more, in new memory */
	};
};

static inline struct piece *packed_pieces(struct packed *packed)
{
	return packed->count > 1 ? packed->pieces : &packed->one;
}

static inline const struct piece *packed_look(const struct packed *packed)
{
	return packed->count > 1 ? packed->pieces : &packed->one;
}

/* Add a piece, as a part of the previous one if that is possible. False: no memory. */
bool packed_add(struct packed *packed, const struct trace *trace, const struct piece *piece);
/* Remove the first `count` pieces. */
void packed_forget(struct packed *packed, uint32_t count);
void packed_free(struct packed *packed);

static inline uint32_t piece_events(const struct piece *piece)
{
	return piece->flags & PIECE_RUN ? piece->length : 1;
}

/* The piece's event number `number`, from 0 on. */
static inline const struct event *piece_event(
	const struct trace *trace, const struct piece *piece, uint32_t number)
{
	return trace->slots + piece->event + number;
}

/* The place of the piece's first byte; all of the piece is in one line. */
uint64_t piece_place(const struct trace *trace, const struct piece *piece);

/*
 * The maximum number of elements of a piece: a line that begins and ends inside of a word, or a
 * run.
 */
#define PIECE_ELEMENTS PIECE_EVENTS

/* Make the elements of a piece. Returns their number. */
uint32_t piece_unpack(const struct trace *trace, const struct piece *piece, struct element *to);

/* The index of the newest event before `before` that stored here, plus 1; 0: nothing did. */
uint64_t packed_newest(const struct packed *packed, uint64_t before);

#endif
