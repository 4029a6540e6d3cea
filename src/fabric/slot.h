/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slot.h - a slot of the target: it receives a message, waits in a queue, and sends the reply
 *
 * After the first slot_post(), only the worker of the slot's lane may call these functions.
 */
#ifndef FABRIC_SLOT_H
#define FABRIC_SLOT_H

#include "fabric/target.h"

/* Post the slot to receive the next message. 0, or -errno with an error message. */
int slot_post(struct serve_slot *slot);
/* Post a slot that is free again. Ignores a failure, which connection events report, too. */
void slot_post_again(struct serve_slot *slot);

/* Send the reply; false if the adapter has no room for it now. */
bool slot_send(struct serve_slot *slot);

/* The slot of a message in a queue: the message is its first member. */
static inline struct serve_slot *slot_of(struct served *served)
{
	return (struct serve_slot *)served;
}

void slot_queue_clear(struct serve_queue *queue);
void slot_queue_add(struct serve_queue *queue, struct serve_slot *slot);

#endif
