/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cut.h - which stores survive a crash: a choice for each pending unit of a history
 *
 * A cut consists of spans, units that follow each other in the history's order and have the same
 * rule, because very many units may be pending. A zeroed struct is an empty cut, which
 * cut_fill() makes ready.
 */
#ifndef CRASH_CUT_H
#define CRASH_CUT_H

#include "crash/history.h"

enum rule {
	RULE_NONE,   /* no store survives */
	RULE_ALL,    /* all stores survive */
	RULE_BEFORE, /* the stores before event `value` survive */
	RULE_DRAWN,  /* a random choice, with `value` as seed of unit number 0 */
	RULE_CHOICE, /* as `choice` says */
};

struct span {
	uint32_t from; /* index of the first unit; the span ends before the next one */
	enum rule rule;
	uint64_t value;
	struct choice choice;
};

struct cut {
	struct span *spans;
	uint32_t count, capacity;
	uint32_t units;
};

/* Functions that return bool return false if there is no memory. */

/* Give all `units` units the same rule. */
bool cut_fill(struct cut *cut, uint32_t units, enum rule rule, uint64_t value);
/* Give units [from, to) a rule of their own. */
bool cut_set(struct cut *cut, uint32_t from, uint32_t to, enum rule rule);
bool cut_choose(struct cut *cut, uint32_t unit, const struct choice *choice);
bool cut_copy(struct cut *to, const struct cut *from);
void cut_fini(struct cut *cut);

/*
 * The choice of unit number `index`. `span` is a hint for the next call, 0 at first: it makes
 * going through all units fast.
 */
struct choice cut_choice(
	const struct cut *cut, const struct unit *unit, uint32_t index, uint32_t *span);

/* The seed of the next RULE_DRAWN after one with this seed. */
uint64_t cut_next_seed(const struct cut *cut, uint64_t seed);

#endif
