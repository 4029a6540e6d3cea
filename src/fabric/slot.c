/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/slot.h"

int slot_post(struct serve_slot *slot)
{
	struct fabric_server *server = slot->lane->server;
	void *desc = server->buffers_mr ? fi_mr_desc(server->buffers_mr) : NULL;
	ssize_t code = fi_recv(slot->lane->ep, slot->message, server->welcome.message_size, desc, 0,
		&slot->message_op);

	return code ? fabric_failed(code, "lane %u: cannot receive", slot->lane->number) : 0;
}

void slot_post_again(struct serve_slot *slot)
{
	if (slot_post(slot))
		slot->lane->broken = true;
}

bool slot_send(struct serve_slot *slot)
{
	struct fabric_server *server = slot->lane->server;
	const struct served *served = &slot->served;
	struct fid_ep *ep = slot->lane->ep;
	void *desc[2] = {server->buffers_mr ? fi_mr_desc(server->buffers_mr) : NULL, NULL};
	struct iovec parts[2] = {
		{served->reply, served->reply_length}, {(void *)served->bytes, served->length}};
	bool inject = !served->length && served->reply_length <= server->inject;
	ssize_t code =
		inject ? fi_inject(ep, served->reply, served->reply_length, 0)
		       : fi_sendv(ep, parts, desc, served->length ? 2 : 1, 0, &slot->reply_op);

	if (code == -FI_EAGAIN)
		return false;
	if (code)
		slot->lane->broken = true;
	else if (inject)
		slot_post_again(slot);
	return true;
}

void slot_queue_clear(struct serve_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

void slot_queue_add(struct serve_queue *queue, struct serve_slot *slot)
{
	slot->served.next = NULL;
	*queue->end = &slot->served;
	queue->end = &slot->served.next;
}
