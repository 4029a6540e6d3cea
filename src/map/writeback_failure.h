/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * writeback_failure.h - pages that could not be written back
 *
 * They are found under locks and reported without any, so that a program's handler may call what it
 * likes: who writes back collects failures and reports them after its last unlock.
 */
#ifndef MAP_WRITEBACK_FAILURE_H
#define MAP_WRITEBACK_FAILURE_H

#include "libpmem2/holdfast.h"
#include "map/ranges.h"

#define WRITEBACK_FAILURES_MAX 8

struct writeback_failures {
	unsigned count;
	struct writeback_failure {
		struct range pages;
		int error; /* errno */
	} list[WRITEBACK_FAILURES_MAX];
};

/* When the list is full, the last entry is stretched: it says "somewhere in there" then. */
void writeback_failure_add(struct writeback_failures *failures, struct range pages, int error);

/* Tell the handler of each; returns only if it took responsibility for all of them. */
void writeback_failure_report(const struct writeback_failures *failures);

/* As holdfast_set_writeback_handler(). */
void writeback_failure_set_handler(holdfast_writeback_handler handler, void *context);

/* Around fork: the handler is the same on both sides. */
void writeback_failure_before_fork(void);
void writeback_failure_after_fork(void);

#endif
