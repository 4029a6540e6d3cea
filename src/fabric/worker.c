/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/peer_orders.h"
#include "fabric/slot.h"
#include "fabric/wait.h"

/* -- sending replies -- */

static void answer(struct worker *worker, struct serve_slot *slot)
{
	/* Send replies in order: if earlier replies wait to be sent, this one has to wait, too. */
	if (worker->unsent.first || !slot_send(slot))
		slot_queue_add(&worker->unsent, slot);
}

static void answer_unsent(struct worker *worker)
{
	struct served *served;

	while ((served = worker->unsent.first)) {
		if (!slot_of(served)->lane->broken && !slot_send(slot_of(served)))
			return;
		worker->unsent.first = served->next;
	}
	slot_queue_clear(&worker->unsent);
}

static void drain_and_answer(struct worker *worker)
{
	struct served *served = worker->undrained.first, *next;

	serve_drain(&worker->server->limits, served);
	for (; served; served = next) {
		next = served->next;
		answer(worker, slot_of(served));
	}
	slot_queue_clear(&worker->undrained);
}

/* -- handling completions -- */

static void take_message(struct worker *worker, struct serve_slot *slot, size_t size)
{
	struct serve_lane *lane = slot->lane;

	/*
	 * Acquire: pairs with the release by the thread that accepted the lane's connection.
	 */
	if (!atomic_load_explicit(&lane->served, memory_order_acquire) || lane->broken)
		return;
	slot->served.size = size;
	bool good = serve_message(&lane->server->limits, &slot->served, lane->sequence++);
	int code = -EPROTO;
	if (unlikely(!good))
		err_set(code, "lane %u: the initiator broke the protocol: %.*s", lane->number,
			DATA_TEXT_MAX, err_get());
	slot_queue_add(&worker->undrained, slot);
	if (unlikely(!good)) {
		lane->broken = true;
		target_fail(lane->server, code);
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
		target_fail(worker->server,
			err_set(-EPROTO,
				"lane %u: the initiator broke the protocol: a message of more than %u bytes",
				lane->number, worker->server->welcome.message_size));
	else if (!lane->broken)
		target_fail(worker->server,
			err_minor(LOG_WARNING, -ECONNRESET, "lane %u: connection lost: %s",
				lane->number, library.strerror(error.err)));
	lane->broken = true;
}

static bool take_completions(struct worker *worker)
{
	struct fi_cq_msg_entry entries[16];
	PEER_ORDERS_BEGIN; /* reading completions may write to the pool */
	ssize_t count = fi_cq_read(worker->cq, entries, sizeof(entries) / sizeof(*entries));
	PEER_ORDERS_END;

	if (count == -FI_EAGAIN)
		return false;
	if (count < 0)
		take_error(worker);
	for (ssize_t i = 0; i < count; i++) {
		struct serve_op *op = entries[i].op_context;
		if (op->kind == SERVE_MESSAGE)
			take_message(worker, op->slot, entries[i].len);
		else if (!op->slot->lane->broken)
			slot_post_again(op->slot);
	}
	return true;
}

/* Handle the completions that have arrived. Returns true if there were any. */
static bool progress(struct worker *worker)
{
	bool any = take_completions(worker);

	/*
	 * Handle completions until none is left, because providers return them one by one. The loop
	 * ends, because a slot receives no other message before its reply is sent.
	 */
	if (any && worker->server->args.store.slow_drain)
		while (take_completions(worker))
			continue;
	if (worker->undrained.first)
		drain_and_answer(worker);
	return any;
}

/* -- the worker's thread -- */

static void *work(void *context)
{
	struct worker *worker = context;
	struct fabric_server *server = worker->server;
	struct patience patience = {
		.poll_ns = server->args.poll_us * UINT64_C(1000), .learns = server->args.learns};
	struct wait wait = {
		.fabric = server->fabric,
		.object = &worker->cq->fid,
		.fds = {worker->cq_fd, server->stop_fd, -1},
		.timeout_ms = -1,
		.patience = &patience,
	};

	/*
	 * Tell the kernel not to end naps up to 50 us later than asked. They then end 36 us late,
	 * the time that it takes to wake the CPU, instead of 80 us (median of 1000 naps; Intel,
	 * family 6, model 207, virtual machine).
	 */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
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
			target_fail(server, code);
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

	slot_queue_clear(&worker->undrained);
	slot_queue_clear(&worker->unsent);
	if (!code)
		code = fi_control(&worker->cq->fid, FI_GETWAIT, &worker->cq_fd);
	return code ? fabric_failed(code, "cannot open the completion queue") : 0;
}

int worker_start(struct worker *worker)
{
	sigset_t all, before;

	sigfillset(&all);
	/*
	 * SIGBUS is not blocked, because a store to the pool may raise it. The pool's owner
	 * installs the handler.
	 */
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->started = !code;
	return code ? err_set(-code, "cannot start a thread: %s", strerror(code)) : 0;
}

void worker_close(struct worker *worker)
{
	if (worker->started)
		pthread_join(worker->thread, NULL);
	worker->started = false;
	fabric_close_fid(worker->cq);
}
