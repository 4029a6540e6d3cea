/* SPDX-License-Identifier: BSD-3-Clause */
/* features.h - CPU features by name, and which engines (cpu/cpu.h) a test can run on this CPU */
#ifndef TEST_UNIT_FEATURES_H
#define TEST_UNIT_FEATURES_H

#include <stdint.h>

#include "cpu/arch.h"
#include "tap.h"

/* The bit of the feature with this name; 0 if the architecture has no such feature. */
static inline uint32_t feature_bit(const char *name)
{
	for (int bit = 0; arch_feature_names[bit]; bit++)
		if (!strcmp(arch_feature_names[bit], name))
			return 1u << bit;
	return 0;
}

/* The names of a mask's features, such as " clwb avx", in a buffer that the next call reuses. */
static inline const char *feature_names(uint32_t features)
{
	static char names[256];

	names[0] = '\0';
	for (int bit = 0; arch_feature_names[bit]; bit++)
		if (features & 1u << bit) {
			strncat(names, " ", sizeof(names) - strlen(names) - 1);
			strncat(names, arch_feature_names[bit], sizeof(names) - strlen(names) - 1);
		}
	return names;
}

/*
 * Features whose code is tested even on a CPU without them, by the handlers in movdir64b.h and
 * stepover.h.
 */
static inline uint32_t features_done_without(void)
{
	return feature_bit("movdir64b") | feature_bit("dcpop") | feature_bit("dcpodp") |
	       feature_bit("zicbom") | feature_bit("arch_3_1");
}

/* True if a CPU with these features can run the engine; otherwise reports a skipped test point. */
static inline bool engine_runs(const struct cpu_engine *engine, uint32_t features)
{
	uint32_t lacks = engine->needs & ~features & ~features_done_without();
	char reason[300];

	snprintf(reason, sizeof(reason), "this CPU lacks%s", feature_names(lacks));
	if (lacks)
		skip(engine->name, reason);
	return !lacks;
}

/* Size in bytes of the cache lines for which this architecture has its best engines. */
#ifdef __powerpc64__
#define USUAL_LINE_HERE ((size_t)128)
#else
#define USUAL_LINE_HERE ((size_t)64)
#endif

static inline size_t tuning_count(void)
{
	size_t count = 0;

	while (cpu_tunings()[count].name)
		count++;
	return count;
}

/*
 * True if `member` points to the same function in this engine and in an earlier one of the table. A
 * function for copying or flushing that several engines share is tested only once.
 */
#define tested_before(engine, features, member)                                                    \
	({                                                                                         \
		const struct cpu_engine *other_ = cpu_engines();                                   \
		uint32_t have_ = (features) | features_done_without();                             \
		while (other_ != (engine) &&                                                       \
			(other_->member != (engine)->member || (other_->needs & ~have_)))          \
			other_++;                                                                  \
		other_ != (engine);                                                                \
	})

#endif
