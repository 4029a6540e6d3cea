/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * publish.h - pass the counters of the initiator that has a pool open on to others that ask, with
 * what carries its data
 *
 * The daemon of that initiator listens at a local socket, whose name is made from the first part of
 * the pool. A daemon that is asked for the counters connects to it. Only then does the first one
 * ask its initiator, and passes the reply on. So the numbers are fresh, nothing is left behind in
 * the file system, and while nobody asks, no CPU time is used.
 *
 * Only processes of the same user, and of root, may ask or answer. One asks at a time.
 */
#ifndef RPMEMD_PUBLISH_H
#define RPMEMD_PUBLISH_H

#include <stdbool.h>

#include "pool/set.h"
#include "wire/counters.h"

struct publish {
	int listening, asker; /* -1: not open */
};

/* Open the socket. A failure is logged: then the counters are not passed on. */
void publish_open(struct publish *publish, const struct pool_set *set);
void publish_close(struct publish *publish);

/* Becomes readable when a process asks. -1 while an answer is due. */
int publish_fd(const struct publish *publish);

/* Call it when the descriptor is readable. True if an answer is due. */
bool publish_accept(struct publish *publish);

/* Answer the process that asks; with NULL, refuse. */
void publish_answer(struct publish *publish, const struct wire_session *session);

/*
 * Ask the daemon that has the pool of this set open. Returns 0; -ENOENT, with an error message, if
 * none does, or if it or its initiator does not answer within `timeout_ms`.
 */
int publish_ask(const struct pool_set *set, int timeout_ms, struct wire_session *session);

#endif
