/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * step.c - watch each instruction of every engine: no 8-byte word is torn, each line is flushed
 * once, and a fence follows
 *
 * The state that a crash in the middle of a copy would leave behind cannot be seen in the finished
 * copy. So the test runs the shipped machine code and looks at the memory after each instruction
 * (stepped.h, oracle.h). An engine is one implementation of copy, fill, flush and drain.
 */
#include "cpu/arch.h"
#include "tap.h"
#include "unit/features.h"
#include "unit/ranges.h"

#ifdef __x86_64__
#include "unit/wrong.h"
#include "unit/x86_samples.h"

/* Index in cpu_tunings() of the tuning for the next trial. */
static size_t tuning_in_use;

/* Make only one in `share` trials, chosen at random. Set by $STEP_ONE_IN; 1 by default. */
static unsigned share = 1;

/* Results of all trials of one engine's function. */
struct tally {
	const char *engine, *function;
	unsigned one_in; /* try only one in `one_in` ranges of whole words, chosen at random */
	unsigned trials, faults;
	unsigned rows; /* a bit for each CPU tuning of cpu_tunings() that was tried */
};

#define RANDOM_OF(array) ((array)[random_below(COUNT(array))])

static void try(struct tally *tally, const struct subject *subject, const struct trial *trial)
{
	static const char *const shapes[] = {"apart", "from above", "from below", "set"};
	unsigned faults = faults_of(subject, trial);

	tally->trials++;
	tally->rows |= 1u << tuning_in_use;
	if (faults & ~tally->faults)
		diag("%s: %s, offset %zu, distance %zu, len %zu, flags %#x, tuning %s, lines of %zu, streaming from %zu, without a drain from %zu%s",
			oracle_names(faults), shapes[trial->shape], trial->offset, trial->distance,
			trial->len, trial->flags, cpu.tuning.name, cpu.line_size,
			cpu.stream_threshold, cpu.stream_threshold_nodrain,
			cpu.fence_while_streaming ? " with fences" : "");
	tally->faults |= faults;
}

/* Reports the test points for all trials of a function. */
static void tell(const struct tally *tally)
{
	ok(!(tally->faults & TORN), "%s %s: no 8-byte word is torn in %u calls", tally->engine,
		tally->function, tally->trials);
	is_str(oracle_names(tally->faults & ~TORN), "",
		"%s %s: stores, flushes and fences are as the flags of the call require",
		tally->engine, tally->function);
	is_int(tally->rows, (1u << tuning_count()) - 1,
		"%s %s: was tried with every CPU tuning that cpu_tunings() lists", tally->engine,
		tally->function);
}

static void random_settings(const struct cpu_engine *engine)
{
	static const size_t thresholds[] = {0, 256, SIZE_MAX};
	static const size_t line_sizes[] = {32, 64, 128, 256};

	cpu.stream_threshold = RANDOM_OF(thresholds);
	cpu.stream_threshold_nodrain = RANDOM_OF(thresholds);
	cpu.fence_while_streaming = random_below(2);
	tuning_in_use = random_below(tuning_count());
	cpu.tuning = cpu_tunings()[tuning_in_use];
	if (random_below(2))
		cpu.tuning.exact_ends_above = 0;
	cpu.line_size = engine->line_size ? engine->line_size : RANDOM_OF(line_sizes);
}

static size_t random_distance(enum shape shape)
{
	static const size_t overlapping[] = {1, 7, 8, 13, 16, 24, 32, 63, 64, 65, 72, 100, 128};

	return shape == ABOVE || shape == BELOW ? RANDOM_OF(overlapping) : random_below(64);
}

/*
 * Tries ranges of whole words at every place in a cache line and in every shape (trial.h). Of the
 * long ranges, only some are tried, chosen at random.
 */
