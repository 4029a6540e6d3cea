/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cut.h - which stores survive a crash: a choice for each pending unit of a history
 *
 * A pending unit is a piece of a file with stores that the crash can lose (unit.h).
 * A cut is stored as spans, because very many units may be pending. A span is a range of pending
 * units, in the history's order, to which the same rule applies. A zeroed struct is an empty cut;
 * call cut_fill() before other functions.
 */
#ifndef CRASH_CUT_H
#define CRASH_CUT_H

#include "crash/history.h"

enum rule {
	RULE_NONE,   /* no store survives */
	RULE_ALL,    /* all stores survive */
	RULE_BEFORE, /* the stores before event `value` survive */
	RULE_DRAWN,  /* a random choice in each unit; `value` is the seed for unit number 0 */
	RULE_CHOICE, /* as `choice` says */
};

struct span {
	uint32_t from; /* index of the span's first unit; the span ends where the next one begins */
	enum rule rule;
	uint64_t value;
	struct choice choice;
};

struct cut {
	struct span *spans;
	uint32_t count, capacity;
	uint32_t units;
};

/* Functions that return bool return false if memory runs out. */

/* Make the cut one span of `units` units with this rule. */
bool cut_fill(struct cut *cut, uint32_t units, enum rule rule, uint64_t value);
/* Set the rule of units [from, to), and leave the rules of other units unchanged. */
bool cut_set(struct cut *cut, uint32_t from, uint32_t to, enum rule rule);
bool cut_choose(struct cut *cut, uint32_t unit, const struct choice *choice);
bool cut_copy(struct cut *to, const struct cut *from);
void cut_fini(struct cut *cut);

/*
 * Returns which stores of unit number `index` survive. `span` points to a variable that is 0 at
 * first and is passed again in the next call: this makes going through all units fast.
 */
struct choice cut_choice(
	const struct cut *cut, const struct unit *unit, uint32_t index, uint32_t *span);

/*
 * Sets *limit to the limit (walk.h) of unit number `index`, a chain, within which its stores
 * survive. Returns false if other stores survive than the oldest ones.
 */
bool cut_limit(const struct cut *cut, const struct unit *unit, uint32_t index, uint32_t *span,
	uint32_t *limit);

/* Returns the seed to use for the next cut of RULE_DRAWN, after a cut with this seed. */
uint64_t cut_next_seed(const struct cut *cut, uint64_t seed);

#endif
