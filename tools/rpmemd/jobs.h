/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jobs.h - requests that take time, executed by a thread in the order in which they came
 *
 * Meanwhile the session answers pings, and notices signals and lost lanes. The session adds a
 * request and, when the descriptor is readable, takes the replies of those that are finished.
 */
#ifndef RPMEMD_JOBS_H
#define RPMEMD_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/compare.h"
#include "wire/control.h"

#define JOBS_MAX      COMPARE_ASKS_MAX
#define JOBS_BODY_MAX 64 /* the longest body of a request that is a job, in bytes */

struct jobs;

/*
 * Execute a request on the thread of the jobs. Writes the fields of its reply to `out`. Returns 0,
 * or -errno with an error message.
 */
typedef int jobs_work(
	void *context, const struct control_head *head, const uint8_t *body, struct writer *out);

/* Start the thread, with all signals blocked. 0, or -errno with an error message. */
int jobs_open(struct jobs **jobs, jobs_work *work, void *context);

/* End the thread after the job it is at. The others are not executed. NULL is allowed. */
void jobs_close(struct jobs *jobs);

/* Add a request. -EPROTO if JOBS_MAX are not answered, or its body is too long. */
int jobs_add(struct jobs *jobs, const struct control_head *head, const uint8_t *body);

/* True if a request has been added whose reply has not been taken. */
bool jobs_pending(const struct jobs *jobs);

/* Readable when a reply can be taken. */
int jobs_fd(const struct jobs *jobs);

/*
 * Take the oldest reply. False if it is not finished. *result is that of the work: 0, and its
 * fields are copied to `out`; or negative, with the error message set.
 */
bool jobs_take(struct jobs *jobs, struct control_head *head, int *result, struct writer *out);

#endif
