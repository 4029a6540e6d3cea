/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * server.c - the target's end of lanes in a stream
 *
 * The thread that reads the stream, the *reader*, executes a message by itself as long as that is
 * quick: to hand it to another thread would cost more than a small message. While drains are slow,
 * workers execute them, so that lanes are served side by side and the reader goes on reading. A
 * lane has one worker, which keeps its messages in order.
 *
 * The members `mark` and `sequence` of a lane are used only by the thread that executes the lane's
 * messages: by the reader while `held` is 0, else by the lane's worker. A worker's queue has a
 * lock.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "lanes/serve.h"
#include "stream/stream.h"
#include "wire/control.h"

/*
 * The maximum number of unanswered messages of a lane. If there are many lanes, the limit is
 * lower, so that the messages waiting for workers take less than MEMORY_LIMIT bytes.
 */
#define WINDOW       32
#define WINDOW_MIN   2
#define MEMORY_LIMIT ((size_t)128 << 20)

/* In ns: the reader executes messages as long as they take less than this on average. */
#define QUICK_NS UINT64_C(200000)
/*
 * In ns: the average time that a message is assumed to take at first, if drains are expected to be
 * slow.
 */
#define SLOW_NS UINT64_C(1000000)

struct stream_server;

struct serve_lane {
	uint64_t mark;          /* epoch when the lane's last drain began (struct lanes_store) */
	uint32_t sequence;      /* of the next message */
	bool broken;            /* the peer broke the protocol: no more messages are accepted */
	atomic_uint held;       /* messages that the worker has not yet executed and answered */
	atomic_uint unanswered; /* messages whose reply the worker has not begun to send */
};

/* A message that waits for a worker. */
struct arrived {
	struct served served; /* the first member */
	struct serve_lane *lane;
	uint8_t reply[SERVE_REPLY_SIZE];
	uint64_t words[]; /* the message, aligned to 8 bytes */
};

struct worker {
	struct stream_server *server;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t news; /* a message was added, or `stop` was set */
	struct served *first, **end;
	bool stop;
};

struct stream_server {
	struct lanes_server base;
	struct stream_server_args args;
	struct serve_limits limits;
	unsigned window, nworkers;
	struct serve_lane *lanes;
	struct worker *workers;
	void *aligned;         /* the reader's copy of a message that is not aligned */
	_Atomic uint64_t cost; /* time that a message takes, in ns: the average of the last few */

	/* Written once, with the lock held: `cause` before `failed`. */
	pthread_mutex_t lock;
	atomic_int failed;
	int failed_fd; /* eventfd: wakes the caller of lanes_server_progress() */
	char cause[ERR_SIZE / 2];
};

static struct stream_server *server_of(const struct lanes_server *base)
{
	return (struct stream_server *)base;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* -- executing messages -- */

/* Count the time that messages took since `start`. An update of another thread may get lost. */
static void count_cost(struct stream_server *server, uint64_t start, unsigned messages)
{
	uint64_t each = (now_ns() - start) / messages;
	uint64_t before = atomic_load_explicit(&server->cost, memory_order_relaxed);

	atomic_store_explicit(&server->cost, before - before / 8 + each / 8, memory_order_relaxed);
}

static int send_reply(
	const struct stream_server *server, unsigned lane, const struct served *served)
{
	const struct iovec parts[2] = {
		{served->reply, served->reply_length}, {(void *)served->bytes, served->length}};

	return server->args.send(server->args.context, lane, parts, served->length ? 2 : 1);
}

static unsigned number_of(const struct stream_server *server, const struct serve_lane *lane)
{
	return (unsigned)(lane - server->lanes);
}

/* Mark the lane as broken, and set the error message: the lane accepts no more messages. */
static int broken(const struct stream_server *server, struct serve_lane *lane)
{
	lane->broken = true;
	return err_set(-EPROTO, "lane %u: the initiator broke the protocol: %.*s",
		number_of(server, lane), DATA_TEXT_MAX, err_get());
}

/* Execute one message on the reader's thread, and answer it. */
static int execute(
	struct stream_server *server, struct serve_lane *lane, const void *bytes, size_t length)
{
	uint64_t reply[(SERVE_REPLY_SIZE + 7) / 8];
	struct served served = {
		.mark = &lane->mark, .message = bytes, .size = length, .reply = (uint8_t *)reply};
	uint64_t start = now_ns();

	int code = serve_message(&server->limits, &served, lane->sequence++) ? 0
									     : broken(server, lane);
	serve_drain(&server->limits, &served);
	count_cost(server, start, 1);
	int sent = send_reply(server, number_of(server, lane), &served);
	return code ? code : sent;
}

/* -- workers -- */

/* End the server, with the thread's error message as the reason. Only the first call counts. */
static void fail(struct stream_server *server, int code)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&server->lock);
	if (!atomic_load_explicit(&server->failed, memory_order_relaxed)) {
		strncpy(server->cause, err_get(), sizeof(server->cause) - 1);
		/* Release: a thread that reads a nonzero `failed` also sees `cause`. */
		atomic_store_explicit(&server->failed, code, memory_order_release);
		if (write(server->failed_fd, &one, sizeof(one)) < 0)
			log_error("cannot write to an eventfd: %m");
	}
	pthread_mutex_unlock(&server->lock);
}

