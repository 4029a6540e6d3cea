/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker.c - a thread of the target: takes the messages of its lanes, and answers them
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fabric/server.h"
#include "fabric/wait.h"

int serve_post(struct serve_slot *slot)
{
	struct fabric_server *server = slot->lane->server;
	void *desc = server->buffers_mr ? fi_mr_desc(server->buffers_mr) : NULL;
	ssize_t code = fi_recv(slot->lane->ep, slot->message, server->welcome.message_size, desc, 0,
		&slot->message_op);

	return code ? fabric_failed(code, "lane %u: receive", slot->lane->number) : 0;
}

/* Room for the next message. If the connection is gone, its events say so. */
static void post_again(struct serve_slot *slot)
{
	if (serve_post(slot))
		slot->lane->broken = true;
}

/* -- replies -- */

/* False if the adapter has no room for it now. */
static bool send_reply(struct serve_slot *slot)
{
	struct fabric_server *server = slot->lane->server;
	struct fid_ep *ep = slot->lane->ep;
	void *desc[2] = {server->buffers_mr ? fi_mr_desc(server->buffers_mr) : NULL, NULL};
	struct iovec parts[2] = {
		{slot->reply, slot->reply_length}, {(void *)slot->bytes, slot->length}};
	bool inject = !slot->length && slot->reply_length <= server->inject;
	ssize_t code = inject ? fi_inject(ep, slot->reply, slot->reply_length, 0)
			      : fi_sendv(ep, parts, desc, slot->length ? 2 : 1, 0, &slot->reply_op);

	if (code == -FI_EAGAIN)
		return false;
	if (code)
		slot->lane->broken = true;
	else if (inject)
		post_again(slot);
	return true;
}

static void queue_clear(struct serve_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_add(struct serve_queue *queue, struct serve_slot *slot)
{
	slot->next = NULL;
	*queue->end = slot;
	queue->end = &slot->next;
}

static void answer(struct worker *worker, struct serve_slot *slot)
{
	/* In order, behind those that wait already. */
	if (worker->unsent.first || !send_reply(slot))
		queue_add(&worker->unsent, slot);
}

static void answer_unsent(struct worker *worker)
{
	struct serve_slot *slot;

	while ((slot = worker->unsent.first)) {
		if (!slot->lane->broken && !send_reply(slot))
			return;
		worker->unsent.first = slot->next;
	}
	queue_clear(&worker->unsent);
}

/*
 * One drain makes durable what all messages that were there have brought: what they wait for
 * together they wait for once. If it fails, it has failed for each of them: nobody can say which
 * of them it was.
 */
static void drain_and_answer(struct worker *worker)
{
	const struct fabric_store *store = &worker->server->args.store;
	char sentence[DATA_TEXT_MAX + 1] = "";
	struct serve_slot *slot, *next;
	bool any = false;

	for (slot = worker->undrained.first; slot; slot = slot->next)
		any |= slot->stored;
	int drained = any ? store->drain(store->context) : 0;
	if (unlikely(drained))
		snprintf(sentence, sizeof(sentence), "%s", err_get());
	for (slot = worker->undrained.first; slot; slot = next) {
		next = slot->next;
		if (unlikely(drained))
			err_put_back(sentence);
		serve_reply(slot, drained);
		answer(worker, slot);
	}
	queue_clear(&worker->undrained);
}

/* -- completions -- */

static void take_message(struct worker *worker, struct serve_slot *slot, size_t size)
{
	struct serve_lane *lane = slot->lane;

	/* Acquire: pairs with the release by the thread that has made the lane. */
	if (!atomic_load_explicit(&lane->served, memory_order_acquire) || lane->broken)
		return;
	bool good = serve_message(slot, size);
	int code = -EPROTO;
	if (unlikely(!good))
		err_set(code, "lane %u: the initiator broke the protocol: %.*s", lane->number,
			DATA_TEXT_MAX, err_get());
	queue_add(&worker->undrained, slot);
	if (unlikely(!good)) {
		lane->broken = true;
		server_fail(lane->server, code);
	}
}

static void take_error(struct worker *worker)
{
	struct fi_cq_err_entry error = {0};

	if (fi_cq_readerr(worker->cq, &error, 0) < 0 || !error.op_context)
		return;
	struct serve_op *op = error.op_context;
	struct serve_lane *lane = op->slot->lane;
	if (!lane->broken && (error.err == FI_ETRUNC || error.err == FI_EMSGSIZE))
		server_fail(worker->server,
			err_set(-EPROTO,
				"lane %u: the initiator broke the protocol: a message of more "
				"than %u bytes",
				lane->number, worker->server->welcome.message_size));
	else if (!lane->broken)
		server_fail(worker->server,
			err_minor(LOG_WARNING, -ECONNRESET, "lane %u: connection lost: %s",
				lane->number, library.strerror(error.err)));
	lane->broken = true;
}

static bool take_completions(struct worker *worker)
{
	struct fi_cq_msg_entry entries[16];
	ssize_t count = fi_cq_read(worker->cq, entries, sizeof(entries) / sizeof(*entries));

	if (count == -FI_EAGAIN)
		return false;
	if (count < 0)
		take_error(worker);
	for (ssize_t i = 0; i < count; i++) {
		struct serve_op *op = entries[i].op_context;
		if (op->kind == SERVE_MESSAGE)
			take_message(worker, op->slot, entries[i].len);
		else if (!op->slot->lane->broken)
			post_again(op->slot);
	}
	return true;
}

/* Whether there was anything. */
static bool progress(struct worker *worker)
{
	bool any = take_completions(worker);

	/* Providers hand over one at a time. This ends: no slot takes another message meanwhile. */
	if (any && worker->server->args.store.slow_drain)
		while (take_completions(worker))
			continue;
	if (worker->undrained.first)
		drain_and_answer(worker);
	return any;
}

/* -- the thread -- */

static void *work(void *context)
{
	struct worker *worker = context;
	struct fabric_server *server = worker->server;
	struct wait wait = {
		.fabric = server->fabric,
		.object = &worker->cq->fid,
		.fds = {worker->cq_fd, server->stop_fd, -1},
		.timeout_ms = -1,
		.poll_us = server->args.poll_us,
	};

	wait_start(&wait);
	while (!atomic_load_explicit(&server->stop, memory_order_relaxed)) {
		bool any = progress(worker);
		if (worker->unsent.first)
			answer_unsent(worker);
		if (any || worker->unsent.first) {
			wait_start(&wait);
			continue;
		}
		int code = wait_more(&wait);
		if (code && code != -ECONNRESET) {
			server_fail(server, code);
			break;
		}
	}
	return NULL;
}

int worker_open(struct worker *worker)
{
	struct fabric_server *server = worker->server;
	unsigned lanes = (server->args.nlanes + server->nworkers - 1) / server->nworkers;
	struct fi_cq_attr attributes = {
		.size = lanes * (size_t)(2 * server->welcome.window + 2),
		.format = FI_CQ_FORMAT_MSG,
		.wait_obj = FI_WAIT_FD,
	};
	int code = fi_cq_open(server->domain, &attributes, &worker->cq, NULL);

	queue_clear(&worker->undrained);
	queue_clear(&worker->unsent);
	if (!code)
		code = fi_control(&worker->cq->fid, FI_GETWAIT, &worker->cq_fd);
	return code ? fabric_failed(code, "completion queue") : 0;
}

int worker_start(struct worker *worker)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->started = !code;
	return code ? err_set(-code, "no thread: %s", strerror(code)) : 0;
}

void worker_close(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
	fabric_close_fid(worker->cq);
}
