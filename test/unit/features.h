/* SPDX-License-Identifier: BSD-3-Clause */
/* features.h - features of a CPU by name, and which engines can be run for a test */
#ifndef TEST_UNIT_FEATURES_H
#define TEST_UNIT_FEATURES_H

#include <stdint.h>

#include "cpu/arch.h"
#include "tap.h"

/* The feature of that name as a bit; 0 where the architecture has none such. */
static inline uint32_t feature_bit(const char *name)
{
	for (int bit = 0; arch_feature_names[bit]; bit++)
		if (!strcmp(arch_feature_names[bit], name))
			return 1u << bit;
	return 0;
}

/* " clwb avx" of a mask that has those, in a buffer that the next call reuses. */
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

/* Instructions that are tested without the CPU having them: movdir64b.h and stepover.h say how. */
static inline uint32_t features_done_without(void)
{
	return feature_bit("movdir64b") | feature_bit("dcpop") | feature_bit("dcpodp") |
	       feature_bit("zicbom") | feature_bit("arch_3_1");
}

/* Whether an engine can be run with those features; if not, that is said. */
static inline bool engine_runs(const struct cpu_engine *engine, uint32_t features)
{
	uint32_t lacks = engine->needs & ~features & ~features_done_without();
	char reason[300];

	snprintf(reason, sizeof(reason), "this CPU lacks%s", feature_names(lacks));
	if (lacks)
		skip(engine->name, reason);
	return !lacks;
}

/* Bytes of a line for which an architecture has its best engines. */
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
 * Whether an engine before this one has the same function at that place in the table: engines that
 * share a way of copying, or of flushing, need not be tested twice.
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
