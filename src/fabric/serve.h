/* SPDX-License-Identifier: BSD-3-Clause */
/* serve.h - how the target executes a message and builds its reply */
#ifndef FABRIC_SERVE_H
#define FABRIC_SERVE_H

#include "fabric/target.h"

/*
 * Execute the message in the slot, but do not make its stores durable. Returns false if the peer
 * broke the protocol: the lane then accepts no more messages.
 */
bool serve_message(struct serve_slot *slot, size_t size);
/*
 * Build the reply after a drain of the store by the same thread, which returned `drained`. The
 * reply begins in the slot; bytes of the pool, if any, follow from `bytes` and `length`.
 */
void serve_reply(struct serve_slot *slot, int drained);

#endif
