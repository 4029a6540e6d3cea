/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * senders.h - threads that make ranges durable at a target, each on a lane of its own
 *
 * The caller puts ranges into a short list. While it looks for the next ranges, the threads send
 * the listed ones by relaxed flushes, and drain.
 */
#ifndef LIBRPMEM_SENDERS_H
#define LIBRPMEM_SENDERS_H

#include <stdatomic.h>

#include "librpmem/pool.h"

struct senders;

/*
 * Start a thread for each lane of the pool, with all signals blocked. The pool must stay open. 0
 * or -errno with an error message.
 */
int senders_open(struct senders **senders, RPMEMpool *pool);

/*
 * Put a range into the list; waits while the list is full. Returns the first failure of any
 * thread: after a failure, ranges that are still in the list are not sent.
 */
int senders_add(struct senders *senders, uint64_t offset, size_t length);

/* Wait until all is durable. Returns the first failure, with its error message. */
int senders_finish(struct senders *senders);

/* The number of bytes that are durable at the target. */
uint64_t senders_done(struct senders *senders);

/* End the threads. Ranges that are in the list are not sent. */
void senders_close(struct senders *senders);

#endif
