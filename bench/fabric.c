/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric.h"

#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "place.h"

#define KEY     7
#define MESSAGE 65536
#define ANSWER  64

/* The work that a message asks the other end to do before it answers. All zeros: only to answer. */
struct order {
	size_t length;
	bool copies;
};

/* Each lane has all its resources for itself, so that lanes never wait for each other. */
static struct end {
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_domain *domain;
	struct fid_eq *eq;
	struct fid_cq *cq;
	struct fid_ep *ep;
	char *memory, *copy;
	union {
		char bytes[MESSAGE];
		struct order order;
	} in, out;
	bool sleeps; /* the process sleeps, instead of polling, while it waits for a message */
	int cq_fd;   /* if it sleeps */
	pid_t other; /* the process of the other end */
} ends[FABRIC_LANES + 1];

/*
 * Lanes 0 to `awake` - 1 have a running process at the other end; the processes of later lanes are
 * stopped.
 */
static unsigned awake;

static void must(long code, const char *what)
{
	if (code < 0)
		errx(1, "%s: %s", what, fi_strerror((int)-code));
}

static void open_domain(struct end *end, uint16_t port)
{
	struct fi_info *hints = fi_allocinfo();
	struct fi_eq_attr events = {.wait_obj = FI_WAIT_FD};
	char service[8];

	hints->ep_attr->type = FI_EP_MSG;
	hints->caps = FI_MSG | FI_RMA;
	hints->fabric_attr->prov_name = strdup("tcp");
	snprintf(service, sizeof(service), "%u", port);
	must(fi_getinfo(FI_VERSION(1, 17), "127.0.0.1", service, port ? 0 : FI_SOURCE, hints,
		     &end->info),
		"tcp");
	fi_freeinfo(hints);
	must(fi_fabric(end->info->fabric_attr, &end->fabric, NULL), "fabric");
	must(fi_eq_open(end->fabric, &events, &end->eq, NULL), "event queue");
	must(fi_domain(end->fabric, end->info, &end->domain, NULL), "domain");
}

static void post_receive(struct end *end)
{
	must(fi_recv(end->ep, &end->in, MESSAGE, NULL, 0, &end->in), "receive");
}

static void open_endpoint(struct end *end, struct fi_info *of)
{
	struct fi_cq_attr attributes = {.size = 64,
		.format = FI_CQ_FORMAT_MSG,
		.wait_obj = end->sleeps ? FI_WAIT_FD : FI_WAIT_NONE};

	must(fi_cq_open(end->domain, &attributes, &end->cq, NULL), "completion queue");
	if (end->sleeps)
		must(fi_control(&end->cq->fid, FI_GETWAIT, &end->cq_fd), "descriptor");
	must(fi_endpoint(end->domain, of, &end->ep, NULL), "endpoint");
	must(fi_ep_bind(end->ep, &end->eq->fid, 0), "bind");
	must(fi_ep_bind(end->ep, &end->cq->fid, FI_TRANSMIT | FI_RECV), "bind");
	must(fi_enable(end->ep), "enable");
	post_receive(end);
}

static struct fi_info *event(struct end *end, uint32_t expected)
{
	struct fi_eq_cm_entry entry;
	uint32_t what;

	must(fi_eq_sread(end->eq, &what, &entry, sizeof(entry), 30000, 0), "connection");
	if (what != expected)
		errx(1, "connection event %u", what);
	return entry.info;
}

static void sleep_until_message(struct end *end)
{
	struct fid *object = &end->cq->fid;
	struct pollfd fd = {end->cq_fd, POLLIN, 0};

	if (!fi_trywait(end->fabric, &object, 1) && poll(&fd, 1, -1) < 0)
		err(1, "poll");
}

/* Waits until the operation with this context is complete; returns its length. */
static size_t wait_for(struct end *end, const void *context)
{
	struct fi_cq_msg_entry entry;

	for (;;) {
		ssize_t got = fi_cq_read(end->cq, &entry, 1);
		if (got == -FI_EAGAIN && end->sleeps)
			sleep_until_message(end);
		else if (got == -FI_EAGAIN)
			sched_yield();
		else if (got < 0 && end->sleeps)
			_exit(0); /* the other end comes here when the benchmark has ended */
		else if (got < 0)
			errx(1, "the connection is lost");
		else if (entry.op_context == context)
			return entry.len;
	}
}

static void send_message(struct end *end, size_t length)
{
	if (length <= end->info->tx_attr->inject_size)
		must(fi_inject(end->ep, &end->out, length, 0), "send");
	else
		must(fi_send(end->ep, &end->out, length, NULL, 0, &end->out), "send");
}

static void obey(struct end *end, const struct order *order)
{
	if (order->copies)
		bare_move(BARE_STREAM_DRAIN, order->length)(
			end->copy, end->memory, order->length, 0);
	else
		bare_persist(BARE_FLUSH_DRAIN)(end->memory, order->length);
}

