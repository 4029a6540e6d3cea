/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arch.h - everything that the port to a CPU architecture has to supply
 *
 * A port is a folder with these files, and a page doc/cpu-<folder>.md that says which instruction
 * does what, and where that is written. meson picks the folder by the machine it builds for.
 *
 *	flush.h		USUAL_LINE, static inline flush_<kind>() and arch_drain(), the instructions
 *			themselves
 *	features.h	if there is a choice of instructions: the bits of a feature mask, and how
 *			they follow from the answers of CPU or kernel, without asking either
 *	features.c	arch_detect(), arch_allowed() and arch_feature_names[]
 *	tuning.c	arch_tunings[], if it has more rows than that of src/cpu/plain.c
 *	alone.h		static inline arch_ask(), arch_flush() and arch_flush_name(), which together
 *			with flush.h and features.h make include/holdfast_flush.h
 *	engines.c	arch_engines[] and arch_fence_name()
 *	<copy>.c	one for each way of copying: primitives, then #include of a body
 *			(words.h, vectors.h) and of engine.h, which makes the functions of an engine
 */
#ifndef CPU_ARCH_H
#define CPU_ARCH_H

#include "cpu/cpu.h"

/*
 * Functions in alone.h. arch_ask() returns the features that matter to flushes, and sets *line_size
 * if the CPU or kernel tells it. arch_flush() flushes with the best instruction among cpu.features,
 * or does nothing if there is no such instruction. arch_flush_name() returns the name of this
 * instruction, as in cpu_engine.instruction, or NULL.
 *
 *	uint32_t arch_ask(size_t *line_size);
 *	void arch_flush(const void *addr, size_t len);
 *	const char *arch_flush_name(void);
 */

/*
 * Set found->features to all features that CPU and kernel offer, and found->line_size. At the call
 * found->tuning has the settings for unknown CPUs (CPU_TUNING_PLAIN): replace them if arch_tunings
 * has a row for this CPU.
 */
void arch_detect(struct cpu *found);

/*
 * Table of performance settings (tuning). The last row but one is CPU_TUNING_PLAIN; the last row
 * has no name.
 */
extern const struct cpu_tuning arch_tunings[];

/* Returns `features` without the features that environment variables have switched off. */
uint32_t arch_allowed(uint32_t features);

/* Table of engines, best first. The last row but one needs no feature; the last has no name. */
extern const struct cpu_engine arch_engines[];

/* Returns the name of the instruction that a drain executes, given the features in use. */
const char *arch_fence_name(void);

/* The names of the feature bits, the name of the lowest bit first; NULL ends the list. */
extern const char *const arch_feature_names[];

#endif
