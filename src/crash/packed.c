/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packed.c - the stores of a unit: a chain, or a list of pieces, in which stores of consecutive
 * records are joined
 */
#include "crash/packed.h"

#include <stdlib.h>
#include <string.h>

#define ATOM 8u

/* ---- runs */

/* Can this piece become a run of several stores, or be added to one? */
static bool may_run(const struct trace *trace, const struct piece *piece)
{
	const struct event *event = trace->slots + piece->event;

	return (event->kind == EVENT_STORE || event->kind == EVENT_STREAM) && !piece->from &&
	       piece->length == event->length && event->place % ATOM + event->length <= ATOM &&
	       !(piece->flags & ~(unsigned)ELEMENT_STREAM) && piece->at == piece->event;
}

static bool is_alike(const struct event *first, const struct event *next)
{
	return first->thread == next->thread &&
	       first->place / EVENT_LINE == next->place / EVENT_LINE;
}

/* Joins the new piece with the last one. Returns false if their kinds differ too much for that. */
static bool join(const struct trace *trace, struct piece *last, const struct piece *piece)
{
	uint32_t count = piece_events(last), step = piece->group - last->group;
	bool is_run = last->flags & PIECE_RUN;

	if (last->event + count != piece->event || count == PIECE_EVENTS ||
		(last->flags & ~PIECE_RUN) != piece->flags || !may_run(trace, piece) ||
		(!is_run && !may_run(trace, last)) ||
		!is_alike(piece_event(trace, last, 0), piece_event(trace, piece, 0)))
		return false;
	if (is_run ? step != last->from * count : step > 1)
		return false;
	if (!is_run)
		last->from = (uint16_t)step;
	last->flags |= PIECE_RUN;
	last->length = (uint8_t)(count + 1);
	return true;
}

/* ---- the list of pieces */

static bool add_piece(struct packed *packed, const struct trace *trace, const struct piece *piece)
{
	uint32_t count = packed->count;
	struct piece *pieces = packed_pieces(packed);

	if (count && join(trace, &pieces[count - 1], piece))
		return true;
	if (!count) {
		packed->one = *piece;
	} else if (!(count & (count - 1))) { /* the list is full: make room for twice as many */
		struct piece *grown =
			realloc(count > 1 ? packed->pieces : NULL, 2 * count * sizeof(*grown));
		if (!grown)
			return false;
		if (count == 1)
			grown[0] = packed->one;
		packed->pieces = pieces = grown;
	}
	packed->count++;
	if (count)
		pieces[count] = *piece;
	return true;
}

void packed_forget(struct packed *packed, uint32_t count)
{
	uint32_t left = packed->count - count;
	struct piece *pieces = packed->count > 1 ? packed->pieces : NULL;

	if (pieces && left > 1)
		memmove(pieces, pieces + count, left * sizeof(*pieces));
	if (pieces && left == 1)
		packed->one = pieces[count];
	if (left < 2)
		free(pieces);
	packed->count = left;
}

void packed_free(struct packed *packed)
{
	if (!packed_is_chain(packed))
		packed_forget(packed, packed->count);
	packed->count = 0;
}

/* ---- chains */

/* Can this piece be a store of a chain? */
static bool is_plain(const struct trace *trace, const struct piece *piece)
{
	const struct event *event = trace->slots + piece->event;

	return (event->kind == EVENT_ATOMIC ||
		       (event->kind == EVENT_STORE &&
			       event->place % ATOM + event->length <= ATOM)) &&
	       !piece->from && piece->length == event->length && !piece->flags &&
	       piece->at == piece->event;
}

/* Makes pieces from a chain. Returns false if there is no memory. */
static bool expand(struct packed *packed, const struct trace *trace, const struct links *links)
{
	struct chain chain = packed->chain;
	uint32_t events[CHAIN_MAX];
	bool is_good = true;

	chain_events(&chain, links, events);
	packed->count = 0;
	for (uint32_t i = 0; i < chain.count && is_good; i++) {
		struct piece piece = {.event = events[i],
			.at = events[i],
			.group = chain_group(&chain, i),
			.length = (uint8_t)trace->slots[events[i]].length,
			.flags = i < chain.flushed ? ELEMENT_FLUSHED : 0};
		is_good = add_piece(packed, trace, &piece);
	}
	return is_good;
}

bool packed_add(struct packed *packed, const struct trace *trace, struct links *links,
	const struct piece *piece)
{
	bool is_of_chain = is_plain(trace, piece);

	if (!packed->count && is_of_chain && !links->is_off) {
		packed->count = PACKED_CHAIN;
		packed->chain = chain_of(piece->event, piece->group);
		return true;
	}
	if (!packed_is_chain(packed))
		return add_piece(packed, trace, piece);
	if (is_of_chain && chain_fits(&packed->chain, piece->group))
		return chain_add(&packed->chain, links, trace->count, piece->event);
	return expand(packed, trace, links) && add_piece(packed, trace, piece);
}

/* ---- elements */

uint64_t piece_place(const struct trace *trace, const struct piece *piece)
{
	uint64_t place = trace->slots[piece->event].place;

	return piece->flags & PIECE_RUN ? place : place + piece->from;
}

struct element packed_element(
	const struct trace *trace, uint32_t number, uint32_t group, uint8_t flags)
{
	const struct event *event = trace->slots + number;

	return (struct element){.at = number,
		.data = (const unsigned char *)&event->value,
		.place = event->place,
		.stack = event->stack,
		.group = group,
		.thread = event->thread,
		.length = (uint8_t)event->length,
		.flags = flags};
}