/*
 * Take messages from the worker's queue, in order: all of them if one drain can serve all, else
 * one.
 */
static struct served *take_arrived(struct worker *worker)
{
	struct served *first;

	pthread_mutex_lock(&worker->lock);
	while (!worker->first && !worker->stop)
		pthread_cond_wait(&worker->news, &worker->lock);
	first = worker->stop ? NULL : worker->first;
	if (first && worker->server->args.store.slow_drain) {
		worker->first = NULL;
	} else if (first) {
		worker->first = first->next;
		first->next = NULL;
	}
	if (!worker->first)
		worker->end = &worker->first;
	pthread_mutex_unlock(&worker->lock);
	return first;
}

static void answer(struct stream_server *server, struct served *served)
{
	struct arrived *arrived = (struct arrived *)served;
	struct serve_lane *lane = arrived->lane;

	/* The initiator may send the next message before this call returns. */
	atomic_fetch_sub(&lane->unanswered, 1);
	int code = send_reply(server, number_of(server, lane), served);
	if (code)
		fail(server, code);
	/* Release: the reader may execute the lane's next message. */
	atomic_fetch_sub_explicit(&lane->held, 1, memory_order_release);
	free(arrived);
}

/*
 * Execute the messages of the list in order. Messages of a lane that has broken the protocol are
 * dropped. Returns 0, or -EPROTO if a message breaks the protocol.
 */
static int execute_list(struct stream_server *server, struct served **list, unsigned *count)
{
	struct served *served;
	int code = 0;

	while ((served = *list)) {
		struct serve_lane *lane = ((struct arrived *)served)->lane;
		if (lane->broken) {
			*list = served->next;
			free((struct arrived *)served);
			continue;
		}
		if (!serve_message(&server->limits, served, lane->sequence++))
			code = broken(server, lane);
		++*count;
		list = &served->next;
	}
	return code;
}

/* Execute all messages of the list, drain once, and answer them. */
static void execute_all(struct stream_server *server, struct served *first)
{
	char sentence[ERR_SIZE / 2] = "";
	uint64_t start = now_ns();
	struct served *next;
	unsigned count = 0;
	int code = execute_list(server, &first, &count);

	if (unlikely(code))
		strncpy(sentence, err_get(), sizeof(sentence) - 1);
	serve_drain(&server->limits, first);
	if (count)
		count_cost(server, start, count);
	for (; first; first = next) {
		next = first->next;
		answer(server, first);
	}
	/* The initiator gets the reply before the server ends. */
	if (unlikely(code)) {
		err_put_back(sentence);
		fail(server, code);
	}
}

static void *work(void *context)
{
	struct worker *worker = context;
	struct served *first;

	while ((first = take_arrived(worker)))
		execute_all(worker->server, first);
	return NULL;
}

/* Hand a copy of the message to the lane's worker. */
static int hand_over(
	struct stream_server *server, struct serve_lane *lane, const void *bytes, size_t length)
{
	struct worker *worker = &server->workers[number_of(server, lane) % server->nworkers];
	struct arrived *arrived = malloc(sizeof(*arrived) + length);

	if (!arrived)
		return err_set(-ENOMEM, "out of memory for a message of %zu bytes", length);
	arrived->lane = lane;
	arrived->served = (struct served){.mark = &lane->mark,
		.message = memcpy(arrived->words, bytes, length),
		.size = length,
		.reply = arrived->reply};
	atomic_fetch_add(&lane->held, 1);
	atomic_fetch_add(&lane->unanswered, 1);
	pthread_mutex_lock(&worker->lock);
	*worker->end = &arrived->served;
	worker->end = &arrived->served.next;
	pthread_cond_signal(&worker->news);
	pthread_mutex_unlock(&worker->lock);
	return 0;
}

int stream_server_take(struct lanes_server *base, unsigned number, const void *bytes, size_t length)
{
	struct stream_server *server = server_of(base);

	if (number >= server->args.nlanes)
		return err_set(-EPROTO, "a message of lane %u, but there are only %u lanes", number,
			server->args.nlanes);
	if (length > server->limits.message_size)
		return err_set(-EPROTO, "lane %u: a message of more than %u bytes", number,
			server->limits.message_size);
	struct serve_lane *lane = &server->lanes[number];
	/* Acquire: pairs with the release in answer(). */
	unsigned held = atomic_load_explicit(&lane->held, memory_order_acquire);
	if (atomic_load(&lane->unanswered) >= server->window)
		return err_set(-EPROTO, "lane %u: more than %u unanswered messages", number,
			server->window);
	if (held || atomic_load_explicit(&server->cost, memory_order_relaxed) >= QUICK_NS)
		return hand_over(server, lane, bytes, length);
	if (unlikely(lane->broken))
		return broken(server, lane);
	if ((uintptr_t)bytes % sizeof(uint64_t))
		bytes = memcpy(server->aligned, bytes, length);
	return execute(server, lane, bytes, length);
}

