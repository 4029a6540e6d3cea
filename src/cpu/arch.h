/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arch.h - what an architecture has to supply: the whole of it is on this page
 *
 * A port is a folder with these files, and a page doc/cpu-<folder>.md that says which instruction
 * does what, and where that is written. meson picks the folder by the machine it builds for.
 *
 *	flush.h		USUAL_LINE, static inline flush_<kind>() and arch_drain(), the instructions
 *			themselves
 *	features.h	if there is something to choose from: the bits of a feature mask, and how
 *			they follow from what CPU or kernel say, without asking either
 *	features.c	arch_detect(), arch_allowed() and arch_feature_names[]
 *	tuning.c	arch_tunings[], where it has another row than src/cpu/plain.c
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
 * In alone.h. arch_ask(): the features that matter to flushes; line_size is set if it is told.
 * arch_flush(): with the best instruction among cpu.features, or none. arch_flush_name(): which it
 * is, as in cpu_engine.instruction; NULL for none.
 *
 *	uint32_t arch_ask(size_t *line_size);
 *	void arch_flush(const void *addr, size_t len);
 *	const char *arch_flush_name(void);
 */

/*
 * Fill in features (all that CPU and kernel offer) and line_size; and tuning, which is the plain
 * row already, with another one that is for this CPU.
 */
void arch_detect(struct cpu *found);

/* The last but one is CPU_TUNING_PLAIN; the last has no name. */
extern const struct cpu_tuning arch_tunings[];

/* The features left when the environment has had its say. */
uint32_t arch_allowed(uint32_t features);

/* Best first; the last but one needs no feature; the last has no name. */
extern const struct cpu_engine arch_engines[];

/* The name of the drain's instruction, with the features that are in use. */
const char *arch_fence_name(void);

/* The name of each feature bit, lowest first, up to a NULL. */
extern const char *const arch_feature_names[];

#endif
