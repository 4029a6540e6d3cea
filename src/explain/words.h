/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.h - write an explanation in plain sentences, using nothing but the fields of its struct
 *
 * The readers are administrators who have not read a CPU manual: each term is explained where it
 * first appears.
 */
#ifndef EXPLAIN_WORDS_H
#define EXPLAIN_WORDS_H

#include "explain/keep.h"
#include "libpmem2/explain.h"

/*
 * Set `verdict` and `text` of an explanation. `who` names the thing that decides whether stores
 * survive; it is not used if they do. `evidence` says how this is known; if it is NULL, the text
 * does not say this.
 */
void words_write(struct keep *keep, struct holdfast_explanation *told, const char *who,
	const char *evidence);

/* Set `text` in the description of a machine. */
void words_write_machine(struct keep *keep, struct holdfast_machine *machine);

/* Returns a size in words, such as "64 GiB" or "1000 bytes". */
const char *words_size(struct keep *keep, int64_t bytes);

#endif
