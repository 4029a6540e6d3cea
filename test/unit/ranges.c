/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ranges.c - test sets of address ranges: how ranges are joined, found and removed, compared with a
 * plain list
 *
 * Ranges at most GAP bytes apart are joined to one.
 */
#include "map/ranges.h"

#include "tap.h"

#define GAP RANGES_GAP

static struct ranges set;

static bool add(uintptr_t from, uintptr_t to)
{
	return ranges_add(&set, (struct range){from, to}, 0);
}

static bool is(unsigned index, uintptr_t from, uintptr_t to)
{
	bool same = index < set.count && set.at[index].from == from && set.at[index].to == to;

	if (!same)
		for (unsigned i = 0; i < set.count; i++)
			diag("%u: %#zx to %#zx", i, (size_t)set.at[i].from, (size_t)set.at[i].to);
	return same;
}

static void joining(void)
{
	const uintptr_t at = 1 << 30;

	set.count = 0;
	ok(add(at, at + 10) && is(0, at, at + 10),
		"ranges_add: the first range is stored unchanged");
	ok(add(at + 10 + GAP, at + 20 + GAP) && set.count == 1 && is(0, at, at + 20 + GAP),
		"ranges_add: a range GAP bytes behind another is joined with it");
	ok(add(at - GAP - 10, at - GAP) && set.count == 1 && is(0, at - GAP - 10, at + 20 + GAP),
		"ranges_add: a range GAP bytes before another is joined with it");

	set.count = 0;
	ok(add(at, at + 10) && add(at + 11 + GAP, at + 20 + GAP) && set.count == 2,
		"ranges_add: a range GAP + 1 bytes behind another is not joined");
	ok(add(at - GAP - 10, at - GAP - 1) && set.count == 3,
		"ranges_add: a range GAP + 1 bytes before another is not joined");
	ok(is(0, at - GAP - 10, at - GAP - 1) && is(1, at, at + 10) &&
			is(2, at + 11 + GAP, at + 20 + GAP),
		"ranges_add: ranges are sorted by address");
	ok(add(at + 2, at + 3) && set.count == 3,
		"ranges_add: a range within another changes nothing");
	ok(add(at + 10, at + 12) && set.count == 2 && is(1, at, at + 20 + GAP),
		"ranges_add: a range between two others joins them");
}

static void ends(void)
{
	set.count = 0;
	ok(add(1, 10) && add(0, 2) && set.count == 1 && is(0, 0, 10),
		"ranges_add: ranges at the beginning of the address space are joined");
	ok(add(UINTPTR_MAX - 10, UINTPTR_MAX) && add(UINTPTR_MAX - 20, UINTPTR_MAX - 15) &&
			set.count == 2 && is(1, UINTPTR_MAX - 20, UINTPTR_MAX),
		"ranges_add: ranges at the end of the address space are joined");
}

static void full(void)
{
	const uintptr_t step = GAP + 2;
	bool added = true;

	set.count = 0;
	for (uintptr_t i = 1; i <= RANGES_MAX; i++)
		added = added && add(2 * i * step, 2 * i * step + 1);
	ok(added && set.count == RANGES_MAX, "ranges_add: a set holds up to %d separate ranges",
		RANGES_MAX);
	struct ranges before = set;
	ok(!add(1, 2), "ranges_add: a full set refuses a range that cannot be joined");
	ok(!memcmp(&set, &before, sizeof(set)),
		"ranges_add: a full set is unchanged after it refused a range");
	ok(add(2 * step - 1, 2 * step) && is(0, 2 * step - 1, 2 * step + 1),
		"ranges_add: a full set accepts a range that is joined with another");
	ok(add(2 * step, 2 * RANGES_MAX * step) && set.count == 1,
		"ranges_add: a range that covers all others replaces them");
}

static void within(void)
{
	struct ranges_part part;

	set.count = 0;
	add(GAP * 2, GAP * 3);
	add(GAP * 5, GAP * 6);
	add(GAP * 8, GAP * 9);
	part = ranges_within(&set, (struct range){GAP * 3, GAP * 5});
	ok(part.first == part.end,
		"ranges_within: a range that only adjoins the given space is not found");
	part = ranges_within(&set, (struct range){GAP * 3 - 1, GAP * 5 + 1});
	ok(part.first == 0 && part.end == 2,
		"ranges_within: a range that overlaps the given space by a byte is found");
	part = ranges_within(&set, (struct range){0, UINTPTR_MAX});
	ok(part.first == 0 && part.end == 3,
		"ranges_within: finds all ranges in the whole address space");
	part = ranges_within(&set, (struct range){GAP * 9, UINTPTR_MAX});
	ok(part.first == 3 && part.end == 3,
		"ranges_within: finds nothing in the space behind the last range");
	ranges_remove(&set, (struct ranges_part){1, 2});
	ok(set.count == 2 && is(0, GAP * 2, GAP * 3) && is(1, GAP * 8, GAP * 9),
		"ranges_remove: ranges outside of the removed part are kept");
	ranges_remove(&set, (struct ranges_part){1, 1});
	is_int(set.count, 2, "ranges_remove: removing an empty part changes nothing");
	ranges_remove(&set, (struct ranges_part){0, 2});
	is_int(set.count, 0, "ranges_remove: all ranges are removed");
}

/*
 * A simple model of a set of ranges: an unsorted list. Ranges close to each other are joined, until
 * no more can be joined.
 */
static struct {
	struct range at[RANGES_MAX + 1];
	unsigned count;
} list;

static bool near(struct range a, struct range b)
{
	return a.from <= b.to + GAP && b.from <= a.to + GAP;
}

static void list_add(struct range new)
{
	for (unsigned i = 0; i < list.count;) {
		if (!near(list.at[i], new)) {
			i++;
			continue;
		}
		if (list.at[i].from < new.from)
			new.from = list.at[i].from;
		if (list.at[i].to > new.to)
			new.to = list.at[i].to;
		list.at[i] = list.at[--list.count];
		i = 0;
	}
	list.at[list.count++] = new;
}

static bool set_is_list(void)
{
	unsigned found = 0;

	for (unsigned i = 0; i < set.count; i++)
		for (unsigned j = 0; j < list.count; j++)
			found += !memcmp(&set.at[i], &list.at[j], sizeof(list.at[j]));
	return set.count == list.count && found == list.count;
}

static void against_a_list(void)
{
	unsigned wrong = 0, most = 0;

	srand(1);
	for (int round = 0; round < 400; round++) {
		set.count = list.count = 0;
		for (int i = 0; i < RANGES_MAX; i++) {
			uintptr_t from = GAP * 4 + (uintptr_t)rand() % (GAP * 300);
			uintptr_t to = from + 1 + (uintptr_t)rand() % GAP;
			wrong += !add(from, to);
			list_add((struct range){from, to});
			wrong += !set_is_list();
			most = set.count > most ? set.count : most;
		}
	}
	is_int(wrong, 0,
		"ranges_add: random sets of up to %u ranges agree with a model, a plain list",
		most);
}

int main(void)
{
	joining();
	ends();
	full();
	within();
	against_a_list();
	return tap_done();
}
