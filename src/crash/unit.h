/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unit.h - a piece of a file, and the stores to it that a power cut can still lose
 *
 * A unit is a line, or what crash/model.h says.
 *
 * The rules, as tests and patches in test/mutants name them:
 *
 * R1	A store is cut into atoms, aligned words of 8 bytes; each goes to its line. What one atomic
 *	access stores inside a line stays one element.
 * R2	A power cut leaves, of a line: all elements of the groups before some group, any of that
 *	group, none behind it. Elements that are durable are always there.
 * R3	Lines choose independently. Then bytes are applied in the order of the trace.
 * R4	A power cut may come after any event. Before each that makes something durable, at marks and
 *	at the end all images are there that are possible since the previous such moment.
 * R5	A fence completes the flushes of its own thread.
 * R6	A flush covers what stood in the line when it was executed, whoever stored it, and nothing
 *	that came later.
 * R7	Atoms that went around the caches choose each for itself, until their thread's next fence.
 * R8	A copy is one group in each line: it promises no order inside.
 * R9	A line that is found changed: all that happened in its unit since the line was last compared
 *	is there or not as a whole, as of now (crash/unseen.h).
 * R10	Storage that tears: the unit is a word of 8 bytes, not a line, or a sector, not a page.
 * R12	page: names and sizes of files are elements, too, each as a whole. On an ordered file
 *	system they are there in their order, up to any; on another one (posix) each by itself.
 *	Syncing a file, or the directory, makes those of it durable, and on an ordered file system
 *	all before them.
 * R13	The growth of a file by writing stands apart from these, and from its data.
 */
#ifndef CRASH_UNIT_H
#define CRASH_UNIT_H

#include <stdbool.h>
#include <stdint.h>

enum element_flags {
	ELEMENT_FLUSHED = 1, /* somebody flushed the line since; waits for that one's fence */
	ELEMENT_DURABLE = 2,
	ELEMENT_STREAM = 4,
	ELEMENT_SEEN = 8,   /* found by comparing: it is older than `at` */
	ELEMENT_HELD = 16,  /* not there yet, until something that was not seen is found (R9) */
	ELEMENT_WHOLE = 32, /* its group is there or not as a whole */
	ELEMENT_NAMES =
		64, /* `data` is `length` bytes of struct name_change, in a page at `place` */
};

struct element {
	uint64_t at;               /* index of its event */
	const unsigned char *data; /* in the trace */
	uint64_t place;
	uint32_t stack;
	uint32_t group;
	uint16_t thread;
	uint8_t length; /* ends in the line that it begins in */
	uint8_t flags;
};

/* The last store to a unit; where units are torn, to the line or page that they are parts of. */
struct grouping {
	uint64_t last_event; /* plus 1 */
	uint32_t groups;     /* the last group's number */
	uint32_t epoch;      /* of the thread that stored last (armv8) */
	uint16_t thread;     /* that one */
};

struct unit {
	uint64_t number;
	struct grouping grouping;
	uint32_t count, capacity;
	uint32_t slot; /* where the history has it */
	struct element *elements;
};

/*
 * Which elements of a unit made it: the first `count`, those that `mask` has a bit for behind
 * them (bit 0: element `count`), and of the streaming ones, in their order, those that `streams`
 * has a bit for. Durable ones are there anyway; streaming ones are not counted out by `count`
 * and `mask`.
 */
struct choice {
	uint32_t count;
	uint64_t mask, streams;
};

bool unit_add(struct unit *unit, const struct element *element);

/* Does the power cut leave element `i`; `stream` is its number among the streaming ones. */
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

/* The elements before this event. */
struct choice unit_before(const struct unit *unit, uint64_t at);

/* Number of states that R2 and R7 allow, at most `limit`; and each of them, from 0 on. */
uint64_t unit_states(const struct unit *unit, uint64_t limit);
struct choice unit_state(const struct unit *unit, uint64_t number);

/* Apply what made it to the files; files[n - 1] is file n. */
void unit_apply(const struct unit *unit, const struct choice *choice, unsigned char *const *files);

/* The place of each word that an element of names changes, and how many there are. */
uint32_t element_changes(const struct element *element);
uint64_t element_change_place(const struct element *element, uint32_t number);
/* Apply one element. */
void element_apply(const struct element *element, unsigned char *const *files);

/* Forget the first `count` elements. */
void unit_forget(struct unit *unit, uint32_t count);

#endif
