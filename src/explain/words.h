/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words.h - an explanation in plain sentences, made from its fields and nothing else
 *
 * For people who run machines and have not read the manual of any CPU: a term is explained where it
 * first appears.
 */
#ifndef EXPLAIN_WORDS_H
#define EXPLAIN_WORDS_H

#include "explain/keep.h"
#include "libpmem2/explain.h"

/*
 * Fill in `verdict` and `text`; `who` decides the survival, where it is not plainly SURVIVES, and
 * `evidence` says how that is known, or is NULL.
 */
void words_write(struct keep *keep, struct holdfast_explanation *told, const char *who,
	const char *evidence);

/* The same for a machine. */
void words_write_machine(struct keep *keep, struct holdfast_machine *machine);

/* "64 GiB", "4096 bytes". */
const char *words_size(struct keep *keep, int64_t bytes);

#endif
