/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.h - write an explanation in plain sentences, from its fields only
 *
 * The readers are administrators who have not read a CPU manual: each term is explained where it
 * first appears.
 */
#ifndef EXPLAIN_WORDS_H
#define EXPLAIN_WORDS_H

#include "explain/keep.h"
#include "libpmem2/explain.h"

/*
 * Fill in `verdict` and `text`. `who` names what decides the survival if it is not SURVIVES;
 * `evidence` says how the survival is known, or is NULL.
 */
void words_write(struct keep *keep, struct holdfast_explanation *told, const char *who,
	const char *evidence);

/* Fill in `text` of a machine. */
void words_write_machine(struct keep *keep, struct holdfast_machine *machine);

/* A size in words: "64 GiB", "1000 bytes". */
const char *words_size(struct keep *keep, int64_t bytes);

#endif