static void try_words(struct tally *tally, const struct subject *subject)
{
	static const size_t lengths[] = {8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 96, 120, 128, 136,
		192, 200, 256, 264, 320, 392, 512, 832};
	static const unsigned flags[] = {
		0, 0, NONTEMPORAL, NONTEMPORAL, TEMPORAL, NOFLUSH, NODRAIN, NODRAIN | NONTEMPORAL};

	for (size_t i = 0; i < COUNT(lengths); i++)
		for (unsigned place = 0; place < 8 * SHAPES; place++) {
			struct trial trial = {.shape = place / 8,
				.offset = place % 8 * 8,
				.len = lengths[i],
				.flags = RANDOM_OF(flags),
				.c = 'w'};

			if (random_below(tally->one_in * share) ||
				(trial.len > 136 && random_below(6)))
				continue;
			trial.distance = random_distance(trial.shape);
			random_settings(subject->engine);
			try(tally, subject, &trial);
		}
}

/*
 * Tries ranges of random place, length and flags, to test which cache lines are flushed. Some
 * ranges are so long that several fences are needed between their streaming stores.
 */
static void try_bytes(struct tally *tally, const struct subject *subject)
{
	for (unsigned i = 0; i < 64; i += share) {
		struct trial trial = {.shape = i % SHAPES, .offset = random_below(64), .c = -3};

		trial.len = random_below(200);
		trial.flags = (unsigned)random_below(PMEM2_F_MEM_VALID_FLAGS + 1);
		trial.distance = random_distance(trial.shape);
		random_settings(subject->engine);
		if (i % 9 == 0) {
			trial.len += 1500;
			trial.flags = NONTEMPORAL | (trial.flags & NODRAIN);
			cpu.fence_while_streaming = true;
		}
		try(tally, subject, &trial);
	}
}

/*
 * Tries copies longer than a page, which are flushed in several chunks. Some ends are aligned,
 * others are not.
 */
static void try_chunks(struct tally *tally, const struct subject *subject)
{
	static const size_t lengths[] = {4096, 4104, 8200, 10000};
	static const unsigned flags[] = {0, WB, TEMPORAL, TEMPORAL | NODRAIN};

	for (enum shape shape = 0; shape < SHAPES; shape++) {
		struct trial trial = {.shape = shape,
			.offset = random_below(8) * 8,
			.len = RANDOM_OF(lengths),
			.flags = RANDOM_OF(flags),
			.c = 0x1c3};

		if (random_below(share))
			continue;
		trial.distance = random_distance(trial.shape);
		random_settings(subject->engine);
		try(tally, subject, &trial);
	}
}

static void test_copies(const struct cpu_engine *engine, bool line, unsigned one_in)
{
	struct subject subject = {engine, line};
	struct tally tally = {engine->name, line ? "on lines" : "on bytes", one_in, 0, 0, 0};
	struct cpu as_found = cpu;

	try_words(&tally, &subject);
	try_bytes(&tally, &subject);
	if (line)
		try_chunks(&tally, &subject);
	tell(&tally);
	cpu = as_found;
}

