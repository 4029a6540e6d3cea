/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/client_connect.h"

#include <errno.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_errno.h>
#include <string.h>

#include "fabric/lane.h"
#include "fabric/wait.h"

/* Size in bytes of a buffer for the data of a connection event: more than either side sends. */
#define EVENT_DATA 256

static struct lane *find_endpoint(struct fabric_client *client, const struct fid *fid)
{
	for (unsigned i = 0; i < client->args.nlanes; i++)
		if (client->lanes[i]->ep && &client->lanes[i]->ep->fid == fid)
			return client->lanes[i];
	return NULL;
}

static int connect_lane(struct lane *lane)
{
	struct fabric_client *client = lane->client;
	struct data_hello hello = {.lane = lane->number};
	uint8_t bytes[DATA_HELLO_SIZE];

	memcpy(hello.secret, client->args.secrets[lane->number], sizeof(hello.secret));
	data_put_hello(bytes, &hello);
	int code = fi_connect(lane->ep, client->info->dest_addr, bytes, sizeof(bytes));
	return code ? fabric_failed(code, "%s: connection of lane %u", client->name, lane->number)
		    : 0;
}

static int accepted(struct fabric_client *client, const struct fi_eq_cm_entry *entry, size_t size)
{
	struct lane *lane = find_endpoint(client, entry->fid);
	struct data_welcome welcome;

	if (!lane || lane->connected)
		return err_set(-EPROTO,
			"%s: received a connection event for a lane that is unknown or already connected",
			client->name);
	if (size < sizeof(*entry) ||
		!data_get_welcome(&welcome, entry->data, size - sizeof(*entry)))
		return err_set(-EPROTO, "%s: lane %u: the server that accepted it is not an rpmemd",
			client->name, lane->number);
	if (welcome.version != DATA_VERSION)
		return err_set(-EPROTONOSUPPORT,
			"%s: the data protocol has version %u here, but %u on the target",
			client->name, DATA_VERSION, welcome.version);
	return lane_begin(lane, &welcome);
}

static int refused(struct fabric_client *client, struct fi_eq_err_entry *error)
{
	struct lane *lane = find_endpoint(client, error->fid);
	unsigned number = lane ? lane->number : 0;
	enum data_refusal reason;
	uint16_t version;

	/*
	 * libfabric reports this error if the peer closes the connection while it is being
	 * established.
	 */
	if (error->err == FI_EINPROGRESS)
		error->err = FI_ECONNRESET;
	if (!error->err_data ||
		!data_get_refusal(&reason, &version, error->err_data, error->err_data_size))
		return fabric_failed(-error->err, "%s: cannot connect lane %u to port %u",
			client->name, number, client->args.port);
	if (reason == DATA_REFUSED_VERSION)
		return err_set(-EPROTONOSUPPORT,
			"%s: the data protocol has version %u here, but %u on the target",
			client->name, DATA_VERSION, version);
	if (reason == DATA_REFUSED_SECRET)
		return err_set(-EACCES,
			"%s: lane %u: the target does not know the secret of this lane",
			client->name, number);
	return err_set(-ECONNREFUSED, "%s: lane %u: the target has no room for another connection",
		client->name, number);
}

/* Handle one connection event. Returns 1, 0 if there is no event, or -errno. */
static int take_event(void *context)
{
	struct fabric_client *client = context;
	union {
		struct fi_eq_cm_entry entry; /* the event's data follows this struct in memory */
		uint8_t bytes[sizeof(struct fi_eq_cm_entry) + EVENT_DATA];
	} event;
	uint32_t what;
	ssize_t size = fi_eq_read(client->eq, &what, &event, sizeof(event), 0);

	if (size == -FI_EAGAIN)
		return 0;
	if (size == -FI_EAVAIL) {
		struct fi_eq_err_entry error = {
			.err_data = event.bytes, .err_data_size = sizeof(event.bytes)};
		if (fi_eq_readerr(client->eq, &error, 0) < 0)
			error.err = FI_EIO;
		return refused(client, &error);
	}
	if (size < 0)
		return fabric_failed(size, "%s: cannot read connection events", client->name);
	if (what == FI_SHUTDOWN)
		return err_set(-ECONNRESET, "%s: connection lost", client->name);
	if (what != FI_CONNECTED)
		return err_set(-EPROTO, "%s: unknown connection event %u", client->name, what);
	int code = accepted(client, &event.entry, (size_t)size);
	return code ? code : 1;
}

static int wait_for_lanes(struct fabric_client *client)
{
	struct fid *object = &client->eq->fid;
	struct patience patience = {.poll_ns = 0};
	int limit_ms = client->args.connect_ms ? client->args.connect_ms : client->args.timeout_ms;
	struct wait wait = {
		.fabric = client->fabric,
		.object = object,
		.fds = {-1, client->args.hangup_fd, -1},
		.timeout_ms = limit_ms,
		.patience = &patience,
	};
	unsigned connected = 0;
	int code = fi_control(object, FI_GETWAIT, &wait.fds[0]);

	if (code)
		return fabric_failed(
			code, "%s: cannot get a descriptor of the event queue", client->name);
	wait_start(&wait);
	while (connected < client->args.nlanes) {
		int count = take_event(client);
		if (count < 0)
			return count;
		connected += (unsigned)count;
		if (count)
			wait_start(&wait);
		else if ((code = wait_more(&wait)) == -ETIMEDOUT)
			return err_set(code,
				"%s: port %u: %u lanes were not connected within %d ms",
				client->name, client->args.port, client->args.nlanes - connected,
				limit_ms);
		else if (code == -ECONNRESET)
			return err_set(code, "%s: the target is gone", client->name);
		else if (code)
			return code;
	}
	return 0;
}

int client_connect(struct fabric_client *client)
{
	for (unsigned i = 0; i < client->args.nlanes; i++) {
		int code = connect_lane(client->lanes[i]);
		if (code)
			return code;
	}
	return wait_for_lanes(client);
}
