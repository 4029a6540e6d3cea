/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layers.h - everything that a file lies on, and whether it survives a power cut
 *
 * A file system may be on several disks, on a loop device on a file on another file system, or be a
 * layer over others: what is at the bottom decides, and the weakest of all answers counts. Survival
 * has to be earned: without a disk at the bottom that is known to keep things it is unknown.
 */
#ifndef EXPLAIN_LAYERS_H
#define EXPLAIN_LAYERS_H

#include <sys/types.h>

#include "explain/keep.h"
#include "libpmem2/explain.h"

struct layers {
	struct keep *keep;
	struct keep_list list; /* of struct holdfast_layer, the highest first */
	enum holdfast_survival survival;
	const char *who;             /* what decides it, unless it is SURVIVES: "the NFS server" */
	const char *evidence;        /* of that */
	const char *condition;       /* of SURVIVES: who has to keep what was acknowledged */
	enum holdfast_memory memory; /* that any of the disks is */
	bool has_gap;                /* not all that it lies on could be seen */
};

struct facts;
void layers_find(struct layers *layers, const struct facts *facts);

#endif
