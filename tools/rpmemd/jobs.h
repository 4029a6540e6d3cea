/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * jobs.h - execute requests that take long in a thread of their own, in the order in which they
 * arrived
 *
 * Meanwhile the session's thread answers pings, and notices signals and lost lanes. The session
 * adds such requests (jobs), and takes the replies of finished jobs when the descriptor of
 * jobs_fd() is readable.
 */
#ifndef RPMEMD_JOBS_H
#define RPMEMD_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/compare.h"
#include "wire/control.h"

#define JOBS_MAX      COMPARE_ASKS_MAX
#define JOBS_BODY_MAX 64 /* maximum length of the body of a job's request, in bytes */

struct jobs;

/*
 * A function that executes a request. The thread calls it. Writes the fields of the reply to `out`.
 * Returns 0, or -errno with an error message.
 */
typedef int jobs_work(
	void *context, const struct control_head *head, const uint8_t *body, struct writer *out);

/* Start the thread, with all signals blocked. Returns 0, or -errno with an error message. */
int jobs_open(struct jobs **jobs, jobs_work *work, void *context);

/*
 * End the thread when its current job is finished, without executing waiting jobs. `jobs` may be
 * NULL.
 */
void jobs_close(struct jobs *jobs);

/*
 * Add a request. Returns 0, or -EPROTO if JOBS_MAX requests are not answered yet, or the request's
 * body is too long.
 */
int jobs_add(struct jobs *jobs, const struct control_head *head, const uint8_t *body);

/* True if the reply of any added request has not been taken yet. */
bool jobs_pending(const struct jobs *jobs);

/* Returns a descriptor that is readable when a reply can be taken. */
int jobs_fd(const struct jobs *jobs);

/*
 * Take the oldest reply. Returns false if that job is not finished. Sets *result to the result of
 * the job: 0, with the fields of the reply copied to `out`; or -errno, with the error message set.
 */
bool jobs_take(struct jobs *jobs, struct control_head *head, int *result, struct writer *out);

#endif
