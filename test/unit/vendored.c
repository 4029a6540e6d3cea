/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vendored.c - holdfast_flush.h, a header for other projects' source trees, chooses the same flush
 * instruction as the libraries, flushes each line once, and fences
 */
#include <holdfast_flush.h>

#include "cpu/arch.h"
#include "tap.h"
#include "unit/features.h"
#include "unit/ranges.h"

/*
 * The line size that holdfast_flush.h knows when main() begins, before any function of the header
 * was called.
 */
static size_t line_size_at_first;

static uint32_t all_features(void)
{
	uint32_t all = 0;

	for (int bit = 0; arch_feature_names[bit]; bit++)
		all |= 1u << bit;
	return all;
}

static void test_found(void)
{
	struct cpu found = {.line_size = 64};

	arch_detect(&found);
	/* Choose the engine that cpu_init() would choose. */
	uint32_t usable = cpu_tuning_leaves(&found.tuning, found.features);
	const struct cpu_engine *chosen = cpu_engine_for(usable, found.line_size);
	is_int(line_size_at_first, found.line_size,
		"holdfast_flush.h: the size of cache lines is known before main() begins");
	is_int(holdfast_line_size(), found.line_size,
		"holdfast_line_size: returns the size that the CPU reports");
	is_str(holdfast_flush_instruction(), chosen->instruction,
		"holdfast_flush_instruction: returns the instruction that the libraries use");
	is_int(holdfast_can_flush(), chosen->flushes,
		"holdfast_can_flush: returns true if the CPU has a flush instruction, otherwise false");
	hff_cpu.line_size = 0;
	hff_cpu.features = ~hff_cpu.features;
	is_int(holdfast_line_size(), found.line_size,
		"holdfast_line_size: detects the line size itself when called before the header's constructor");
	is_str(holdfast_flush_instruction(), chosen->instruction,
		"holdfast_flush_instruction: detects the instruction itself when called before the header's constructor");
}

/*
 * Compares the flush instructions that header and libraries choose, for all sets of CPU features.
 * Both use the same feature bits.
 */
static void test_choice(void)
{
	uint32_t all = all_features(), wrong = 0, found = hff_cpu.features;

	for (uint32_t features = 0; features <= all; features++) {
		const struct cpu_engine *engine = cpu_engine_for(features, USUAL_LINE_HERE);

		hff_cpu.features = features;
		if (strcmp(holdfast_flush_instruction(), engine->instruction) ||
			holdfast_can_flush() != engine->flushes) {
			diag("%s, not %s, for%s", holdfast_flush_instruction(), engine->instruction,
				feature_names(features));
			wrong++;
		}
	}
	hff_cpu.features = found;
	is_int(wrong, 0,
		"holdfast_flush.h: uses the libraries' flush instruction for each of %u sets of CPU features",
		all + 1);
}

#if defined(__x86_64__) || STEPOVER
/* Copies the settings that a test has made for the libraries' engines to the header's variables. */
static void set_up(void)
{
	hff_cpu.features = cpu.features;
	hff_cpu.line_size = cpu.line_size;
}

static void flush(const void *addr, size_t len)
{
	set_up();
	holdfast_flush(addr, len);
}

static void drain(void)
{
	set_up();
	holdfast_drain();
}

static void persist(const void *addr, size_t len)
{
	set_up();
	holdfast_persist(addr, len);
}

/*
 * Tests the header's flush on a simulated CPU whose best flush instruction is that of the engine
 * `like`.
 */
static void test_flush_like(const struct cpu_engine *like)
{
	char name[64];
	struct cpu_engine engine = {.name = name,
		.instruction = like->instruction,
		.flushes = true,
		.flush = flush,
		.drain = drain,
		.persist = persist,
		.persist_fetching = persist};
	struct cpu found = cpu;

	snprintf(name, sizeof(name), "%.*s-vendored", (int)strcspn(like->name, "-"), like->name);
	cpu.features = like->needs;
	test_flush(&engine);
	test_drain(&engine);
	cpu = found;
}

static void test_instructions(void)
{
	arch_detect(&cpu);
	ranges_start();
	for (const struct cpu_engine *engine = cpu_engines(); engine->name; engine++) {
		bool again = engine != cpu_engines() && engine[-1].flush == engine->flush;

		if (engine->flushes && !again && engine_runs(engine, cpu.features))
			test_flush_like(engine);
	}
	ranges_end();
}
#else
static void test_instructions(void)
{
	skip("holdfast_flush.h: flushes each cache line of a range once",
		"this CPU has no flush for user mode");
}
#endif

int main(void)
{
	line_size_at_first = hff_cpu.line_size;
	test_found();
	test_choice();
	test_instructions();
	return tap_done();
}
