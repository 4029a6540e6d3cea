/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.h - answers to what users ask: what does this promise, and why not more?
 *
 * Facts are gathered (facts.h), what follows from them is found by the same code that decides for
 * maps (granularity_judge), and both are told in fields and in words (words.h). The calls are
 * those of libpmem2/explain.h; they leave the last sentence of err_get() alone when they succeed.
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "explain/facts.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"
#include "libpmem2/health.h"

/* Explains facts, which it takes over and frees. 0 or -ENOMEM with a sentence. */
int explain_facts(struct holdfast_explanation **explanation, struct facts *facts);

int explain_fd(struct holdfast_explanation **explanation, int fd, const char *sysfs);
int explain_map(struct holdfast_explanation **explanation, const struct map *map);
void explain_free(struct holdfast_explanation *explanation);

/* `mountinfo` is MOUNTS_FILE, or a test's own. */
int explain_machine(struct holdfast_machine **machine, const char *sysfs, const char *mountinfo);
void explain_machine_free(struct holdfast_machine *machine);

/* The same files, for holdfast_read_health(). */
int explain_health(struct holdfast_health **health, const char *sysfs, const char *mountinfo);
void explain_health_free(struct holdfast_health *health);

/* The CPU's instructions; NULL if there is no memory. */
const struct holdfast_cpu *explain_cpu(struct keep *keep);

#endif
