/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * layers.h - list all layers that a file lies on, and judge if stores survive a power cut
 *
 * A file system may be on several disks; on a loop device, whose file is on another file system;
 * or, as an overlay, on other file systems. The storage at the bottom decides, and the weakest of
 * all answers counts. Without storage at the bottom that is known to keep data, survival is
 * "unknown".
 */
#ifndef EXPLAIN_LAYERS_H
#define EXPLAIN_LAYERS_H

#include <sys/types.h>

#include "explain/keep.h"
#include "libpmem2/explain.h"

struct layers {
	struct keep *keep;
	struct keep_list list; /* items: struct holdfast_layer, the highest layer first */
	enum holdfast_survival survival;
	/* the thing that decides if stores survive, like "the NFS server"; NULL if they do */
	const char *who;
	const char *evidence; /* how it is known that stores survive, or do not */
	/* if stores survive: the thing that has to keep the data, such as "the drive" */
	const char *condition;
	enum holdfast_memory memory; /* the kind of memory that any of the disks lies on */
	bool has_gap;                /* a layer could not be looked at */
};

struct facts;
void layers_find(struct layers *layers, const struct facts *facts);

#endif