static uint32_t unpack_run(const struct trace *trace, const struct piece *piece, struct element *to)
{
	bool was_held = piece->at != piece->event;

	for (uint32_t i = 0; i < piece->length; i++) {
		uint32_t group = was_held ? piece->group : piece->group + i * piece->from;
		to[i] = packed_element(
			trace, piece->event + i, group, piece->flags & (uint8_t)~PIECE_RUN);
		if (was_held)
			to[i].at = piece->at;
	}
	return piece->length;
}

/*
 * Does the piece have one element only? True for a line found changed (R9), atomic accesses and
 * changes of names.
 */
static bool is_one(const struct event *event, const struct piece *piece)
{
	return event->kind == EVENT_SEEN || event->kind == EVENT_ATOMIC ||
	       piece->flags & ELEMENT_NAMES;
}

uint32_t piece_unpack(const struct trace *trace, const struct piece *piece, struct element *to)
{
	const struct event *event = piece_event(trace, piece, 0);
	uint32_t count = 0, length = piece->length;

	if (piece->flags & PIECE_RUN)
		return unpack_run(trace, piece, to);
	const unsigned char *data = event_has_payload(event->kind)
					    ? event_payload(event)
					    : (const unsigned char *)&event->value;
	for (uint32_t done = 0; done < length; done += to[count++].length) {
		uint64_t place = event->place + piece->from + done;
		uint32_t left = length - done, word = ATOM - (uint32_t)(place % ATOM);
		to[count] = (struct element){.at = piece->at,
			.data = data + piece->from + done,
			.place = place,
			.stack = event->stack,
			.group = piece->group,
			.thread = event->thread,
			.length = (uint8_t)(left < word || is_one(event, piece) ? left : word),
			.flags = piece->flags};
	}
	return count;
}

uint32_t piece_elements(const struct trace *trace, const struct piece *piece)
{
	const struct event *event = piece_event(trace, piece, 0);

	if (piece->flags & PIECE_RUN)
		return piece->length;
	if (is_one(event, piece))
		return 1;
	return ((uint32_t)((event->place + piece->from) % ATOM) + piece->length + ATOM - 1) / ATOM;
}

/* ---- unpacking */

/* Notes that events from slot `at` on are about to be read. */
static void turn(struct unpacked *unpacked, uint64_t at)
{
	trace_turn(unpacked->trace, unpacked->at, at);
	unpacked->at = at;
}

static void unpack_chain(struct unpacked *unpacked)
{
	const struct chain *chain = &unpacked->chain;
	uint32_t events[CHAIN_MAX];

	chain_events(chain, unpacked->links, events);
	turn(unpacked, chain->first);
	unpacked->count = chain->count;
	for (uint32_t i = 0; i < chain->count; i++)
		unpacked->elements[i] = packed_element(unpacked->trace, events[i],
			chain_group(chain, i), i < chain->flushed ? ELEMENT_FLUSHED : 0);
}

/*
 * Unpacks as many pieces as fit, from piece number `begin` on. `first` is the number of the first
 * element of that piece.
 */
static void unpack(struct unpacked *unpacked, uint32_t begin, uint32_t first)
{
	const struct trace *trace = unpacked->trace;

	turn(unpacked, unpacked->pieces[begin].event);
	unpacked->first = first;
	unpacked->begin = unpacked->end = begin;
	unpacked->count = 0;
	while (unpacked->end < unpacked->piece_count &&
		unpacked->count + PIECE_ELEMENTS <= UNPACKED_MAX)
		unpacked->count += piece_unpack(trace, &unpacked->pieces[unpacked->end++],
			unpacked->elements + unpacked->count);
}

struct unit packed_unit(const struct packed *packed, struct unpacked *unpacked)
{
	if (packed_is_chain(packed)) {
		unpacked->chain = packed->chain;
		unpacked->first = unpacked->count = 0;
		return (struct unit){
			packed->number, packed->chain.count, unpacked, &unpacked->chain};
	}
	unpacked->pieces = packed_look(packed);
	unpacked->piece_count = packed->count;
	unpack(unpacked, 0, 0);
	struct unit unit = {packed->number, unpacked->count, unpacked, NULL};
	for (uint32_t i = unpacked->end; i < packed->count; i++)
		unit.count += piece_elements(unpacked->trace, &unpacked->pieces[i]);
	return unit;
}

/*
 * Number of elements before the wanted one that are unpacked, too, because the caller may want one
 * of them next.
 */
#define BACK (UNPACKED_MAX / 2)

void unit_unpack(const struct unit *unit, uint32_t i)
{
	struct unpacked *unpacked = unit->unpacked;
	uint32_t piece = unpacked->begin, first = unpacked->first;

	if (unit->chain) {
		unpack_chain(unpacked);
		return;
	}
	if (i < first / 2)
		piece = first = 0;
	else if (i > first && unit->count - i < i - first) {
		piece = unpacked->piece_count;
		first = unit->count;
	}
	for (uint32_t next; piece < unpacked->piece_count; piece++, first = next) {
		next = first + piece_elements(unpacked->trace, &unpacked->pieces[piece]);
		if (next > i)
			break;
	}
	if (i < unpacked->first || first > i)
		while (piece && (first > i || i - first < BACK))
			first -= piece_elements(unpacked->trace, &unpacked->pieces[--piece]);
	unpack(unpacked, piece, first);
}

uint64_t packed_newest(const struct packed *packed, const struct links *links, uint64_t before)
{
	if (packed_is_chain(packed))
		return chain_newest(&packed->chain, links, before);
	const struct piece *pieces = packed_look(packed);

	for (uint32_t i = packed->count; i-- > 0;) {
		uint64_t last = pieces[i].at;
		if (last >= before)
			continue;
		if (pieces[i].at == pieces[i].event)
			last += piece_events(&pieces[i]) - 1;
		return last < before ? last + 1 : before;
	}
	return 0;
}
