/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * explain.h - explain how durable stores to a file, device, map or machine are, and why
 *
 * First, facts are gathered (facts.h). Then conclusions are drawn from them by
 * granularity_judge(), which also decides the granularity of maps. Facts and conclusions are
 * reported both in fields and in words (words.h). The functions implement libpmem2/explain.h. If
 * they succeed, they leave the last error message (err_get()) as it was.
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "explain/facts.h"
#include "explain/keep.h"
#include "libpmem2/explain.h"
#include "libpmem2/health.h"

/* Make an explanation from facts, and free the facts. Returns 0, or -ENOMEM with a message. */
int explain_facts(struct holdfast_explanation **explanation, struct facts *facts);

int explain_fd(struct holdfast_explanation **explanation, int fd, const char *sysfs);
int explain_map(struct holdfast_explanation **explanation, const struct map *map);
void explain_free(struct holdfast_explanation *explanation);

/*
 * Explain this machine. `sysfs` and `mountinfo` are SYSFS_ROOT and MOUNTS_FILE, or files of a
 * test.
 */
int explain_machine(struct holdfast_machine **machine, const char *sysfs, const char *mountinfo);
void explain_machine_free(struct holdfast_machine *machine);

/*
 * Implements holdfast_read_health(). `sysfs` and `mountinfo` are SYSFS_ROOT and MOUNTS_FILE, or
 * files of a test.
 */
int explain_health(struct holdfast_health **health, const char *sysfs, const char *mountinfo);
void explain_health_free(struct holdfast_health *health);

/*
 * Describe the flush and copy instructions that are used on this CPU. Returns NULL if there is no
 * memory.
 */
const struct holdfast_cpu *explain_cpu(struct keep *keep);

#endif
