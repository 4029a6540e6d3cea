/* SPDX-License-Identifier: BSD-3-Clause */
/* lane_message.c - send the messages of a lane by libfabric */
#include "base/memcheck.h"
#include "fabric/lane.h"

static struct lane_slot *next_slot(struct lane *lane)
{
	return &lane->slots[lane->messages.next % lane->target.window];
}

int lane_slot(struct messages *messages, uint8_t **bytes)
{
	struct lane *lane = lane_of(messages);
	int code = lane_wait_slot(lane);

	if (!code)
		*bytes = next_slot(lane)->bytes;
	return code;
}

int lane_post(struct messages *messages, size_t start, const void *bytes, size_t length)
{
	struct lane *lane = lane_of(messages);
	struct lane_slot *slot = next_slot(lane);
	struct iovec parts[2] = {{slot->bytes, start}, {(void *)bytes, length}};
	void *desc[2] = {lane->mr ? fi_mr_desc(lane->mr) : NULL, lane_local_desc(lane)};
	bool inject = !length && start <= lane->client->inject;
	int again;

	do {
		memcheck_pause();
		ssize_t code =
			inject ? fi_inject(lane->ep, slot->bytes, start, 0)
			       : fi_sendv(lane->ep, parts, desc, length ? 2 : 1, 0, &slot->op);
		memcheck_resume();
		again = lane_posted(lane, code, "send");
	} while (again > 0);
	if (again)
		return again;
	slot->sending = !inject;
	return 0;
}
