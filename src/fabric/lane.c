/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lane.c - one lane of the initiator: memory and messages
 */
#include "fabric/client.h"

#include <errno.h>
#include <rdma/fi_errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fabric/wait.h"

/* More would need larger queues, and helps nobody. */
#define WINDOW_MAX 32
#define CQ_SIZE    (2 * WINDOW_MAX + 2 * LANE_PIECES)

/* -- setting up -- */

int lane_open(struct lane *lane)
{
	struct fabric_client *client = lane->client;
	struct fi_cq_attr attributes = {
		.size = CQ_SIZE, .format = FI_CQ_FORMAT_MSG, .wait_obj = FI_WAIT_FD};
	int code;

	lane->write_op.kind = LANE_WRITE;
	lane->read_op.kind = LANE_READ;
	if ((code = fi_cq_open(client->domain, &attributes, &lane->cq, NULL)))
		return fabric_failed(
			code, "%s: completion queue of lane %u", client->name, lane->number);
	if ((code = fi_control(&lane->cq->fid, FI_GETWAIT, &lane->cq_fd)))
		return fabric_failed(code, "%s: descriptor of lane %u", client->name, lane->number);
	if ((code = fi_endpoint(client->domain, client->info, &lane->ep, NULL)) ||
		(code = fi_ep_bind(lane->ep, &client->eq->fid, 0)) ||
		(code = fi_ep_bind(lane->ep, &lane->cq->fid, FI_TRANSMIT | FI_RECV)) ||
		(code = fi_enable(lane->ep)))
		return fabric_failed(code, "%s: endpoint of lane %u", client->name, lane->number);
	return 0;
}

