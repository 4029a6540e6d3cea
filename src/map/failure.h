/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * failure.h - pages that could not be written back
 *
 * They are found under locks and reported without any, so that a program's handler may call what it
 * likes: who writes back collects failures and reports them after its last unlock.
 */
#ifndef MAP_FAILURE_H
#define MAP_FAILURE_H

#include "libpmem2/holdfast.h"
#include "map/range.h"

#define FAILURES_MAX 8

struct failures {
	unsigned count;
	struct failure {
		struct range pages;
		int error; /* errno */
	} list[FAILURES_MAX];
};

/* When the list is full, the last entry is stretched: it says "somewhere in there" then. */
void failures_add(struct failures *failures, struct range pages, int error);

/* Tell the handler of each; returns only if it took responsibility for all of them. */
void failures_report(const struct failures *failures);

/* As holdfast_set_writeback_handler(). */
void failures_set_handler(holdfast_writeback_handler handler, void *context);

/* Around fork: the handler is the same on both sides. */
void failures_before_fork(void);
void failures_after_fork(void);

#endif
