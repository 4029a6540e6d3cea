/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slot.h - a slot of the target: it receives a message, waits in a queue, and sends the reply
 *
 * All but the first slot_post() is for the worker of the slot's lane.
 */
#ifndef FABRIC_SLOT_H
#define FABRIC_SLOT_H

#include "fabric/target.h"

/* Post the slot to receive the next message. 0, or -errno with a sentence. */
int slot_post(struct serve_slot *slot);
/* The same when the slot is free again. A failure breaks the lane: connection events report it. */
void slot_post_again(struct serve_slot *slot);

/* Send the reply; false if the adapter has no room for it now. */
bool slot_send(struct serve_slot *slot);

void slot_queue_clear(struct serve_queue *queue);
void slot_queue_add(struct serve_queue *queue, struct serve_slot *slot);

#endif
