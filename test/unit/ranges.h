/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ranges.h - test that an engine flushes each line of a range once, and fences at the end
 *
 *	ranges_start();
 *	test_flush(engine);
 *	test_drain(engine);
 *	ranges_end();
 *
 * On x86-64 every instruction is observed by single-stepping (stepped.h). On other CPUs an
 * instruction can be observed only if the CPU lacks it, because it then raises SIGILL
 * (stepover.h).
 */
#ifndef TEST_UNIT_RANGES_H
#define TEST_UNIT_RANGES_H

#include <stdint.h>

#include "cpu/arch.h"
#include "random.h"
#include "tap.h"
#include "unit/stepover.h"

#ifdef __x86_64__
#include "unit/trial.h"
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A fixed seed, so that failures can be reproduced. */
static uint64_t random_state = 0x2545f4914f6cdd1d;

static size_t random_below(size_t limit)
{
	return (size_t)(random_next(&random_state) >> 16) % limit;
}

#ifdef __x86_64__
static void ranges_start(void)
{
	stepped = stepped_start(MEMORY);
}

static void ranges_end(void)
{
	stepped_end(&stepped);
	diag("%lu instructions", stepped.steps);
}

/*
 * Stores to a range, and flushes it. Exactly the cache lines of the range must be flushed. Returns
 * a description of the faults.
 */
static const char *faults_of_flush(
	const struct cpu_engine *engine, bool drain, size_t at, size_t len)
{
	char *dest = stepped.memory + DEST + at;
	struct oracle oracle = {.dest = dest,
		.len = len,
		.before = dest,
		.after = dest,
		.dirty = true,
		.line_size = cpu.line_size,
		.flush = flush_of(engine),
		.fenced = drain};

	cpu.engine = engine;
	*stepped.job = (struct job){
		.dest = dest, .len = len, .flush = drain ? cpu_persist() : engine->flush};
	stepped_run(&stepped, oracle_watch, &oracle);
	return oracle_names(oracle_judge(&oracle));
}

static void test_drain(const struct cpu_engine *engine)
{
	struct oracle oracle = {.dest = stepped.memory,
		.before = before,
		.after = after,
		.line_size = cpu.line_size,
		.fenced = true};

	*stepped.job = (struct job){.drain = engine->drain};
	stepped_run(&stepped, oracle_watch, &oracle);
	is_str(oracle_names(oracle_judge(&oracle)), "", "%s drain: executes one fence",
		engine->name);
}

/* True if flushes of the engine can be observed on this CPU; if not, reports a skipped test. */
static bool ranges_seen(const struct cpu_engine *engine)
{
	return true;
}
#elif STEPOVER
static char ranges_memory[8192] __attribute__((aligned(256)));

static void ranges_start(void)
{
	stepover_start();
}

static void ranges_end(void)
{
}

static void ranges_forget(void)
{
	stepover_seen.count = stepover_seen.fences = stepover_seen.flushes_before = 0;
}

static const char *faults_of_flush(
	const struct cpu_engine *engine, bool drain, size_t at, size_t len)
{
	uintptr_t addr = (uintptr_t)ranges_memory + at, size = cpu.line_size;
	uintptr_t first = addr / size * size;
	size_t lines = len ? (addr + len - 1) / size - addr / size + 1 : 0;

	ranges_forget();
	cpu.engine = engine;
	(drain ? cpu_persist() : engine->flush)((const void *)addr, len);
	if (stepover_seen.count != lines)
		return stepover_seen.count < lines ? "too few" : "too many";
	for (size_t i = 0; i < lines; i++)
		if (stepover_seen.lines[i] / size * size != first + i * size)
			return "another line";
	if (stepover_seen.fences > drain ||
		(stepover_seen.fences && stepover_seen.flushes_before != lines))
		return "a fence that is not at the end";
	return "";
}

/*
 * On POWER, only the fence of CPUs older than POWER10 can be observed. scripts/instructions checks
 * the other fences.
 */
static void test_drain(const struct cpu_engine *engine)
{
	ranges_forget();
	engine->drain();
	if (stepover_seen.fences)
		is_int(stepover_seen.fences, 1, "%s drain: executes one fence", engine->name);
	else
		skip(arch_fence_name(), "this CPU has this instruction, so it cannot be seen");
}

static bool ranges_seen(const struct cpu_engine *engine)
{
	ranges_forget();
	engine->flush(ranges_memory, 1);
	skip(engine->instruction, stepover_seen.count
					  ? "this CPU lacks this instruction: it is stepped over"
					  : "this CPU has this instruction, so it cannot be seen");
	return stepover_seen.count;
}
#endif

#if defined(__x86_64__) || STEPOVER
static void test_ranges(const struct cpu_engine *engine, size_t line_size, bool drain, int ranges)
{
	struct cpu found = cpu;
	char faults[256] = "";

	cpu.line_size = line_size;
	for (int i = 0; i < ranges; i++) {
		size_t at = random_below(1024);
		size_t len = random_below(i % 4 ? 4 * line_size : 5001);
		const char *now;

		if (i % 16 == 1)
			len = 0;
		now = faults_of_flush(engine, drain, at, len);
		if (*now && !*faults) {
			diag("%s: at %zu, len %zu", now, at, len);
			snprintf(faults, sizeof(faults), "%s", now);
		}
	}
	is_str(faults, "",
		"%s %s, tuning %s: each %zu-byte cache line of %d ranges is flushed once",
		engine->name, drain ? "persist" : "flush", cpu.tuning.name, line_size, ranges);
	cpu = found;
}

/*
 * Tests flush and persist with cache lines of one size. Persist is tested with each of the CPU
 * tunings that cpu_tunings() lists.
 */
static void test_flush_of(const struct cpu_engine *engine, size_t line_size, int ranges)
{
	struct cpu found = cpu;

	test_ranges(engine, line_size, false, 2 * ranges);
	for (const struct cpu_tuning *row = cpu_tunings(); row->name; row++) {
		cpu.tuning = *row;
		test_ranges(engine, line_size, true, ranges);
	}
	cpu = found;
}

static void test_flush(const struct cpu_engine *engine)
{
	static const size_t line_sizes[] = {32, 64, 128, 256};

	if (!ranges_seen(engine))
		return;
	if (engine->line_size)
		test_flush_of(engine, engine->line_size, 64);
	for (size_t i = 0; !engine->line_size && i < COUNT(line_sizes); i++)
		test_flush_of(engine, line_sizes[i], 16);
}
#endif

#endif
