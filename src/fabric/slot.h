/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slot.h - a slot of the target: memory that receives a message, waits in a queue, and sends the
 * reply
 *
 * After the first slot_post(), only the worker of the slot's lane may call these functions.
 */
#ifndef FABRIC_SLOT_H
#define FABRIC_SLOT_H

#include "fabric/target.h"

/*
 * Let the adapter receive the next message in this slot. Returns 0, or -errno with an error
 * message.
 */
int slot_post(struct serve_slot *slot);
/*
 * Let the adapter receive another message in a slot that is free again. A failure is ignored:
 * connection events report it, too.
 */
void slot_post_again(struct serve_slot *slot);

/* Send the slot's reply. Returns false if the adapter has no room for it now. */
bool slot_send(struct serve_slot *slot);

/* Returns the slot that contains this message, as its first member. */
static inline struct serve_slot *slot_of(struct served *served)
{
	return (struct serve_slot *)served;
}

void slot_queue_clear(struct serve_queue *queue);
void slot_queue_add(struct serve_queue *queue, struct serve_slot *slot);

#endif
