/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit.h - a piece of a file, and the stores to it that a power cut can still lose
 *
 * A unit is a line of 64 bytes, or of another size if the model (crash/model.h) says so.
 *
 * The rules, by the names that tests and patches in test/mutants use:
 *
 * R1	A store is cut into atoms, aligned words of 8 bytes; each goes to its line. What one atomic
 *	access stores inside a line stays one element.
 * R2	A power cut leaves of a line the elements up to some group: all elements of the groups
 *	before this group, any subset of this group, and none of the later groups. Durable elements
 *	always survive.
 * R3	Rule R2 holds for each line independently. Surviving bytes are applied in trace order.
 * R4	A power cut may come after any event. It is enough to try it before each event that makes
 *	something durable, at marks and at the end: the images there include all that were possible
 *	since the previous of these moments.
 * R5	A fence completes the flushes of its own thread.
 * R6	A flush covers the stores of all threads that were in the line when it was executed, and no
 *	later ones.
 * R7	Atoms stored around the caches survive independently of each other, until their thread's
 *	next fence.
 * R8	A copy is one group in each line: it guarantees no order inside a line.
 * R9	If a comparison finds a line changed, then everything that happened in its unit since the
 *	line was last compared survives as a whole or not at all, as one store at the moment of the
 *	comparison (crash/unseen.h).
 * R10	On storage that tears, the unit is a word of 8 bytes instead of a line, or a sector instead
 *	of a page.
 * R12	In the model page, changes of names and sizes of files are elements, too, each as a whole.
 *	On an ordered file system the first ones survive, up to any number of them; on another one
 *	(posix) each independently. Syncing a file, or the directory, makes its changes durable,
 *	and on an ordered file system all changes before them.
 * R13	The growth of a file by writing is independent of these changes, and of the file's data.
 * R14	Atoms that are sent to a mirror arrive independently of each other, until their lane's next
 *	drain; of a relaxed range, bytes do. What is sent together arrives together. No other
 *	event concerns a mirror (crash/mirror.h).
 */
#ifndef CRASH_UNIT_H
#define CRASH_UNIT_H

#include "crash/chain.h"

enum element_flags {
	ELEMENT_FLUSHED = 1, /* flushed since the store; the flushing thread has not fenced yet */
	ELEMENT_DURABLE = 2,
	ELEMENT_STREAM = 4,
	ELEMENT_SEEN = 8,   /* found by comparing memory: the store happened before event `at` */
	ELEMENT_HELD = 16,  /* held back (R9): lost in any crash until an unseen store is found */
	ELEMENT_WHOLE = 32, /* all elements of its group survive, or none */
	ELEMENT_NAMES = 64, /* `data` is an array of struct name_change, `length` bytes in all */
};

struct element {
	uint64_t at;               /* index of the event that stored it */
	const unsigned char *data; /* points into the trace */
	uint64_t place;
	uint32_t stack;
	uint32_t group;
	uint16_t thread;
	uint8_t length; /* in bytes; the element does not cross the end of its line */
	uint8_t flags;
};

/* Some consecutive elements of a unit, which packed.h unpacks when they are needed. */
struct unpacked {
	const struct trace *trace;
	const struct links *links;
	struct chain chain;         /* of the unit, if it is a chain; then all elements fit */
	const struct piece *pieces; /* of the unit, if it is not a chain */
	uint32_t piece_count;
	uint32_t begin, end;       /* the elements are those of the pieces [begin, end) */
	uint64_t at;               /* index of the first of the events that were read last */
	uint32_t first, count;     /* number of the first element; number of elements */
	struct element elements[]; /* UNPACKED_MAX */
};

/* A unit with its pending stores. */
struct unit {
	uint64_t number;
	uint32_t count; /* of elements */
	struct unpacked *unpacked;
	/*
	 * Not NULL if the unit is a chain: then each element is a group of its own, and no element
	 * is longer than 8 bytes, or has flags other than ELEMENT_FLUSHED.
	 */
	const struct chain *chain;
};

/* Unpack some elements of the unit, among them element number `i`. Use unit_element() instead. */
void unit_unpack(const struct unit *unit, uint32_t i);

/* Returns element number `i` of the unit. */
static inline struct element unit_element(const struct unit *unit, uint32_t i)
{
	if (i - unit->unpacked->first >= unit->unpacked->count)
		unit_unpack(unit, i);
	return unit->unpacked->elements[i - unit->unpacked->first];
}

/*
 * A choice of the elements of a unit that survive a crash. The first `count` survive. Behind
 * these, each element survives that has a bit in `mask` (bit 0: element number `count`). Streaming
 * elements depend on `streams` instead, which has a bit for each of them, in their order. Durable
 * elements survive in any case.
 */
struct choice {
	uint32_t count;
	uint64_t mask, streams;
};

/*
 * Does element `i`, with these flags, survive a power cut with this choice? `stream` is the
 * element's index among the streaming elements.
 */
static inline bool choice_has(
	const struct choice *choice, unsigned flags, uint32_t i, unsigned stream)
{
	if (flags & (ELEMENT_DURABLE | ELEMENT_HELD))
		return flags & ELEMENT_DURABLE;
	if (flags & ELEMENT_STREAM)
		return stream < 64 && choice->streams >> stream & 1;
	return i < choice->count ||
	       (i - choice->count < 64 && choice->mask >> (i - choice->count) & 1);
}

/*
 * Returns those flags of element number `i` on which its survival depends: not ELEMENT_FLUSHED.
 */
static inline unsigned unit_flags(const struct unit *unit, uint32_t i)
{
	return unit->chain ? 0 : unit_element(unit, i).flags & ~(unsigned)ELEMENT_FLUSHED;
}

/* Returns the index of the event that stored element number `i`. */
uint64_t unit_at(const struct unit *unit, uint32_t i);

struct choice unit_all(const struct unit *unit);
bool unit_is_all(const struct unit *unit, const struct choice *choice);
bool unit_is_none(const struct unit *unit, const struct choice *choice);

/* Is the newest group of the unit a copy that consists of several elements? */
bool unit_is_copy(const struct unit *unit);
/* Returns the choice in which the first `count` elements survive. */
struct choice unit_first(const struct unit *unit, uint32_t count);

/* Returns the choice in which only the elements before this event survive. */
struct choice unit_before(const struct unit *unit, uint64_t at);

/*
 * unit_states() returns the number of states that rules R2 and R7 allow, but at most `limit`.
 * unit_state() returns the state with this number, counted from 0.
 */
uint64_t unit_states(const struct unit *unit, uint64_t limit);
struct choice unit_state(const struct unit *unit, uint64_t number);

/* Apply the surviving elements of the unit to the files; files[n - 1] is the memory of file n. */
void unit_apply(const struct unit *unit, const struct choice *choice, unsigned char *const *files);

/*
 * These functions are for an element that is a change of names: element_changes() returns how many
 * words it changes, element_change_place() returns the place of one of these words.
 */
uint32_t element_changes(const struct element *element);
uint64_t element_change_place(const struct element *element, uint32_t number);
/* Apply one element to the files. */
void element_apply(const struct element *element, unsigned char *const *files);

#endif
