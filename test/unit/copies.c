/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * copies.c - every engine copies and fills exactly the bytes that memmove(3) and memset(3) would
 *
 * An engine is a set of functions that copy, fill and flush with certain instructions (cpu/cpu.h).
 */
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "cpu/arch.h"
#include "libpmem2/base.h"
#include "random.h"
#include "tap.h"
#include "unit/features.h"
#include "unit/movdir64b.h"
#include "unit/stepover.h"

typedef void *move_fn(void *dest, const void *src, size_t len, unsigned flags);
typedef void *set_fn(void *dest, int c, size_t len, unsigned flags);

#define ARENA  (128 * 1024)
#define ZONE   128   /* number of bytes on each side of a range; these bytes must stay unchanged */
#define SHORT  320   /* every length up to this one is tested */
#define APART  21000 /* distance of ranges that do not overlap: more than the longest copy */
#define MIDDLE (ARENA / 2)

/*
 * `live` lies between two inaccessible pages and is passed to the engines; `want` is what it
 * should contain afterwards, `fresh` what it contains before.
 */
struct arena {
	char *live, *want, *fresh;
};

static struct arena here, there;

/*
 * Arguments of one call. Addresses are offsets into an arena, for its copy `live` as well as for
 * `want`.
 */
struct shot {
	size_t dest, src, len;
	int c;
	unsigned flags;
};

/* A fixed seed, so that failures can be repeated. */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static size_t random_below(size_t limit)
{
	return (size_t)(random_next(&random_state) >> 16) % limit;
}

static struct arena arena_new(void)
{
	const size_t guard = 64 * 1024; /* a multiple of any page size in use */
	struct arena arena = {.want = malloc(ARENA), .fresh = malloc(ARENA)};
	char *map = mmap(NULL, ARENA + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!arena.want || !arena.fresh || map == MAP_FAILED ||
		mprotect(map + guard, ARENA, PROT_READ | PROT_WRITE))
		bail("no memory between two guard pages: %s", strerror(errno));
	arena.live = map + guard;
	for (size_t i = 0; i < ARENA; i++)
		arena.live[i] = arena.want[i] = arena.fresh[i] = (char)random_below(256);
	return arena;
}

/*
 * Offset of the first of the ZONE bytes in front of the range that begins at offset `at`; 0 if the
 * arena has fewer bytes in front of the range.
 */
static size_t zone_start(size_t at)
{
	return at < ZONE ? 0 : at - ZONE;
}

static size_t zone_size(size_t at, size_t len)
{
	size_t end = at + len + ZONE;

	return (end > ARENA ? ARENA : end) - zone_start(at);
}

static void arena_renew(struct arena *arena, size_t at, size_t len)
{
	size_t start = zone_start(at), size = zone_size(at, len);

	memcpy(arena->live + start, arena->fresh + start, size);
	memcpy(arena->want + start, arena->fresh + start, size);
}

static bool arena_as_wanted(const struct arena *arena, size_t at, size_t len)
{
	size_t start = zone_start(at);

	return !memcmp(arena->live + start, arena->want + start, zone_size(at, len));
}

static bool move_is_right(
	move_fn *move, struct arena *to, struct arena *from, const struct shot *shot)
{
	void *dest = to->live + shot->dest;
	bool returned;

	arena_renew(to, shot->dest, shot->len);
	arena_renew(from, shot->src, shot->len);
	memmove(to->want + shot->dest, from->want + shot->src, shot->len);
	returned = move(dest, from->live + shot->src, shot->len, shot->flags) == dest;
	return returned && arena_as_wanted(to, shot->dest, shot->len) &&
	       arena_as_wanted(from, shot->src, shot->len);
}

static bool set_is_right(set_fn *set, struct arena *to, const struct shot *shot)
{
	void *dest = to->live + shot->dest;
	bool returned;

	arena_renew(to, shot->dest, shot->len);
	memset(to->want + shot->dest, shot->c, shot->len);
	returned = set(dest, shot->c, shot->len, shot->flags) == dest;
	return returned && arena_as_wanted(to, shot->dest, shot->len);
}

/*
 * Gives random values to all settings in `cpu` that the engines (copy functions) read, except the
 * cache line size.
 */
static void random_settings(void)
{
	static const size_t thresholds[] = {0, 256, SIZE_MAX};

	cpu.tuning = cpu_tunings()[random_below(tuning_count())];
	if (random_below(2))
		cpu.tuning.stream_groups_above = cpu.tuning.fetches_ahead_above =
			cpu.tuning.exact_ends_above = 0;
	cpu.stream_threshold = thresholds[random_below(3)];
	cpu.stream_threshold_nodrain = thresholds[random_below(3)];
	cpu.fence_while_streaming = random_below(2);
}

/* Counts the calls of one function of one engine, which together are one test point. */
struct tally {
	const char *engine, *function;
	unsigned calls, failures;
};

static void tally_add(struct tally *tally, const struct shot *shot, bool right)
{
	tally->calls++;
	if (!right && !tally->failures++)
		diag("first wrong call: dest at %zu, src at %zu, len %zu, c %d, flags %#x, streaming from %zu, without a drain from %zu%s",
			shot->dest, shot->src, shot->len, shot->c, shot->flags,
			cpu.stream_threshold, cpu.stream_threshold_nodrain,
			cpu.fence_while_streaming ? " with fences" : "");
}

static void tally_tell(const struct tally *tally, const char *as)
{
	is_int(tally->failures, 0, "engine %s: all of %u calls of %s %s", tally->engine,
		tally->calls, tally->function, as);
}

/*
 * Copies of the longest of these lengths consist of several chunks if they flush cache lines, and
 * have several fences if they bypass the caches.
 */
