/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arch.h - what an architecture has to supply: the whole of it is on this page
 *
 * A port is a folder with these files; meson picks the folder by the machine it builds for.
 *
 *	flush.h		static inline flush_<kind>() and arch_drain(), the instructions themselves,
 *			and ARCH_FENCE, what the drain's is called
 *	features.c	arch_detect() and arch_allowed()
 *	engines.c	arch_engines[], arch_fence_name[] and arch_feature_names[]
 *	<copy>.c	one for each way of copying: primitives, then #include of a body
 *			(words.h, vectors.h) and of engine.h, which makes the functions of an engine
 */
#ifndef CPU_ARCH_H
#define CPU_ARCH_H

#include "cpu/cpu.h"

/* Fill in features (all that CPU and kernel offer), line_size and fence_while_streaming. */
void arch_detect(struct cpu *found);

/* The features left when the environment has had its say. */
uint32_t arch_allowed(uint32_t features);

/* Best first; the last but one needs no feature; the last has no name. */
extern const struct cpu_engine arch_engines[];

/* What the drain's instruction is called: ARCH_FENCE of flush.h. */
extern const char arch_fence_name[];

/* The name of each feature bit, lowest first, up to a NULL. */
extern const char *const arch_feature_names[];

#endif
