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
 * R2	A power cut leaves, of a line: all elements of the groups before some group, any subset of
 *	that group, none behind it. Durable elements always survive.
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
 * R9	If a line is found changed, then everything that happened in its unit since the line was
 *	last compared survives as a whole or not at all, as one store at this moment
 *	(crash/unseen.h).
 * R10	On storage that tears, the unit is a word of 8 bytes instead of a line, or a sector instead
 *	of a page.
 * R12	In the model page, changes of names and sizes of files are elements, too, each as a whole.
 *	On an ordered file system the first ones survive, up to any number of them; on another one
 *	(posix) each independently. Syncing a file, or the directory, makes its changes durable,
 *	and on an ordered file system all changes before them.
 * R13	The growth of a file by writing is independent of these changes, and of the file's data.
 */
#ifndef CRASH_UNIT_H
#define CRASH_UNIT_H

#include <stdbool.h>
#include <stdint.h>

enum element_flags {
	ELEMENT_FLUSHED = 1, /* flushed since; the flushing thread has not fenced yet */
	ELEMENT_DURABLE = 2,
	ELEMENT_STREAM = 4,
	ELEMENT_SEEN = 8,   /* found by comparing: the store is older than `at` */
	ELEMENT_HELD = 16,  /* held back: it cannot survive until an unseen store is found (R9) */
	ELEMENT_WHOLE = 32, /* its group survives as a whole or not at all */
	ELEMENT_NAMES =
		64, /* `data` is `length` bytes of struct name_change, in a page at `place` */
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

/* The pending stores of a unit, as crash/packed.h unpacks them. */
struct unit {
	uint64_t number;
	uint32_t count;
	const struct element *elements;
};

/*
 * The elements of a unit that survive: the first `count`; behind these, each that has a bit in
 * `mask` (bit 0: element `count`); and of the streaming elements, in their order, each that has a
 * bit in `streams`. Durable elements survive in any case. `count` and `mask` have no effect on
 * streaming elements.
 */
struct choice {
	uint32_t count;
	uint64_t mask, streams;
};

/* Does element `i` survive the power cut? `stream` is its index among the streaming elements. */
static inline bool choice_has(
	const struct choice *choice, const struct element *element, uint32_t i, unsigned stream)
{
	if (element->flags & (ELEMENT_DURABLE | ELEMENT_HELD))
		return element->flags & ELEMENT_DURABLE;
	if (element->flags & ELEMENT_STREAM)
		return stream < 64 && choice->streams >> stream & 1;
	return i < choice->count ||
	       (i - choice->count < 64 && choice->mask >> (i - choice->count) & 1);
}

struct choice unit_all(const struct unit *unit);
bool unit_is_all(const struct unit *unit, const struct choice *choice);
bool unit_is_none(const struct unit *unit, const struct choice *choice);

/* Is the newest group of the unit a copy of several elements, any of which may survive? */
bool unit_is_copy(const struct unit *unit);
/* The choice in which the first `count` elements survive. */
struct choice unit_first(const struct unit *unit, uint32_t count);

/* The choice in which the elements before this event survive. */
struct choice unit_before(const struct unit *unit, uint64_t at);

/*
 * The number of states that R2 and R7 allow, at most `limit`; and the state with this number, from
 * 0 on.
 */
uint64_t unit_states(const struct unit *unit, uint64_t limit);
struct choice unit_state(const struct unit *unit, uint64_t number);

/* Apply the surviving elements to the files; files[n - 1] is the memory of file n. */
void unit_apply(const struct unit *unit, const struct choice *choice, unsigned char *const *files);

/* The places of the words that an element of names changes, and their number. */
uint32_t element_changes(const struct element *element);
uint64_t element_change_place(const struct element *element, uint32_t number);
/* Apply one element to the files. */
void element_apply(const struct element *element, unsigned char *const *files);

#endif