static const size_t long_lengths[] = {500, 768, 1000, 4095, 4096, 4097, 8191, 8192, 8193, 20000};

#define LONG_LENGTHS (sizeof(long_lengths) / sizeof(long_lengths[0]))

/*
 * Offset of the source from the destination, in bytes: ranges that overlap, are less than a cache
 * line apart, some lines apart, or far apart.
 */
static const long distances[] = {0, 1, -1, 7, -7, 8, -8, 16, -16, 63, -63, 64, -64, 65, -65, 100,
	-100, 256, -256, 4096, -4096, 4100, -4100, APART, -APART};

#define DISTANCES (sizeof(distances) / sizeof(distances[0]))

static void move_at_distances(struct tally *tally, move_fn *move, size_t len, int rounds)
{
	for (size_t i = 0; i < DISTANCES * (size_t)rounds; i++) {
		long distance = distances[i % DISTANCES];
		struct shot shot = {.len = len, .dest = MIDDLE + random_below(64)};

		shot.src = shot.dest + (size_t)distance;
		/* Ranges that do not overlap are aligned independently of each other. */
		if (distance == APART || distance == -APART)
			shot.src += random_below(64);
		shot.flags = (unsigned)random_below(PMEM2_F_MEM_VALID_FLAGS + 1);
		random_settings();
		tally_add(tally, &shot, move_is_right(move, &here, &here, &shot));
	}
}

static void test_move(const char *engine, const char *function, move_fn *move)
{
	struct tally tally = {engine, function, 0, 0};

	for (size_t len = 0; len <= SHORT; len++)
		move_at_distances(&tally, move, len, 5);
	for (size_t i = 0; i < LONG_LENGTHS; i++)
		move_at_distances(&tally, move, long_lengths[i], 4);
	tally_tell(&tally, "copy like memmove");
}

static void set_somewhere(struct tally *tally, set_fn *set, size_t len, int rounds)
{
	static const int values[] = {0, 1, 'h', 127, 128, 255, 256, 0x1234567, -1, -128, INT32_MIN};

	while (rounds--) {
		struct shot shot = {.len = len, .dest = MIDDLE + random_below(64)};

		shot.c = values[random_below(sizeof(values) / sizeof(values[0]))];
		shot.flags = (unsigned)random_below(PMEM2_F_MEM_VALID_FLAGS + 1);
		random_settings();
		tally_add(tally, &shot, set_is_right(set, &here, &shot));
	}
}

static void test_set(const char *engine, const char *function, set_fn *set)
{
	struct tally tally = {engine, function, 0, 0};

	for (size_t len = 0; len <= SHORT; len++)
		set_somewhere(&tally, set, len, 40);
	for (size_t i = 0; i < LONG_LENGTHS; i++)
		set_somewhere(&tally, set, long_lengths[i], 40);
	tally_tell(&tally, "fill like memset");
}

/*
 * Calls at the very ends of an arena, next to its inaccessible guard pages: reading or writing one
 * byte too far ends the program. Each arena has its own guard pages, so that source and destination
 * can both end (or begin) at a guard page.
 */
static void move_and_set_at_guards(
	struct tally *tally, move_fn *move, set_fn *set, size_t len, unsigned flags)
{
	struct shot starts = {.len = len, .c = 'g', .flags = flags};
	struct shot ends = starts, crossed = starts;

	ends.dest = ends.src = crossed.dest = ARENA - len;
	random_settings();
	tally_add(tally, &starts, move_is_right(move, &here, &there, &starts));
	tally_add(tally, &ends, move_is_right(move, &here, &there, &ends));
	tally_add(tally, &crossed, move_is_right(move, &here, &there, &crossed));
	tally_add(tally, &starts, set_is_right(set, &here, &starts));
	tally_add(tally, &ends, set_is_right(set, &here, &ends));
}

static void test_guards(const char *engine, const char *function, move_fn *move, set_fn *set)
{
	static const unsigned flags[] = {
		0, PMEM2_F_MEM_NONTEMPORAL, PMEM2_F_MEM_TEMPORAL, PMEM2_F_MEM_NOFLUSH};
	struct tally tally = {engine, function, 0, 0};

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		for (size_t len = 0; len <= SHORT; len++)
			move_and_set_at_guards(&tally, move, set, len, flags[i]);
		for (size_t k = 0; k < LONG_LENGTHS; k++)
			move_and_set_at_guards(&tally, move, set, long_lengths[k], flags[i]);
	}
	tally_tell(&tally, "work next to an inaccessible page");
}

static void test_engine(const struct cpu_engine *engine, uint32_t features)
{
	const char *name = engine->name;

	diag("%s", name); /* names the engine in the log before it can crash */
	test_move(name, "move_line", engine->move_line);
	test_set(name, "set_line", engine->set_line);
	test_guards(name, "move_line, set_line", engine->move_line, engine->set_line);
	if (tested_before(engine, features, move_byte))
		return;
	test_move(name, "move_byte", engine->move_byte);
	test_set(name, "set_byte", engine->set_byte);
	test_guards(name, "move_byte, set_byte", engine->move_byte, engine->set_byte);
}

int main(void)
{
	uint32_t features;

	here = arena_new();
	there = arena_new();
	arch_detect(&cpu);
	features = cpu.features;
	if (!(features & feature_bit("movdir64b")))
		movdir64b_emulate();
	stepover_start();
	for (const struct cpu_engine *engine = cpu_engines(); engine->name; engine++)
		if (engine_runs(engine, features)) {
			test_engine(engine, features);
			if (engine->needs & ~features & ~feature_bit("movdir64b"))
				skip(engine->name,
					"this CPU lacks its flush instructions: the test skips over them");
		}
	return tap_done();
}