/* One block for all of the lane, so that lanes share neither cache lines nor registrations. */
static int get_memory(struct lane *lane)
{
	unsigned window = lane->target.window;
	size_t slots = window * sizeof(struct lane_slot);
	size_t replies = window * sizeof(struct lane_reply);
	size_t buffers = window * (lane->gather + lane->reply_size) + sizeof(uint64_t);

	lane->memory_size = slots + replies + buffers;
	lane->memory = mmap(NULL, lane->memory_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (lane->memory == MAP_FAILED) {
		lane->memory = NULL;
		return err_sys("%s: %zu bytes for lane %u", lane->client->name, lane->memory_size,
			lane->number);
	}
	lane->slots = lane->memory;
	lane->replies = (struct lane_reply *)((char *)lane->memory + slots);
	uint8_t *bytes = (uint8_t *)lane->memory + slots + replies;
	lane->scratch = bytes;
	bytes += sizeof(uint64_t);
	for (unsigned i = 0; i < window; i++) {
		lane->slots[i].op.kind = LANE_SEND;
		lane->slots[i].bytes = bytes;
		lane->replies[i].op.kind = LANE_REPLY;
		lane->replies[i].bytes =
			bytes + window * lane->gather - i * lane->gather + i * lane->reply_size;
		bytes += lane->gather;
	}
	return 0;
}

static int register_memory(struct lane *lane)
{
	if (!lane->client->must_register)
		return 0;
	int code = fi_mr_reg(lane->client->domain, lane->memory, lane->memory_size,
		FI_SEND | FI_RECV | FI_READ | FI_WRITE, 0, lane->number + 1, 0, &lane->mr, NULL);
	return code ? fabric_failed(code, "%s: registration of the memory of lane %u",
			      lane->client->name, lane->number)
		    : 0;
}

static int post_reply(struct lane *lane, struct lane_reply *reply)
{
	ssize_t code = fi_recv(lane->ep, reply->bytes, lane->reply_size,
		lane->mr ? fi_mr_desc(lane->mr) : NULL, 0, &reply->op);

	return code ? fabric_failed(
			      code, "%s: receive on lane %u", lane->client->name, lane->number)
		    : 0;
}

int lane_begin(struct lane *lane, const struct data_welcome *welcome)
{
	struct fabric_client *client = lane->client;
	int code;

	lane->target = *welcome;
	unsigned most = lane->client->args.window;
	if (!most || most > WINDOW_MAX)
		most = WINDOW_MAX;
	if (lane->target.window > most)
		lane->target.window = (uint16_t)most;
	/* Where the caller's memory cannot be registered, a message is built whole in ours. */
	bool copies = client->must_register && !client->local_mr;
	lane->gather =
		copies || welcome->message_size < LANE_GATHER ? welcome->message_size : LANE_GATHER;
	lane->reply_size = DATA_REPLY_SIZE + DATA_TEXT_MAX;
	if (!client->reads_by_adapter)
		lane->reply_size = DATA_REPLY_SIZE + welcome->message_size;
	/* Records are read and bytes are copied as words of 8. */
	lane->gather = data_padded(lane->gather);
	lane->reply_size = data_padded(lane->reply_size);
	if ((code = get_memory(lane)) || (code = register_memory(lane)))
		return code;
	for (unsigned i = 0; !code && i < lane->target.window; i++)
		code = post_reply(lane, &lane->replies[i]);
	lane->connected = !code;
	return code;
}

void lane_close(struct lane *lane)
{
	fabric_close_fid(lane->ep);
	fabric_close_fid(lane->cq);
	fabric_close_fid(lane->mr);
	if (lane->memory)
		munmap(lane->memory, lane->memory_size);
	free(lane);
}

/* -- completions -- */

static int broken(struct lane *lane, const char *what)
{
	struct fabric_client *client = lane->client;

	return client_end(client, err_set(-EPROTO, "%s: lane %u: the target broke the protocol: %s",
					  client->name, lane->number, what));
}

static void keep_failure(struct lane *lane, const struct data_reply *reply, const char *text)
{
	if (lane->failure)
		return;
	lane->failure = -data_errno_of(reply->status);
	memcpy(lane->text, text, reply->text_length);
	lane->text[reply->text_length] = '\0';
}

static int take_reply(struct lane *lane, struct lane_reply *at, size_t length)
{
	struct lane_slot *slot = &lane->slots[lane->answered % lane->target.window];
	struct data_reply reply;
	const char *text;
	const uint8_t *bytes;

	if (!data_get_reply(&reply, &text, &bytes, at->bytes, length))
		return broken(lane, "a reply that is none");
	if (lane->answered == lane->next || reply.sequence != lane->answered)
		return broken(lane, "a reply to nothing that was sent");
	if (reply.length != (slot->to && !reply.status ? slot->length : 0))
		return broken(lane, "a reply of a wrong length");
	if (reply.status)
		keep_failure(lane, &reply, text);
	if (reply.status == DATA_PROTOCOL)
		return broken(lane, lane->text);
	if (reply.length)
		memcpy(slot->to, bytes, reply.length);
	slot->to = NULL;
	lane->answered++;
	return post_reply(lane, at);
}

static int take_completion(struct lane *lane, const struct fi_cq_msg_entry *entry)
{
	struct lane_op *op = entry->op_context;

	switch (op->kind) {
	case LANE_SEND:
		((struct lane_slot *)op)->sending = false;
		return 0;
	case LANE_WRITE:
		lane->writes--;
		return 0;
	case LANE_READ:
		lane->reads--;
		return 0;
	case LANE_REPLY:
		return take_reply(lane, (struct lane_reply *)op, entry->len);
	}
	return 0;
}

static int take_error(struct lane *lane)
{
	struct fabric_client *client = lane->client;
	struct fi_cq_err_entry error = {0};

	if (fi_cq_readerr(lane->cq, &error, 0) < 0)
		error.err = FI_EIO;
	if (error.err == FI_ETRUNC || error.err == FI_EMSGSIZE)
		return broken(lane, "a reply that is too long");
	return client_end(client, err_set(-ECONNRESET, "%s: lane %u: connection lost: %s",
					  client->name, lane->number, library.strerror(error.err)));
}

/* Take what is completed: how many, or -errno and the client has ended. */
static int progress(void *context)
{
	struct lane *lane = context;
	struct fi_cq_msg_entry entries[8];
	ssize_t count = fi_cq_read(lane->cq, entries, sizeof(entries) / sizeof(*entries));

	if (count == -FI_EAGAIN)
		return 0;
	if (count < 0)
		return take_error(lane);
	for (ssize_t i = 0; i < count; i++) {
		int code = take_completion(lane, &entries[i]);
		if (code)
			return code;
	}
	return (int)count;
}

/* -- waiting -- */

static bool all_answered(const struct lane *lane)
{
	return lane->answered == lane->next && !lane->writes && !lane->reads;
}

static bool all_sent(const struct lane *lane)
{
	if (lane->writes)
		return false;
	for (unsigned i = 0; i < lane->target.window; i++)
		if (lane->slots[i].sending)
			return false;
	return true;
}

static bool slot_free(const struct lane *lane)
{
	return lane->next - lane->answered < lane->target.window &&
	       !lane->slots[lane->next % lane->target.window].sending;
}

static bool piece_free(const struct lane *lane)
{
	return lane->writes + lane->reads < LANE_PIECES;
}

/* What a full queue of the adapter waits for: anything. */
static bool never(const struct lane *lane)
{
	(void)lane;
	return false;
}

static int ended_while_waiting(struct lane *lane, int code)
{
	struct fabric_client *client = lane->client;

	if (code == -ETIMEDOUT)
		err_set(code, "%s: lane %u: no answer within %d ms", client->name, lane->number,
			client->args.timeout_ms);
	else if (code == -ECONNRESET && !atomic_load(&client->dead))
		err_set(code, "%s: the target is gone", client->name);
	return client_end(client, code);
}

/* Wait until `done`, or, if `once`, until anything was completed. */
static int wait_for(struct lane *lane, bool (*done)(const struct lane *), bool once)
{
	struct fabric_client *client = lane->client;
	struct fid *object = &lane->cq->fid;
	struct wait wait = {
		.fabric = client->fabric,
		.object = object,
		.fds = {lane->cq_fd, client->dead_fd, client->args.hangup_fd},
		.timeout_ms = client->args.timeout_ms,
		.poll_us = client->args.poll_us,
	};

	wait_start(&wait);
	while (!done(lane)) {
		int count = progress(lane);
		if (count < 0)
			return count;
		if (count && once)
			return 0;
		if (count) {
			wait_start(&wait);
			continue;
		}
		int code = wait_more(&wait);
		if (code)
			return ended_while_waiting(lane, code);
	}
	return 0;
}

int lane_wait(struct lane *lane)
{
	return wait_for(lane, all_answered, false);
}

int lane_wait_sent(struct lane *lane)
{
	return wait_for(lane, all_sent, false);
}

/* After a post that returned `code`: 0 to go on, 1 to post again, or -errno. */
static int posted(struct lane *lane, ssize_t code, const char *what)
{
	struct fabric_client *client = lane->client;

	if (!code)
		return 0;
	if (code == -FI_EAGAIN) {
		int error = wait_for(lane, never, true);
		return error ? error : 1;
	}
	err_set(-ECONNRESET, "%s: lane %u: %s: %s", client->name, lane->number, what,
		library.strerror((int)-code));
	return client_end(client, -ECONNRESET);
}

/* -- messages -- */

static struct lane_slot *next_slot(struct lane *lane)
{
	return &lane->slots[lane->next % lane->target.window];
}

static int open_message(struct lane *lane)
{
	if (lane->open)
		return 0;
	int code = wait_for(lane, slot_free, false);
	if (code)
		return code;
	lane->out = writer_on(next_slot(lane)->bytes, lane->gather);
	put_space(&lane->out, DATA_HEADER_SIZE);
	lane->records = 0;
	lane->open = true;
	return 0;
}

static void *local_desc(const struct lane *lane)
{
	return lane->client->local_mr ? fi_mr_desc(lane->client->local_mr) : NULL;
}

/* Send the open message, and `length` bytes of the caller's behind it. */
static int send_with(struct lane *lane, enum data_kind kind, const void *bytes, size_t length)
{
	struct lane_slot *slot = next_slot(lane);
	size_t start = writer_length(&lane->out);
	struct data_header header = {kind, lane->records, lane->next};
	struct iovec parts[2] = {{slot->bytes, start}, {(void *)bytes, length}};
	void *desc[2] = {lane->mr ? fi_mr_desc(lane->mr) : NULL, local_desc(lane)};
	bool inject = !length && start <= lane->client->inject;
	int again;

	data_put_header(slot->bytes, &header);
	do {
		ssize_t code =
			inject ? fi_inject(lane->ep, slot->bytes, start, 0)
			       : fi_sendv(lane->ep, parts, desc, length ? 2 : 1, 0, &slot->op);
		again = posted(lane, code, "send");
	} while (again > 0);
	if (again)
		return again;
	slot->sending = !inject;
	lane->next++;
	lane->open = false;
	return 0;
}

int lane_send(struct lane *lane)
{
	return lane->open ? send_with(lane, DATA_BATCH, NULL, 0) : 0;
}

int lane_ask(struct lane *lane)
{
	int code = open_message(lane);

	return code ? code : lane_send(lane);
}

/* Make room for a record and `length` bytes in the open message, if need be in the next one. */
static int make_room(struct lane *lane, size_t length)
{
	int code;

	if (lane->open &&
		(writer_room(&lane->out) < DATA_RECORD_SIZE + length ||
			lane->records == UINT16_MAX) &&
		(code = lane_send(lane)))
		return code;
	return open_message(lane);
}

static void add_record(struct lane *lane, enum data_action action, size_t offset, uint32_t length)
{
	struct data_record record = {offset, length, (uint16_t)action};

	data_put_record(&lane->out, &record);
	lane->records++;
}

static int copy_store(struct lane *lane, size_t offset, size_t length)
{
	int code = make_room(lane, data_padded(length));

	if (code)
		return code;
	add_record(lane, DATA_STORE, offset, (uint32_t)length);
	uint8_t *to = put_space(&lane->out, data_padded(length));
	size_t padding = data_padded(length) - length;
	memcpy(to, (const char *)lane->client->args.local + offset, length);
	memset(to + length, 0, padding);
	return 0;
}

/* How much of it one message takes: cut where no word of the pool is split, nor a page of many. */
static size_t cut(size_t offset, size_t length, size_t room)
{
	size_t grain = room >= 8192 ? 4096 : 8;

	return length <= room ? length : ((offset + room) & ~(grain - 1)) - offset;
}

/* A message whose last bytes are taken from where they are. */
static int refer_store(struct lane *lane, size_t offset, size_t length)
{
	const char *from = (const char *)lane->client->args.local;
	size_t most = lane->target.message_size - DATA_RECORD_SIZE;

	while (length) {
		/* What was gathered goes first if it leaves too little. */
		int code = lane->open && writer_length(&lane->out) > DATA_MESSAGE_MIN / 4
				   ? lane_send(lane)
				   : 0;
		if (code || (code = make_room(lane, 0)))
			return code;
		size_t part = cut(offset, length, most - writer_length(&lane->out));
		add_record(lane, DATA_STORE, offset, (uint32_t)part);
		if ((code = send_with(lane, DATA_BATCH, from + offset, part)))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

/* The same where the caller's memory is not registered. */
static int copy_all(struct lane *lane, size_t offset, size_t length)
{
	size_t most = (lane->gather - DATA_HEADER_SIZE - DATA_RECORD_SIZE) & ~(size_t)7;

	while (length) {
		size_t part = cut(offset, length, most);
		int code = copy_store(lane, offset, part);
		if (code || (part == most && (code = lane_send(lane))))
			return code;
		offset += part;
		length -= part;
	}
	return 0;
}

int lane_store(struct lane *lane, size_t offset, size_t length)
{
	if (length <= LANE_COPY_MAX && length + DATA_HEADER_SIZE + DATA_RECORD_SIZE <= lane->gather)
		return copy_store(lane, offset, length);
	if (lane->client->must_register && !lane->client->local_mr)
		return copy_all(lane, offset, length);
	return refer_store(lane, offset, length);
}

int lane_note(struct lane *lane, enum data_action action, size_t offset, size_t length)
{
	while (length) {
		uint32_t part = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX & ~7u;
		int code = make_room(lane, 0);
		if (code)
			return code;
		add_record(lane, action, offset, part);
		offset += part;
		length -= part;
	}
	return 0;
}

int lane_read_message(struct lane *lane, void *to, size_t offset, size_t length)
{
	char *at = to;
	int code = lane_send(lane);

	while (!code && length) {
		size_t part =
			length < lane->target.message_size ? length : lane->target.message_size;
		if ((code = open_message(lane)))
			break;
		struct lane_slot *slot = next_slot(lane);
		add_record(lane, (enum data_action)0, offset, (uint32_t)part);
		slot->to = (uint8_t *)at;
		slot->length = part;
		code = send_with(lane, DATA_READ, NULL, 0);
		at += part;
		offset += part;
		length -= part;
	}
	return code;
}

/* -- the adapter's own reads and writes -- */

static int write_piece(struct lane *lane, size_t offset, size_t length, uint64_t flags)
{
	struct iovec part = {(char *)lane->client->args.local + offset, length};
	struct fi_rma_iov to = {lane->target.write_base + offset, length, lane->target.write_key};
	void *desc = local_desc(lane);
	struct fi_msg_rma message = {
		.msg_iov = &part,
		.desc = &desc,
		.iov_count = 1,
		.rma_iov = &to,
		.rma_iov_count = 1,
		.context = &lane->write_op,
	};
	int again = wait_for(lane, piece_free, false);

	if (again)
		return again;
	do {
		again = posted(
			lane, fi_writemsg(lane->ep, &message, flags | FI_COMPLETION), "write");
	} while (again > 0);
	lane->writes += !again;
	return again;
}

int lane_write(struct lane *lane, size_t offset, size_t length, uint64_t flags)
{
	while (length) {
		size_t part = length < LANE_PIECE ? length : LANE_PIECE;
		int code = write_piece(lane, offset, part, flags);
		if (code)
			return code;
		lane->written = offset;
		lane->unconfirmed = true;
		offset += part;
		length -= part;
	}
	return 0;
}

static int read_piece(struct lane *lane, void *to, size_t offset, size_t length)
{
	int again = wait_for(lane, piece_free, false);

	if (again)
		return again;
	do {
		ssize_t code = fi_read(lane->ep, to, length, lane->mr ? fi_mr_desc(lane->mr) : NULL,
			0, lane->target.read_base + offset, lane->target.read_key, &lane->read_op);
		again = posted(lane, code, "read");
	} while (again > 0);
	lane->reads += !again;
	return again;
}

int lane_read(struct lane *lane, void *to, size_t offset, size_t length)
{
	char *at = to;

	while (length) {
		size_t part = length < LANE_PIECE ? length : LANE_PIECE;
		int code = read_piece(lane, at, offset, part);
		if (code)
			return code;
		at += part;
		offset += part;
		length -= part;
	}
	return 0;
}

int lane_read_back(struct lane *lane)
{
	size_t last = lane->client->args.size - sizeof(uint64_t);

	lane->unconfirmed = false;
	return read_piece(
		lane, lane->scratch, lane->written < last ? lane->written : last, sizeof(uint64_t));
}
