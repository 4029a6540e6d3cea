/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * epoch-ranges.c - compares a set of address ranges, each with the latest failure known in it, with
 * a model
 *
 * A failure of a write-back is known by its epoch, a number that grows (map/epoch_ranges.h). The
 * model is an array with an entry for each address.
 */
#include "map/epoch_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

#define ADDRESSES 64
#define STEPS     20000

static const struct file_id file = {8, 12}, other = {8, 13};

/* The model: file and epoch of the latest failure known at each address; epoch 0: none is known. */
static struct {
	bool is_other;
	uint64_t epoch;
} known[ADDRESSES];

static struct range random_range(unsigned *seed)
{
	uintptr_t from = (unsigned)rand_r(seed) % ADDRESSES;

	return (struct range){from, from + 1 + (unsigned)rand_r(seed) % (ADDRESSES - from)};
}

static bool expected(bool is_other, struct range range, uint64_t epoch)
{
	for (uintptr_t at = range.from; at < range.to; at++)
		if (known[at].is_other != is_other || known[at].epoch < epoch)
			return false;
	return true;
}

static bool is_sorted(const struct epoch_ranges *set)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (set->list[i].range.from >= set->list[i].range.to)
			return false;
		if (i && set->list[i - 1].range.to > set->list[i].range.from)
			return false;
	}
	return true;
}

/* Uses 64 addresses only. So few ranges fit into them that the set never has to forget a range. */
static void random_steps(void)
{
	static struct epoch_ranges set;
	unsigned seed = 1, wrong = 0, unsorted = 0;

	memset(known, 0, sizeof(known));
	for (unsigned i = 0; i < STEPS; i++) {
		struct range range = random_range(&seed);
		bool is_other = rand_r(&seed) % 4 == 0;
		if (rand_r(&seed) % 3 == 0) {
			epoch_ranges_add(&set, is_other ? other : file, range, i + 1);
			for (uintptr_t at = range.from; at < range.to; at++) {
				known[at].is_other = is_other;
				known[at].epoch = i + 1;
			}
		} else if (rand_r(&seed) % 8 == 0) {
			epoch_ranges_remove(&set, range);
			for (uintptr_t at = range.from; at < range.to; at++)
				known[at].epoch = 0;
		}
		uint64_t epoch = i > 20 ? i - (unsigned)rand_r(&seed) % 20 : 1;
		range = random_range(&seed);
		wrong += epoch_ranges_cover(&set, is_other ? other : file, range, epoch) !=
			 expected(is_other, range, epoch);
		unsorted += !is_sorted(&set);
	}
	is_int(wrong, 0,
		"epoch_ranges: after each of %d random steps, the answers are those of a plain array",
		STEPS);
	is_int(unsorted, 0, "epoch_ranges: the ranges stay sorted and never overlap");
}

static void joining(void)
{
	static struct epoch_ranges set;

	for (uintptr_t at = 0; at < 1000; at++)
		epoch_ranges_add(&set, file, (struct range){at, at + 1}, 7);
	is_int(set.count, 1,
		"epoch_ranges: adjacent ranges with the same epoch (number of a failure) become one range");
	ok(epoch_ranges_cover(&set, file, (struct range){0, 1000}, 7),
		"epoch_ranges: a range joined from adjacent ranges is found from its first to its last address");
	ok(!epoch_ranges_cover(&set, file, (struct range){0, 1000}, 8),
		"epoch_ranges: a range that was added with epoch (number of a failure) 7 is not found in a search for epoch 8");
	ok(!epoch_ranges_cover(&set, other, (struct range){0, 1000}, 7),
		"epoch_ranges: a range that was added for one file is not found if another file is searched at its addresses");
}

static void bounded(void)
{
	static struct epoch_ranges set;
	unsigned ranges = 3 * EPOCH_RANGES_MAX;

	for (unsigned i = 0; i < ranges; i++)
		epoch_ranges_add(&set, file, (struct range){10 * i, 10 * i + 5}, i + 1);
	ok(set.count <= EPOCH_RANGES_MAX, "epoch_ranges: a full set does not grow");
	ok(!epoch_ranges_cover(&set, file, (struct range){0, 5}, 1),
		"epoch_ranges: a full set forgets the range whose latest failure is the oldest");
	ok(epoch_ranges_cover(
		   &set, file, (struct range){10 * (ranges - 1), 10 * (ranges - 1) + 5}, ranges),
		"epoch_ranges: a full set keeps the range that was added last");
	epoch_ranges_clear(&set);
	is_int(set.count, 0, "epoch_ranges: a cleared set is empty");
}

int main(void)
{
	random_steps();
	joining();
	bounded();
	return tap_done();
}