static void test_wrong(void)
{
	static const struct {
		const char *what;
		void *(*move)(void *dest, const void *src, size_t len, unsigned flags);
		unsigned flags, faults;
	} rows[] = {
		{"no fault in a correct copy", copy_rightly, 0, 0},
		{"words stored in halves", copy_a_word_in_halves, 0, TORN},
		{"a lost word", copy_all_but_a_word, 0, WRONG_BYTES},
		{"a missing flush", copy_without_last_flush, 0, UNFLUSHED},
		{"a line flushed twice", copy_and_flush_a_line_twice, 0, FLUSHED_TWICE},
		{"a flush of the line behind the range", copy_and_flush_the_next_line, 0,
			FLUSHED_OUTSIDE},
		{"a store after the flush of its line", copy_and_store_after_flush, 0, UNFLUSHED},
		{"a missing fence", copy_without_fence, 0, UNFENCED},
		{"a second fence", copy_and_fence_twice, 0, FENCED_TWICE},
		{"a fence before the flush", copy_and_fence_before_flush, 0, UNFENCED},
		{"a fence in spite of NODRAIN", copy_rightly, NODRAIN, FENCED_UNASKED},
		{"flushes in spite of NOFLUSH", copy_rightly, NOFLUSH,
			FLUSHED_UNASKED | FENCED_UNASKED},
		{"streaming in spite of TEMPORAL", copy_around_caches, TEMPORAL, STREAMED_UNASKED},
		{"a flush of streamed lines", copy_around_caches_and_flush, TEMPORAL,
			FLUSHED_CLEAN | STREAMED_UNASKED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cpu_engine engine = {
			.name = "clflush-words", .flushes = true, .move_line = rows[i].move};
		struct trial trial = {.shape = APART, .offset = 8, .len = 200, .distance = 3};

		trial.flags = rows[i].flags;
		is_str(oracle_names(faults_of(&(struct subject){&engine, true}, &trial)),
			oracle_names(rows[i].faults), "oracle (the judge of copies): detects %s",
			rows[i].what);
	}
}

/*
 * Tests three faults of a copy that depend on the engine, whose name the oracle (the judge of
 * copies) gets: a wrong flush instruction, no streaming stores, and too many streaming stores.
 */
static void test_wrong_engines(void)
{
	struct cpu_engine engine = {
		.name = "clwb-words", .flushes = true, .move_line = copy_rightly};
	struct trial trial = {.shape = APART, .offset = 8, .len = 1600};
	struct subject subject = {&engine, true};
	struct cpu as_found = cpu;

	is_str(oracle_names(faults_of(&subject, &trial)), "flushed strangely",
		"oracle (the judge of copies): detects a copy that uses another flush instruction than its engine's name says");
	engine.name = "clflush-sse2";
	trial.flags = NONTEMPORAL;
	is_str(oracle_names(faults_of(&subject, &trial)), "not streamed",
		"oracle (the judge of copies): detects a copy that should use streaming stores and does not");
	engine.move_line = copy_around_caches;
	cpu.fence_while_streaming = true;
	is_str(oracle_names(faults_of(&subject, &trial)), "streamed too long",
		"oracle (the judge of copies): detects a copy with too many streaming stores before a fence");
	cpu = as_found;
}

static void test_engine(const struct cpu_engine *engine, uint32_t features)
{
	bool copy_is_known = tested_before(engine, features, move_byte);

	diag("%s", engine->name); /* in case it crashes */
	/*
	 * Test a copy less often if the same code was already tested with another flush
	 * instruction.
	 */
	test_copies(engine, true, copy_is_known ? 4 : 1);
	if (!copy_is_known)
		test_copies(engine, false, 2);
	if (!tested_before(engine, features, flush))
		test_flush(engine);
	test_drain(engine);
}

int main(void)
{
	const char *one_in = getenv("STEP_ONE_IN");

	if (one_in && atoi(one_in) > 0)
		share = (unsigned)atoi(one_in);
	arch_detect(&cpu);
	ranges_start();
	test_decoder();
	test_wrong();
	test_wrong_engines();
	for (const struct cpu_engine *engine = cpu_engines(); engine->name; engine++)
		if (engine_runs(engine, cpu.features))
			test_engine(engine, cpu.features);
	ranges_end();
	return tap_done();
}

#elif STEPOVER
int main(void)
{
	struct cpu found;

	ranges_start();
	arch_detect(&cpu);
	found = cpu;
	for (const struct cpu_engine *engine = cpu_engines(); engine->name; engine++) {
		if (!engine->flushes)
			continue;
		/* The drain for POWER chooses its fence by cpu.features. */
		cpu.features = engine->needs;
		test_flush(engine);
		test_drain(engine);
		cpu = found;
	}
	ranges_end();
	return tap_done();
}

#else
int main(void)
{
	skip_all("this CPU has no flush instruction for user mode");
}
#endif
