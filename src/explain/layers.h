/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layers.h - what lies under a file system, floor by floor, and whether it survives a power cut
 *
 * A file system may be on a loop device on a file on another file system, or be a layer over one:
 * what is at the bottom decides.
 */
#ifndef EXPLAIN_LAYERS_H
#define EXPLAIN_LAYERS_H

#include "explain/keep.h"
#include "libpmem2/explain.h"

struct layers {
	struct keep *keep;
	struct keep_list list; /* of phrases, the highest first */
	enum holdfast_survival survival;
	const char *who; /* what decides it, if it is not plainly SURVIVES: "the NFS server" */
};

struct facts;
void layers_find(struct layers *layers, const struct facts *facts);

#endif
