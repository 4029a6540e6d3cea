/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve.h - what the target does with a message
 */
#ifndef FABRIC_SERVE_H
#define FABRIC_SERVE_H

#include "fabric/target.h"

/*
 * Do what the message in the slot says, except making it durable. Returns false if the peer broke
 * the protocol: then the lane takes nothing more.
 */
bool serve_message(struct serve_slot *slot, size_t size);
/*
 * After a drain of the store by the same thread, which returned `drained`: build the reply, its
 * first bytes in the slot, and those of the pool, if any, in `bytes` and `length`.
 */
void serve_reply(struct serve_slot *slot, int drained);

#endif
