/* SPDX-License-Identifier: BSD-3-Clause */
#include "cpu/cpu.h"

#include <string.h>

#include "base/env.h"
#include "base/log.h"
#include "cpu/arch.h"

/* What PMEM_MOVNT_THRESHOLD is where it is not set, as it has always been. */
#define STREAM_THRESHOLD 256

struct cpu cpu = {.line_size = 64, .stream_threshold = STREAM_THRESHOLD};

const struct cpu_engine *cpu_engines(void)
{
	return arch_engines;
}

const char *cpu_fence_name(void)
{
	return arch_fence_name();
}

const struct cpu_engine *cpu_engine_for(uint32_t features)
{
	const struct cpu_engine *engine = arch_engines;

	while (engine->needs & ~features)
		engine++;
	return engine;
}

const struct cpu_engine *cpu_engine_named(const char *name)
{
	for (const struct cpu_engine *engine = arch_engines; engine->name; engine++)
		if (!strcmp(engine->name, name))
			return engine;
	return NULL;
}

static uint32_t worth_using(void)
{
	return cpu.features & cpu.instead ? cpu.features & ~cpu.shunned : cpu.features;
}

static void log_choice(void)
{
	char names[128] = "";

	for (int bit = 0; arch_feature_names[bit]; bit++)
		if (cpu.features & (1u << bit)) {
			strncat(names, " ", sizeof(names) - strlen(names) - 1);
			strncat(names, arch_feature_names[bit], sizeof(names) - strlen(names) - 1);
		}
	log_notice("CPU features in use:%s; engine %s, %zu-byte lines, streaming from %zu bytes",
		names, cpu.engine->name, cpu.line_size, cpu.stream_threshold);
}

void cpu_init(void)
{
	long long threshold;

	arch_detect(&cpu);
	if (env_is("PMEM_WC_WORKAROUND", "1"))
		cpu.fence_while_streaming = true;
	else if (env_is("PMEM_WC_WORKAROUND", "0"))
		cpu.fence_while_streaming = false;
	if (env_number("PMEM_MOVNT_THRESHOLD", &threshold) && threshold >= 0)
		cpu.stream_threshold = (size_t)threshold;
	cpu.features = arch_allowed(cpu.features);
	cpu.engine = cpu_engine_for(worth_using());
	if (log_wants(LOG_NOTICE))
		log_choice();
}
