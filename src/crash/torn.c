/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * torn.c - rule R10: decide if a cut is possible on storage that writes only whole lines or pages
 *
 * Even if units are words or sectors, the groups of elements are counted for the whole line or
 * page.
 */
#include <stdlib.h>

#include "crash/cut.h"

/* The newest store to a line or page that survives the crash. */
struct newest {
	uint64_t rank;
	uint32_t group;
};

struct tearing {
	const struct history *history;
	struct table wholes; /* key: number of the line or page; value: struct newest */
	bool failed;
};

/*
 * Returns the index of the event until which the store would be held back if pages were not torn; 0
 * if the store would not be held back.
 */
static uint64_t held_until(const struct tearing *tearing, const struct element *element)
{
	const struct unseen *whole = tearing->history->whole;

	return whole ? unseen_holds(whole, element->at, element->place / EVENT_PAGE) : 0;
}

static struct newest *newest_of(struct tearing *tearing, const struct element *element)
{
	unsigned whole = model_whole(tearing->history->model);
	uint64_t *found = table_add(&tearing->wholes, element->place / whole + 1);

	if (found && !*found)
		*found = (uint64_t)(uintptr_t)calloc(1, sizeof(struct newest));
	tearing->failed |= !found || !*found;
	return found ? (struct newest *)(uintptr_t)*found : NULL;
}

static bool note_newest(struct tearing *tearing, const struct element *element, bool is_there)
{
	struct newest *newest = newest_of(tearing, element);
	uint64_t until = held_until(tearing, element), rank = until ? until : element->at;

	if (is_there && newest && newest->rank < rank + 1)
		*newest = (struct newest){rank + 1, element->group};
	return false;
}

/* Does another store survive that came later than this one, or belongs to the same group? */
static bool is_overtaken(struct tearing *tearing, const struct element *element, bool is_there)
{
	const struct newest *newest = newest_of(tearing, element);
	uint64_t until = held_until(tearing, element), rank = until ? until : element->at;
	bool is_one = until || element->flags & ELEMENT_WHOLE;

	if (is_there || !newest || !newest->rank)
		return false;
	if (is_one)
		return rank < newest->rank;
	return rank + 1 < newest->rank && element->group != newest->group;
}

typedef bool each_element(struct tearing *, const struct element *, bool is_there);

/*
 * Calls `each` for all elements that are neither streaming nor durable nor held back, until a call
 * returns true.
 */
static bool each_choosing(struct tearing *tearing, const struct cut *cut, each_element *each)
{
	unsigned on_their_own = ELEMENT_STREAM | ELEMENT_DURABLE | ELEMENT_HELD;
	uint32_t span = 0;

	for (uint32_t i = 0; i < tearing->history->count; i++) {
		struct unit unit = history_pending(tearing->history, i);
		struct choice choice = cut_choice(cut, &unit, i, &span);
		for (uint32_t e = 0; e < unit.count; e++) {
			struct element element = unit_element(&unit, e);
			if (!(element.flags & on_their_own) &&
				each(tearing, &element, choice_has(&choice, element.flags, e, 0)))
				return true;
		}
	}
	return false;
}

bool history_tears(const struct history *history, const struct cut *cut)
{
	struct tearing tearing = {.history = history};

	if (!history->is_torn)
		return false;
	each_choosing(&tearing, cut, note_newest);
	bool tears = !tearing.failed && each_choosing(&tearing, cut, is_overtaken);
	for (size_t i = 0; i < tearing.wholes.size; i++)
		if (tearing.wholes.cells[i].key)
			free((void *)(uintptr_t)tearing.wholes.cells[i].value);
	table_fini(&tearing.wholes);
	return tears;
}
