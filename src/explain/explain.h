/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.h - explain how durable stores to a file, device, map or machine are, and why
 *
 * Facts are gathered (facts.h); the same code that decides for maps draws the conclusions
 * (granularity_judge); and both are reported in fields and in words (words.h). The functions
 * implement libpmem2/explain.h. When they succeed they do not change the last message of err_get().
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "explain/facts.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"
#include "libpmem2/health.h"

/* Explain facts, which this call frees. 0, or -ENOMEM with a message. */
int explain_facts(struct holdfast_explanation **explanation, struct facts *facts);

int explain_fd(struct holdfast_explanation **explanation, int fd, const char *sysfs);
int explain_map(struct holdfast_explanation **explanation, const struct map *map);
void explain_free(struct holdfast_explanation *explanation);

/* `sysfs` and `mountinfo` are SYSFS_ROOT and MOUNTS_FILE, or a test's own. */
int explain_machine(struct holdfast_machine **machine, const char *sysfs, const char *mountinfo);
void explain_machine_free(struct holdfast_machine *machine);

/* Implements holdfast_read_health(). `sysfs` and `mountinfo` as for explain_machine(). */
int explain_health(struct holdfast_health **health, const char *sysfs, const char *mountinfo);
void explain_health_free(struct holdfast_health *health);

/* Describe the instructions of this CPU; NULL without memory. */
const struct holdfast_cpu *explain_cpu(struct keep *keep);

#endif