static void serve(struct end *end, size_t size, int tell)
{
	struct sockaddr_in at;
	size_t length = sizeof(at);
	struct fid_pep *listener;
	struct fid_mr *mr;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	place_other_end();
	end->sleeps = end == &ends[FABRIC_SLEEPER];
	open_domain(end, 0);
	must(fi_passive_ep(end->fabric, end->info, &listener, NULL), "listener");
	must(fi_pep_bind(listener, &end->eq->fid, 0), "bind");
	must(fi_listen(listener), "listen");
	must(fi_getname(&listener->fid, &at, &length), "name");
	must(fi_mr_reg(end->domain, end->memory, size, FI_REMOTE_READ | FI_REMOTE_WRITE, 0, KEY, 0,
		     &mr, NULL),
		"registration");
	if (write(tell, &at.sin_port, sizeof(at.sin_port)) != sizeof(at.sin_port))
		_exit(1);
	open_endpoint(end, event(end, FI_CONNREQ));
	must(fi_accept(end->ep, NULL, 0), "accept");
	event(end, FI_CONNECTED);
	for (;;) {
		size_t got = wait_for(end, &end->in);
		if (got == sizeof(struct order) && end->in.order.length)
			obey(end, &end->in.order);
		post_receive(end);
		send_message(end, got < ANSWER ? got : ANSWER);
	}
}

/* Starts the other end as a separate process. Returns a descriptor from which to read its port. */
static int fork_other(struct end *end, size_t size)
{
	int pipes[2];

	end->memory = malloc(size);
	end->copy = malloc(size);
	if (!end->memory || !end->copy || pipe(pipes))
		err(1, "memory or pipe");
	/*
	 * Store to all of the memory first: reading memory that was never written is faster, which
	 * would distort the comparison.
	 */
	memset(end->memory, 1, size);
	memset(end->copy, 1, size);
	end->other = fork();
	if (end->other < 0)
		err(1, "fork");
	if (!end->other)
		serve(end, size, pipes[1]);
	close(pipes[1]);
	return pipes[0];
}

static void connect_to_other(struct end *end, int told)
{
	uint16_t port;

	if (read(told, &port, sizeof(port)) != sizeof(port))
		errx(1, "the process at the other end of the connection has not started");
	close(told);
	open_domain(end, ntohs(port));
	open_endpoint(end, end->info);
	must(fi_connect(end->ep, end->info->dest_addr, NULL, 0), "connect");
	event(end, FI_CONNECTED);
}

void fabric_start(size_t size, unsigned lanes)
{
	int told[FABRIC_LANES], sleeper;

	/* Fork all processes before libfabric has objects here that they would inherit. */
	for (unsigned i = 0; i < lanes; i++)
		told[i] = fork_other(&ends[i], size);
	sleeper = fork_other(&ends[FABRIC_SLEEPER], size);
	for (unsigned i = 0; i < lanes; i++)
		connect_to_other(&ends[i], told[i]);
	connect_to_other(&ends[FABRIC_SLEEPER], sleeper);
	awake = lanes;
	fabric_rest();
}

void fabric_rest(void)
{
	for (; awake; awake--) {
		pid_t other = ends[awake - 1].other;
		if (kill(other, SIGSTOP) || waitpid(other, NULL, WUNTRACED) != other)
			err(1, "cannot stop the other end");
	}
}

void fabric_wake(unsigned lanes)
{
	for (; awake < lanes; awake++)
		if (kill(ends[awake].other, SIGCONT))
			err(1, "cannot resume the process at the other end");
}

void fabric_ping(unsigned lane, size_t length)
{
	struct end *end = &ends[lane];

	send_message(end, length);
	wait_for(end, &end->in);
	post_receive(end);
}

void fabric_write(unsigned lane, size_t length)
{
	struct end *end = &ends[lane];
	struct iovec part = {end->memory, length};
	struct fi_rma_iov to = {0, length, KEY};
	struct fi_msg_rma message = {.msg_iov = &part,
		.iov_count = 1,
		.rma_iov = &to,
		.rma_iov_count = 1,
		.context = end->memory};

	must(fi_writemsg(end->ep, &message, FI_DELIVERY_COMPLETE | FI_COMPLETION), "write");
	wait_for(end, end->memory);
}

void fabric_read(unsigned lane, size_t length)
{
	struct end *end = &ends[lane];

	must(fi_read(end->ep, end->memory, length, NULL, 0, 0, KEY, end->memory), "read");
	wait_for(end, end->memory);
}

void fabric_write_durably(unsigned lane, size_t length, bool copies)
{
	struct end *end = &ends[lane];

	fabric_write(lane, length);
	end->out.order = (struct order){length, copies};
	fabric_ping(lane, sizeof(end->out.order));
	memset(&end->out.order, 0, sizeof(end->out.order));
}
