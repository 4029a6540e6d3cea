/* SPDX-License-Identifier: BSD-3-Clause */
/* lane.c - open a lane of the initiator, allocate its memory, and close it */
#include "fabric/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/unmap.h"

/*
 * Maximum number of unanswered messages on a lane. More would need larger queues, and would not be
 * faster.
 */
#define WINDOW_MAX 32
#define CQ_SIZE    (2 * WINDOW_MAX + 2 * LANE_PIECES)

int lane_open(struct lane *lane)
{
	struct fabric_client *client = lane->client;
	struct fi_cq_attr attributes = {
		.size = CQ_SIZE, .format = FI_CQ_FORMAT_MSG, .wait_obj = FI_WAIT_FD};
	int code;

	lane->patience.poll_ns = client->args.poll_us * UINT64_C(1000);
	lane->patience.learns = client->args.learns;
	lane->write_op.kind = LANE_WRITE;
	lane->read_op.kind = LANE_READ;
	if ((code = fi_cq_open(client->domain, &attributes, &lane->cq, NULL)))
		return fabric_failed(code, "%s: cannot open the completion queue of lane %u",
			client->name, lane->number);
	if ((code = fi_control(&lane->cq->fid, FI_GETWAIT, &lane->cq_fd)))
		return fabric_failed(code, "%s: cannot get a file descriptor for lane %u",
			client->name, lane->number);
	if ((code = fi_endpoint(client->domain, client->info, &lane->ep, NULL)) ||
		(code = fi_ep_bind(lane->ep, &client->eq->fid, 0)) ||
		(code = fi_ep_bind(lane->ep, &lane->cq->fid, FI_TRANSMIT | FI_RECV)) ||
		(code = fi_enable(lane->ep)))
		return fabric_failed(code, "%s: cannot open the endpoint of lane %u", client->name,
			lane->number);
	return 0;
}

/*
 * All memory of a lane is one block, so that two lanes share neither cache lines nor
 * registrations.
 */
static int get_memory(struct lane *lane)
{
	unsigned window = lane->target.window;
	size_t slots = window * sizeof(struct lane_slot);
	size_t replies = window * sizeof(struct lane_reply);
	size_t wanted = window * sizeof(struct messages_wanted);
	size_t gather = lane->messages.gather;
	size_t buffers = window * (gather + lane->reply_size) + sizeof(uint64_t);

	lane->memory_size = slots + replies + wanted + buffers;
	lane->memory = mmap(NULL, lane->memory_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (lane->memory == MAP_FAILED) {
		lane->memory = NULL;
		return err_sys("%s: cannot allocate %zu bytes for lane %u", lane->client->name,
			lane->memory_size, lane->number);
	}
	lane->slots = lane->memory;
	lane->replies = (struct lane_reply *)((char *)lane->memory + slots);
	lane->messages.wanted = (struct messages_wanted *)((char *)lane->memory + slots + replies);
	uint8_t *bytes = (uint8_t *)lane->memory + slots + replies + wanted;
	lane->scratch = bytes;
	bytes += sizeof(uint64_t);
	for (unsigned i = 0; i < window; i++) {
		lane->slots[i].op.kind = LANE_SEND;
		lane->slots[i].bytes = bytes;
		lane->replies[i].op.kind = LANE_REPLY;
		lane->replies[i].bytes =
			bytes + window * gather - i * gather + i * lane->reply_size;
		bytes += gather;
	}
	return 0;
}

static int register_memory(struct lane *lane)
{
	if (!lane->client->must_register)
		return 0;
	int code = fi_mr_reg(lane->client->domain, lane->memory, lane->memory_size,
		FI_SEND | FI_RECV | FI_READ | FI_WRITE, 0, lane->number + 1, 0, &lane->mr, NULL);
	return code ? fabric_failed(code, "%s: cannot register the memory of lane %u",
			      lane->client->name, lane->number)
		    : 0;
}

/*
 * Limit the window (the number of unanswered messages) to what the caller wants and to the length
 * of the receive queue: the reply to each message needs an entry there.
 */
static void shorten_window(struct lane *lane)
{
	size_t queue = lane->client->info->rx_attr->size;
	size_t most = lane->client->args.window;

	if (!most || most > WINDOW_MAX)
		most = WINDOW_MAX;
	if (queue && most > queue)
		most = queue;
	if (lane->target.window > most)
		lane->target.window = (uint16_t)most;
}

int lane_begin(struct lane *lane, const struct data_welcome *welcome)
{
	struct fabric_client *client = lane->client;
	int code;

	lane->target = *welcome;
	shorten_window(lane);
	/*
	 * If the caller's memory cannot be registered, bytes are copied to messages in the lane's
	 * own memory.
	 */
	bool copies = client->must_register && !client->local_mr;
	size_t gather = copies || welcome->message_size < MESSAGES_GATHER ? welcome->message_size
									  : MESSAGES_GATHER;
	lane->reply_size = DATA_REPLY_SIZE + DATA_TEXT_MAX;
	if (!client->reads_by_adapter)
		lane->reply_size = DATA_REPLY_SIZE + welcome->message_size;
	/* Replies are read in words of 8 bytes, so their size is rounded up to whole words. */
	lane->reply_size = data_padded(lane->reply_size);
	lane->messages.client = &client->base;
	lane->messages.number = lane->number;
	lane->messages.window = lane->target.window;
	lane->messages.message_size = welcome->message_size;
	lane->messages.gather = messages_gather(gather);
	lane->messages.copies = copies;
	if ((code = get_memory(lane)) || (code = register_memory(lane)))
		return code;
	for (unsigned i = 0; !code && i < lane->target.window; i++)
		code = lane_post_reply(lane, &lane->replies[i]);
	lane->connected = !code;
	return code;
}

void lane_abandon(struct lane *lane)
{
	unmap(lane->memory, lane->memory_size);
	free(lane);
}

void lane_close(struct lane *lane)
{
	fabric_close_fid(lane->ep);
	fabric_close_fid(lane->cq);
	fabric_close_fid(lane->mr);
	lane_abandon(lane);
}
