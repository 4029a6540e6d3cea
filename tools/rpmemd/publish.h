/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * publish.h - tell other processes, on request, the counters of the initiator that has a pool open,
 * and the provider that carries its data
 *
 * The daemon that serves that initiator listens at a local socket, whose name is made from the
 * first part of the pool. When another daemon is asked for the counters, it connects to this
 * socket. Only then the serving daemon asks its initiator for the counters, and passes the reply
 * on. So the numbers are fresh, no file is left behind, and no CPU time is used while nobody asks.
 *
 * Only processes of the same user or of root may ask or answer. Only one process may ask at a time.
 */
#ifndef RPMEMD_PUBLISH_H
#define RPMEMD_PUBLISH_H

#include <stdbool.h>

#include "pool/set.h"
#include "wire/counters.h"

struct publish {
	int listening, asker; /* -1: not open */
};

/*
 * Open the socket at which to listen. A failure is only logged; the counters then cannot be asked
 * for.
 */
void publish_open(struct publish *publish, const struct pool_set *set);
void publish_close(struct publish *publish);

/*
 * Returns a descriptor that becomes readable when a process asks; -1 while a process waits for its
 * answer.
 */
int publish_fd(const struct publish *publish);

/*
 * Accept the process that asks, when the descriptor is readable. Returns true if publish_answer()
 * must be called for it.
 */
bool publish_accept(struct publish *publish);

/* Answer the process that asked. If `session` is NULL, send a refusal. */
void publish_answer(struct publish *publish, const struct wire_session *session);

/*
 * Ask the daemon that has the pool of this set open for the counters. Returns 0, or -ENOENT with an
 * error message if no daemon has the pool open, or if the daemon or its initiator does not answer
 * within `timeout_ms`.
 */
int publish_ask(const struct pool_set *set, int timeout_ms, struct wire_session *session);

#endif
