/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric.h"

#include <err.h>
#include <netinet/in.h>
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
#include <unistd.h>

#define KEY     7
#define MESSAGE 65536

static struct fi_info *info;
static struct fid_fabric *fabric;
static struct fid_domain *domain;
static struct fid_eq *eq;
static struct fid_cq *cq;
static struct fid_ep *ep;
static char *memory, in[MESSAGE], out[MESSAGE];

static void must(long code, const char *what)
{
	if (code < 0)
		errx(1, "%s: %s", what, fi_strerror((int)-code));
}

static void open_domain(uint16_t port)
{
	struct fi_info *hints = fi_allocinfo();
	struct fi_eq_attr events = {.wait_obj = FI_WAIT_FD};
	char service[8];

	hints->ep_attr->type = FI_EP_MSG;
	hints->caps = FI_MSG | FI_RMA;
	hints->fabric_attr->prov_name = strdup("tcp");
	snprintf(service, sizeof(service), "%u", port);
	must(fi_getinfo(
		     FI_VERSION(1, 17), "127.0.0.1", service, port ? 0 : FI_SOURCE, hints, &info),
		"tcp");
	fi_freeinfo(hints);
	must(fi_fabric(info->fabric_attr, &fabric, NULL), "fabric");
	must(fi_eq_open(fabric, &events, &eq, NULL), "event queue");
	must(fi_domain(fabric, info, &domain, NULL), "domain");
}

static void open_endpoint(struct fi_info *of)
{
	struct fi_cq_attr attributes = {.size = 64, .format = FI_CQ_FORMAT_MSG};

	must(fi_cq_open(domain, &attributes, &cq, NULL), "completion queue");
	must(fi_endpoint(domain, of, &ep, NULL), "endpoint");
	must(fi_ep_bind(ep, &eq->fid, 0), "bind");
	must(fi_ep_bind(ep, &cq->fid, FI_TRANSMIT | FI_RECV), "bind");
	must(fi_enable(ep), "enable");
	must(fi_recv(ep, in, MESSAGE, NULL, 0, in), "receive");
}

static struct fi_info *event(uint32_t expected)
{
	struct fi_eq_cm_entry entry;
	uint32_t what;

	must(fi_eq_sread(eq, &what, &entry, sizeof(entry), 5000, 0), "connection");
	if (what != expected)
		errx(1, "connection event %u", what);
	return entry.info;
}

/* The length of what `context` stands for, when it is complete. */
static size_t wait_for(const void *context)
{
	struct fi_cq_msg_entry entry;

	for (;;) {
		ssize_t count = fi_cq_read(cq, &entry, 1);
		if (count == -FI_EAGAIN)
			sched_yield();
		else if (count < 0)
			errx(1, "the connection is lost");
		else if (entry.op_context == context)
			return entry.len;
	}
}

static void send_message(size_t length)
{
	if (length <= info->tx_attr->inject_size) {
		must(fi_inject(ep, out, length, 0), "send");
		return;
	}
	must(fi_send(ep, out, length, NULL, 0, out), "send");
}

static void serve(size_t size, int tell)
{
	struct sockaddr_in at;
	size_t length = sizeof(at);
	struct fid_pep *listener;
	struct fid_mr *mr;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_domain(0);
	must(fi_passive_ep(fabric, info, &listener, NULL), "listener");
	must(fi_pep_bind(listener, &eq->fid, 0), "bind");
	must(fi_listen(listener), "listen");
	must(fi_getname(&listener->fid, &at, &length), "name");
	must(fi_mr_reg(
		     domain, memory, size, FI_REMOTE_READ | FI_REMOTE_WRITE, 0, KEY, 0, &mr, NULL),
		"registration");
	if (write(tell, &at.sin_port, sizeof(at.sin_port)) != sizeof(at.sin_port))
		_exit(1);
	open_endpoint(event(FI_CONNREQ));
	must(fi_accept(ep, NULL, 0), "accept");
	event(FI_CONNECTED);
	for (;;) {
		size_t got = wait_for(in);
		must(fi_recv(ep, in, MESSAGE, NULL, 0, in), "receive");
		send_message(got);
	}
}

void fabric_start(size_t size)
{
	uint16_t port;
	int pipes[2];

	memory = calloc(1, size);
	if (!memory || pipe(pipes))
		err(1, "memory or pipe");
	pid_t pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid)
		serve(size, pipes[1]);
	close(pipes[1]);
	if (read(pipes[0], &port, sizeof(port)) != sizeof(port))
		errx(1, "the other end has not begun");
	open_domain(ntohs(port));
	open_endpoint(info);
	must(fi_connect(ep, info->dest_addr, NULL, 0), "connect");
	event(FI_CONNECTED);
}

void fabric_ping(size_t length)
{
	send_message(length);
	wait_for(in);
	must(fi_recv(ep, in, MESSAGE, NULL, 0, in), "receive");
}

void fabric_write(size_t length)
{
	struct iovec part = {memory, length};
	struct fi_rma_iov to = {0, length, KEY};
	struct fi_msg_rma message = {.msg_iov = &part,
		.iov_count = 1,
		.rma_iov = &to,
		.rma_iov_count = 1,
		.context = memory};

	must(fi_writemsg(ep, &message, FI_DELIVERY_COMPLETE | FI_COMPLETION), "write");
	wait_for(memory);
}

void fabric_read(size_t length)
{
	must(fi_read(ep, memory, length, NULL, 0, 0, KEY, memory), "read");
	wait_for(memory);
}
