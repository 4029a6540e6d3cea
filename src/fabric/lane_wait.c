/* SPDX-License-Identifier: BSD-3-Clause */
/* lane_wait.c - handle the completions of a lane's operations, and wait for them */
#include "fabric/lane.h"

#include <errno.h>
#include <rdma/fi_errno.h>

#include "base/memcheck.h"
#include "fabric/wait.h"

/* -- handling completions -- */

int lane_post_reply(struct lane *lane, struct lane_reply *reply)
{
	ssize_t code = fi_recv(lane->ep, reply->bytes, lane->reply_size,
		lane->mr ? fi_mr_desc(lane->mr) : NULL, 0, &reply->op);

	/*
	 * The receive queue has room, so EAGAIN means that the connection is lost: libfabric 2.1
	 * reports it in this way.
	 */
	if (code == -FI_EAGAIN)
		code = -FI_ECONNRESET;
	return code ? fabric_failed(code, "%s: cannot receive on lane %u", lane->client->name,
			      lane->number)
		    : 0;
}

static int broken(struct lane *lane, const char *what)
{
	struct fabric_client *client = lane->client;

	return link_end(client, err_set(-EPROTO, "%s: lane %u: the target broke the protocol: %s",
					client->name, lane->number, what));
}

static int take_reply(struct lane *lane, struct lane_reply *at, size_t length)
{
	const char *wrong =
		messages_take_reply(&lane->messages, lane->messages.next, at->bytes, length);

	return wrong ? broken(lane, wrong) : lane_post_reply(lane, at);
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
	return link_end(client, err_set(-ECONNRESET, "%s: lane %u: connection lost: %s",
					client->name, lane->number, library.strerror(error.err)));
}

/*
 * Handle the completions that have arrived. Returns their number, or -errno if the client has
 * ended.
 */
static int progress(void *context)
{
	struct lane *lane = context;
	struct fi_cq_msg_entry entries[8];
	memcheck_pause(); /* libfabric may delay the sending of posted bytes until this call */
	ssize_t count = fi_cq_read(lane->cq, entries, sizeof(entries) / sizeof(*entries));
	memcheck_resume();

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

/*
 * End the client, because a call on the lane has failed. The adapter may still write to the
 * caller's memory, which the caller reuses after the call. Only closing the endpoint stops that
 * for certain; the lane is useless anyway. Reading into a buffer of the lane instead would cost
 * one more copy for each read that succeeds.
 */
static int fail(struct lane *lane, int code)
{
	int first = link_end(lane->client, code);

	if (lane->reads)
		fabric_close_fid(lane->ep);
	return first;
}

/* -- waiting for completions -- */

static bool all_answered(const struct lane *lane)
{
	return lane->messages.answered == lane->messages.next && !lane->writes && !lane->reads;
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

/* Returns true if another message may be sent, according to L2 of messages.h. */
static bool slot_free(const struct lane *lane)
{
	return lane->messages.next - lane->messages.answered < lane->target.window &&
	       !lane->slots[lane->messages.next % lane->target.window].sending;
}

static bool piece_free(const struct lane *lane)
{
	return lane->writes + lane->reads < LANE_PIECES;
}

/* A condition that is never true: wait_for() with `once` then returns after any completion. */
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
	return fail(lane, code);
}

/* Wait until `done` returns true. If `once`, wait only until one operation was completed. */
static int wait_for(struct lane *lane, bool (*done)(const struct lane *), bool once)
{
	struct fabric_client *client = lane->client;
	struct fid *object = &lane->cq->fid;
	struct wait wait = {
		.fabric = client->fabric,
		.object = object,
		.fds = {lane->cq_fd, client->dead_fd, client->args.hangup_fd},
		.timeout_ms = client->args.timeout_ms,
		.patience = &lane->patience,
	};

	wait_start(&wait);
	while (!done(lane)) {
		int count = progress(lane);
		if (count < 0)
			return fail(lane, count);
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

int lane_wait_slot(struct lane *lane)
{
	return wait_for(lane, slot_free, false);
}

int lane_wait_piece(struct lane *lane)
{
	return wait_for(lane, piece_free, false);
}

int lane_posted(struct lane *lane, ssize_t code, const char *what)
{
	struct fabric_client *client = lane->client;

	if (!code)
		return 0;
	if (code == -FI_EAGAIN) {
		messages_count_retry(&lane->messages);
		int error = wait_for(lane, never, true);
		return error ? error : 1;
	}
	err_set(-ECONNRESET, "%s: lane %u: %s: %s", client->name, lane->number, what,
		library.strerror((int)-code));
	return fail(lane, -ECONNRESET);
}
