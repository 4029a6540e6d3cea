/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare.h - a peer for tests of src/fabric that is made from libfabric alone
 *
 * The peer plays either end of a lane (one connection between initiator and target) and sends
 * whatever bytes the test wants, malformed ones included.
 */
#ifndef UNIT_BARE_H
#define UNIT_BARE_H

#include <netinet/in.h>
#include <poll.h>
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <rdma/fi_rma.h>
#include <time.h>

#include "tap.h"
#include "wire/data.h"

#define BARE_BUFFER ((size_t)1 << 20)
/* Longest wait for an event or a completion, in ms. */
#define BARE_PATIENCE 5000

struct bare {
	struct fi_info *info;
	struct fid_fabric *fabric;
	struct fid_domain *domain;
	struct fid_eq *eq;
	struct fid_pep *listener;
	struct fid_cq *cq;
	struct fid_ep *ep;
	uint8_t *in, *out;
	uint16_t port;
	size_t received; /* length of the received message; 0: none since bare_receive() */
	bool posted, lost;
	struct fi_eq_cm_entry *event; /* the last connection event; points to event_bytes */
	size_t event_data;            /* bytes of private data in the last connection event */
	uint8_t event_bytes[sizeof(struct fi_eq_cm_entry) + 256];
};

#define bare_must(call)                                                                            \
	do {                                                                                       \
		long bare_code = (call);                                                           \
		if (bare_code < 0)                                                                 \
			bail("%s: %s", #call, fi_strerror((int)-bare_code));                       \
	} while (0)

static void bare_open(struct bare *bare, uint16_t port, bool listens)
{
	struct fi_info *hints = fi_allocinfo();
	struct fi_eq_attr events = {.wait_obj = FI_WAIT_FD};
	char service[8];

	memset(bare, 0, sizeof(*bare));
	hints->ep_attr->type = FI_EP_MSG;
	hints->caps = FI_MSG | FI_RMA;
	hints->fabric_attr->prov_name = strdup("tcp");
	snprintf(service, sizeof(service), "%u", port);
	bare_must(fi_getinfo(FI_VERSION(1, 17), "127.0.0.1", service, listens ? FI_SOURCE : 0,
		hints, &bare->info));
	fi_freeinfo(hints);
	bare_must(fi_fabric(bare->info->fabric_attr, &bare->fabric, NULL));
	bare_must(fi_eq_open(bare->fabric, &events, &bare->eq, NULL));
	bare_must(fi_domain(bare->fabric, bare->info, &bare->domain, NULL));
	bare->in = malloc(BARE_BUFFER);
	bare->out = malloc(BARE_BUFFER);
	bare->event = (struct fi_eq_cm_entry *)(void *)bare->event_bytes;
}

static void bare_endpoint(struct bare *bare, struct fi_info *info)
{
	struct fi_cq_attr completions = {
		.size = 64, .format = FI_CQ_FORMAT_MSG, .wait_obj = FI_WAIT_FD};

	bare_must(fi_cq_open(bare->domain, &completions, &bare->cq, NULL));
	bare_must(fi_endpoint(bare->domain, info, &bare->ep, NULL));
	bare_must(fi_ep_bind(bare->ep, &bare->eq->fid, 0));
	bare_must(fi_ep_bind(bare->ep, &bare->cq->fid, FI_TRANSMIT | FI_RECV));
	bare_must(fi_enable(bare->ep));
}

static void bare_close(struct bare *bare)
{
	if (bare->ep)
		fi_close(&bare->ep->fid);
	if (bare->listener)
		fi_close(&bare->listener->fid);
	if (bare->cq)
		fi_close(&bare->cq->fid);
	fi_close(&bare->domain->fid);
	fi_close(&bare->eq->fid);
	fi_close(&bare->fabric->fid);
	fi_freeinfo(bare->info);
	free(bare->in);
	free(bare->out);
}

static long bare_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for a connection event. Returns its number; -1: an error, -2: no event in time. */
static int bare_event(struct bare *bare)
{
	for (long start = bare_now(); bare_now() - start < BARE_PATIENCE; usleep(1000)) {
		uint32_t what;
		ssize_t size = fi_eq_read(
			bare->eq, &what, bare->event_bytes, sizeof(bare->event_bytes), 0);
		if (size == -FI_EAGAIN)
			continue;
		if (size < 0) {
			struct fi_eq_err_entry error = {0};
			fi_eq_readerr(bare->eq, &error, 0);
			return -1;
		}
		bare->event_data = (size_t)size - sizeof(*bare->event);
		return (int)what;
	}
	return -2;
}

/*
 * Connects to a target; `hello` is the data of the connection request. Returns true if the target
 * accepts.
 */
TAP_UNUSED static bool bare_connect(
	struct bare *bare, uint16_t port, const void *hello, size_t length)
{
	bare_open(bare, port, false);
	bare_endpoint(bare, bare->info);
	bare_must(fi_connect(bare->ep, bare->info->dest_addr, hello, length));
	return bare_event(bare) == FI_CONNECTED;
}

TAP_UNUSED static void bare_listen(struct bare *bare)
{
	struct sockaddr_in at;
	size_t length = sizeof(at);

	bare_open(bare, 0, true);
	bare_must(fi_passive_ep(bare->fabric, bare->info, &bare->listener, NULL));
	bare_must(fi_pep_bind(bare->listener, &bare->eq->fid, 0));
	bare_must(fi_listen(bare->listener));
	bare_must(fi_getname(&bare->listener->fid, &at, &length));
	bare->port = ntohs(at.sin_port);
}

static void bare_post(struct bare *bare)
{
	if (!bare->posted)
		bare->lost |= fi_recv(bare->ep, bare->in, BARE_BUFFER, NULL, 0, bare->in) != 0;
	bare->posted = true;
}

/* Waits for a connection request and accepts it; `welcome` are the bytes of the answer. */
TAP_UNUSED static void bare_accept(struct bare *bare, const void *welcome, size_t length)
{
	if (bare_event(bare) != FI_CONNREQ)
		bail("nobody connects");
	struct fi_info *info = bare->event->info;
	bare_endpoint(bare, info);
	bare_post(bare);
	bare_must(fi_accept(bare->ep, welcome, length));
	fi_freeinfo(info);
	/* libfabric establishes the connection while we read events. */
	if (bare_event(bare) != FI_CONNECTED)
		bail("the connection was not established");
}

/*
 * Waits for a completion. Returns the context of the completed operation; NULL: the connection is
 * lost, or no completion came in time.
 */
static void *bare_completion(struct bare *bare)
{
	struct fi_cq_msg_entry entry;

	for (long start = bare_now(); bare_now() - start < BARE_PATIENCE;) {
		ssize_t count = fi_cq_read(bare->cq, &entry, 1);
		if (count == 1) {
			if (entry.op_context == bare->in)
				bare->received = entry.len;
			return entry.op_context;
		}
		if (count != -FI_EAGAIN) {
			bare->lost = true;
			return NULL;
		}
		usleep(100);
	}
	return NULL;
}

/* Sends a message and waits until it has been sent; false if the connection is lost. */
TAP_UNUSED static bool bare_send(struct bare *bare, const void *bytes, size_t length)
{
	bare_post(bare);
	if (fi_send(bare->ep, bytes, length, NULL, 0, bare->out))
		return false;
	for (;;) {
		void *done = bare_completion(bare);
		if (done == bare->in)
			bare->posted = false;
		if (done != bare->in)
			return done != NULL;
	}
}

/* Waits for a message in bare->in. Returns its length, or -1 if no message comes. */
TAP_UNUSED static ssize_t bare_receive(struct bare *bare)
{
	if (!bare->posted && bare->received) {
		size_t length = bare->received;
		bare->received = 0;
		return (ssize_t)length;
	}
	bare_post(bare);
	while (!bare->lost) {
		void *done = bare_completion(bare);
		if (!done)
			return -1;
		if (done != bare->in)
			continue;
		bare->posted = false;
		size_t length = bare->received;
		bare->received = 0;
		return (ssize_t)length;
	}
	return -1;
}

#endif
