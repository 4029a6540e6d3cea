/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/cpu.h"

#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "cpu/arch.h"

/*
 * Copies of 4 lines and more are streaming copies (go around the caches), unless the row of tuning
 * says otherwise (stream_lines). The fence after a streaming copy waits for memory about 60 ns
 * longer than the fence after flushes. On the other hand each streamed line costs less, and much
 * less if the line was flushed before, since a streaming store does not fetch it again. So a
 * streaming copy to lines that no cache holds is faster from 12 lines on, and one to lines that
 * are rewritten from 1 line on. The mean of both cases, as time of the streaming copy divided by
 * time of the cached copy, is, for 1 to 6 lines on Cascade Lake: 1.14, 1.07, 1.03, 0.97, 0.92 and
 * 0.91. bench/threshold measures it on any machine.
 */
struct cpu cpu = {.line_size = 64,
	.tuning = CPU_TUNING_PLAIN,
	.stream_threshold = (size_t)4 * 64,
	.stream_threshold_nodrain = (size_t)4 * 64};

const struct cpu_engine *cpu_engines(void)
{
	return arch_engines;
}

const char *cpu_fence_name(void)
{
	return arch_fence_name();
}

const struct cpu_tuning *cpu_tunings(void)
{
	return arch_tunings;
}

static bool is_for_lines(const struct cpu_engine *engine, size_t line_size)
{
	return !engine->line_size || engine->line_size == line_size;
}

const struct cpu_engine *cpu_engine_for(uint32_t features, size_t line_size)
{
	const struct cpu_engine *engine = arch_engines;

	while (engine->needs & ~features || !is_for_lines(engine, line_size))
		engine++;
	return engine;
}

cpu_persist_fn *cpu_persist(void)
{
	return cpu.tuning.persist_fetches ? cpu.engine->persist_fetching : cpu.engine->persist;
}

const struct cpu_engine *cpu_engine_named(const char *name)
{
	for (const struct cpu_engine *engine = arch_engines; engine->name; engine++)
		if (!strcmp(engine->name, name))
			return engine;
	return NULL;
}

uint32_t cpu_tuning_leaves(const struct cpu_tuning *row, uint32_t features)
{
	return features & row->instead ? features & ~row->shunned : features;
}

static void log_choice(void)
{
	char names[128] = "";

	for (int bit = 0; arch_feature_names[bit]; bit++)
		if (cpu.features & (1u << bit)) {
			strncat(names, " ", sizeof(names) - strlen(names) - 1);
			strncat(names, arch_feature_names[bit], sizeof(names) - strlen(names) - 1);
		}
	log_notice(
		"CPU features in use:%s; engine %s, tuning %s, %zu-byte lines, streaming from %zu bytes",
		names, cpu.engine->name, cpu.tuning.name, cpu.line_size, cpu.stream_threshold);
}

void cpu_init(void)
{
	cpu_init_tuned(NULL);
}

void cpu_init_tuned(const struct cpu_tuning *row)
{
	long long threshold;

	arch_detect(&cpu);
	if (row)
		cpu.tuning = *row;
	cpu.stream_threshold = cpu.tuning.stream_lines * cpu.line_size;
	cpu.stream_threshold_nodrain = cpu.tuning.stream_lines_nodrain * cpu.line_size;
	cpu.fence_while_streaming = cpu.tuning.fence_while_streaming;
	if (env_is("PMEM_WC_WORKAROUND", "1"))
		cpu.fence_while_streaming = true;
	else if (env_is("PMEM_WC_WORKAROUND", "0"))
		cpu.fence_while_streaming = false;
	if (env_number("PMEM_MOVNT_THRESHOLD", &threshold) && threshold >= 0)
		cpu.stream_threshold = cpu.stream_threshold_nodrain = (size_t)threshold;
	cpu.features = arch_allowed(cpu.features);
	cpu.engine = cpu_engine_for(cpu_tuning_leaves(&cpu.tuning, cpu.features), cpu.line_size);
	if (log_wants(LOG_NOTICE))
		log_choice();
}