/* -- the functions of this transport -- */

unsigned stream_server_window(const struct lanes_server *base)
{
	return server_of(base)->window;
}

size_t stream_server_message_size(const struct lanes_server *base)
{
	return server_of(base)->limits.message_size;
}

static int descriptor(const struct lanes_server *base)
{
	return server_of(base)->failed_fd;
}

static int progress(struct lanes_server *base)
{
	struct stream_server *server = server_of(base);
	/* Acquire: pairs with the release in fail(). */
	int code = atomic_load_explicit(&server->failed, memory_order_acquire);

	if (code)
		err_put_back(server->cause); /* the failure was logged when fail() was called */
	return code;
}

static unsigned count_connected(const struct lanes_server *base)
{
	return server_of(base)->args.nlanes;
}

static void stop_worker(struct worker *worker)
{
	struct served *next;

	pthread_mutex_lock(&worker->lock);
	worker->stop = true;
	pthread_cond_signal(&worker->news);
	pthread_mutex_unlock(&worker->lock);
	if (worker->started)
		pthread_join(worker->thread, NULL);
	for (struct served *served = worker->first; served; served = next) {
		next = served->next;
		free((struct arrived *)served);
	}
	pthread_cond_destroy(&worker->news);
	pthread_mutex_destroy(&worker->lock);
}

static void close_server(struct lanes_server *base)
{
	struct stream_server *server = server_of(base);

	for (unsigned i = 0; server->workers && i < server->nworkers; i++)
		stop_worker(&server->workers[i]);
	if (server->failed_fd >= 0)
		close(server->failed_fd);
	pthread_mutex_destroy(&server->lock);
	free(server->workers);
	free(server->lanes);
	free(server->aligned);
	free(server);
}

static const struct lanes_service service = {
	.fd = descriptor,
	.progress = progress,
	.connected = count_connected,
	.close = close_server,
};

static int start_worker(struct worker *worker)
{
	sigset_t all, before;

	sigfillset(&all);
	/* A store to the pool may raise SIGBUS, which the pool's owner handles. */
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->started = !code;
	return code ? err_set(-code, "cannot start a thread: %s", strerror(code)) : 0;
}

static int make_workers(struct stream_server *server)
{
	const struct stream_server_args *args = &server->args;
	unsigned wanted = args->nthreads ? args->nthreads : serve_count_cpus();
	int code = 0;

	server->workers = calloc(wanted, sizeof(*server->workers));
	if (!server->workers)
		return err_set(-ENOMEM, "out of memory for %u threads", wanted);
	server->nworkers = wanted < args->nlanes ? wanted : args->nlanes;
	for (unsigned i = 0; i < server->nworkers; i++) {
		struct worker *worker = &server->workers[i];
		worker->server = server;
		worker->end = &worker->first;
		pthread_mutex_init(&worker->lock, NULL);
		pthread_cond_init(&worker->news, NULL);
	}
	for (unsigned i = 0; !code && i < server->nworkers; i++)
		code = start_worker(&server->workers[i]);
	return code;
}

static unsigned window_for(unsigned nlanes)
{
	size_t most = MEMORY_LIMIT / CONTROL_BODY_MAX / nlanes;

	return most > WINDOW ? WINDOW : most < WINDOW_MIN ? WINDOW_MIN : (unsigned)most;
}

static int open_server(struct stream_server *server)
{
	const struct stream_server_args *args = &server->args;

	server->limits = (struct serve_limits){&server->args.store, CONTROL_DATA_MAX, false};
	server->window = window_for(args->nlanes);
	server->cost = args->store.slow_drain ? SLOW_NS : 0;
	server->lanes = calloc(args->nlanes, sizeof(*server->lanes));
	server->aligned = malloc(CONTROL_BODY_MAX);
	server->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!server->lanes || !server->aligned)
		return err_set(-ENOMEM, "out of memory for %u lanes", args->nlanes);
	if (server->failed_fd < 0)
		return err_sys("cannot make an eventfd");
	return make_workers(server);
}

int stream_server_open(const struct stream_server_args *args, struct lanes_server **server)
{
	struct stream_server *new = calloc(1, sizeof(*new));

	if (!new)
		return err_set(-ENOMEM, "out of memory");
	new->base.service = &service;
	new->args = *args;
	new->failed_fd = -1;
	pthread_mutex_init(&new->lock, NULL);
	int code = open_server(new);
	if (code) {
		close_server(&new->base);
		return code;
	}
	*server = &new->base;
	return 0;
}
