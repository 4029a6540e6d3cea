/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/server_connect.h"

#include <errno.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_errno.h>
#include <string.h>

#include "fabric/slot.h"

/* Size in bytes of a buffer for the data of a connection request: more than an initiator sends. */
#define EVENT_DATA 256

/* Compares two secrets in a time that does not depend on where they differ. */
static bool same_secret(const uint8_t *a, const uint8_t *b)
{
	unsigned differs = 0;

	for (size_t i = 0; i < FABRIC_SECRET_SIZE; i++)
		differs |= a[i] ^ b[i];
	return !differs;
}

/* Find the lane whose secret a connection request contains, or the reason to refuse the request. */
static enum data_refusal find_lane(
	struct fabric_server *server, const void *bytes, size_t length, struct serve_lane **lane)
{
	static const uint8_t nobodys[FABRIC_SECRET_SIZE];
	struct data_hello hello = {0};

	if (!data_get_hello(&hello, bytes, length))
		return DATA_REFUSED_SECRET;
	if (hello.version != DATA_VERSION)
		return DATA_REFUSED_VERSION;
	struct serve_lane *asked =
		hello.lane < server->args.nlanes ? &server->lanes[hello.lane] : NULL;
	bool same = same_secret(hello.secret, asked ? asked->secret : nobodys);
	if (!asked || !same || asked->state != LANE_EXPECTED)
		return DATA_REFUSED_SECRET;
	*lane = asked;
	return (enum data_refusal)0;
}

static int make_endpoint(struct serve_lane *lane, struct fi_info *info)
{
	struct fabric_server *server = lane->server;
	int code;

	if ((code = fi_endpoint(server->domain, info, &lane->ep, NULL)) ||
		(code = fi_ep_bind(lane->ep, &server->eq->fid, 0)) ||
		(code = fi_ep_bind(lane->ep, &lane->worker->cq->fid, FI_TRANSMIT | FI_RECV)) ||
		(code = fi_enable(lane->ep)))
		return fabric_failed(code, "cannot open the endpoint of lane %u", lane->number);
	/*
	 * Release: a worker that finds the lane through its completion queue sees all members of
	 * the lane.
	 */
	atomic_store_explicit(&lane->served, true, memory_order_release);
	for (unsigned i = 0; i < server->slots; i++)
		if ((code = slot_post(&lane->slots[i])))
			return code;
	uint8_t welcome[DATA_WELCOME_SIZE];
	data_put_welcome(welcome, &server->welcome);
	code = fi_accept(lane->ep, welcome, sizeof(welcome));
	return code ? fabric_failed(code, "cannot accept the connection of lane %u", lane->number)
		    : 0;
}

static void refuse(struct fabric_server *server, struct fi_info *info, enum data_refusal reason)
{
	uint8_t bytes[DATA_REFUSAL_SIZE];

	data_put_refusal(bytes, reason);
	int code = fi_reject(server->listener, info->handle, bytes, sizeof(bytes));
	log_warning("a connection was refused: %s%s",
		reason == DATA_REFUSED_VERSION
			? "the initiator uses another version of the protocol"
		: reason == DATA_REFUSED_SECRET
			? "the initiator sent a secret that belongs to no expected lane"
			: "no room for another connection",
		code ? ", and the initiator could not be informed" : "");
}

static int take_request(
	struct fabric_server *server, struct fi_info *info, const void *bytes, size_t length)
{
	struct serve_lane *lane = NULL;
	enum data_refusal reason = find_lane(server, bytes, length, &lane);

	if (reason) {
		refuse(server, info, reason);
		return 0;
	}
	/* Each secret is accepted only once, even if the connection fails. */
	lane->state = LANE_TAKEN;
	explicit_bzero(lane->secret, sizeof(lane->secret));
	return make_endpoint(lane, info);
}

static struct serve_lane *find_endpoint(struct fabric_server *server, const struct fid *fid)
{
	for (unsigned i = 0; i < server->args.nlanes; i++)
		if (server->lanes[i].ep && &server->lanes[i].ep->fid == fid)
			return &server->lanes[i];
	return NULL;
}

static int lane_lost(struct serve_lane *lane, int code)
{
	lane->state = LANE_LOST;
	return err_minor(LOG_WARNING, -ECONNRESET, "lane %u: connection lost%s%s", lane->number,
		code ? ": " : "", code ? library.strerror(code) : "");
}

/*
 * Ignore an error event without a lane: the peer closed the connection while it was being
 * accepted.
 */
static int take_error(struct fabric_server *server)
{
	uint8_t bytes[EVENT_DATA];
	struct fi_eq_err_entry error = {.err_data = bytes, .err_data_size = sizeof(bytes)};

	if (fi_eq_readerr(server->eq, &error, 0) < 0)
		return 0;
	struct serve_lane *lane = find_endpoint(server, error.fid);
	if (!lane) {
		log_notice("a connection failed: %s", library.strerror(error.err));
		return 0;
	}
	return lane_lost(lane, error.err);
}

/* Close the port when all lanes are connected, because nobody else may connect. */
static void stop_listening(struct fabric_server *server)
{
	fabric_close_fid(server->listener);
	log_notice("all %u lanes are connected", server->connected);
}

static int take_state(struct fabric_server *server, uint32_t what, const struct fid *fid)
{
	struct serve_lane *lane = find_endpoint(server, fid);

	if (!lane)
		return 0;
	if (what == FI_SHUTDOWN)
		return lane_lost(lane, 0);
	if (what == FI_CONNECTED && lane->state == LANE_TAKEN) {
		lane->state = LANE_CONNECTED;
		if (++server->connected == server->args.nlanes)
			stop_listening(server);
	}
	return 0;
}

union connect_event {
	struct fi_eq_cm_entry entry; /* the data of the connection request follows in memory */
	uint8_t bytes[sizeof(struct fi_eq_cm_entry) + EVENT_DATA];
};

void server_connect_drop(struct fabric_server *server)
{
	union connect_event event;
	uint32_t what;

	if (!server->eq)
		return;
	while (fi_eq_read(server->eq, &what, &event, sizeof(event), 0) > 0)
		if (what == FI_CONNREQ) {
			if (server->listener)
				fi_reject(server->listener, event.entry.info->handle, NULL, 0);
			fabric_info_free(event.entry.info);
		}
}

int server_connect_event(struct fabric_server *server)
{
	union connect_event event;
	uint32_t what;
	ssize_t size = fi_eq_read(server->eq, &what, &event, sizeof(event), 0);
	int code;

	if (size == -FI_EAGAIN)
		return 0;
	if (size == -FI_EAVAIL) {
		code = take_error(server);
	} else if (size < 0) {
		code = fabric_failed(size, "cannot read connection events");
	} else if (what == FI_CONNREQ) {
		size_t length =
			(size_t)size > sizeof(event.entry) ? (size_t)size - sizeof(event.entry) : 0;
		code = take_request(server, event.entry.info, event.entry.data, length);
		fabric_info_free(event.entry.info);
	} else {
		code = take_state(server, what, event.entry.fid);
	}
	return code ? code : 1;
}
