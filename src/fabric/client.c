/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c - open all lanes side by side, close them, and the end of them all
 */
#include "fabric/client.h"

#include <errno.h>
#include <rdma/fi_errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "fabric/wait.h"

/* How often the round trip is measured, after it was once for nothing. */
#define ROUND_TRIPS 8

/* What may come with a connection event: more than either side sends. */
#define EVENT_DATA 256

/* -- the end -- */

int client_end(struct fabric_client *client, int code)
{
	static const uint64_t one = 1;

	pthread_mutex_lock(&client->lock);
	if (!atomic_load_explicit(&client->dead, memory_order_relaxed)) {
		strncpy(client->cause, err_get(), sizeof(client->cause) - 1);
		/* Release: who sees that it is dead also sees why. */
		atomic_store_explicit(&client->dead, code, memory_order_release);
		/* Never read: from now on it wakes everybody. */
		if (write(client->dead_fd, &one, sizeof(one)) < 0)
			log_error("%s: eventfd: %m", client->name);
	}
	pthread_mutex_unlock(&client->lock);
	return client_check(client);
}

int client_check(struct fabric_client *client)
{
	/* Acquire: pairs with the release in client_end(). */
	int code = atomic_load_explicit(&client->dead, memory_order_acquire);

	return likely(!code) ? 0 : err_set(code, "%s", client->cause);
}

/* -- connecting -- */

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
		return err_set(-EPROTO, "%s: a connection that nobody asked for", client->name);
	if (size < sizeof(*entry) ||
		!data_get_welcome(&welcome, entry->data, size - sizeof(*entry)))
		return err_set(-EPROTO, "%s: lane %u: accepted by something else than a target",
			client->name, lane->number);
	if (welcome.version != DATA_VERSION)
		return err_set(-EPROTONOSUPPORT, "%s: data path version %u, and the target's is %u",
			client->name, DATA_VERSION, welcome.version);
	return lane_begin(lane, &welcome);
}

static int refused(struct fabric_client *client, struct fi_eq_err_entry *error)
{
	struct lane *lane = find_endpoint(client, error->fid);
	unsigned number = lane ? lane->number : 0;
	enum data_refusal reason;
	uint16_t version;

	/* What libfabric says of a peer that hangs up while it is asked. */
	if (error->err == FI_EINPROGRESS)
		error->err = FI_ECONNRESET;
	if (!error->err_data ||
		!data_get_refusal(&reason, &version, error->err_data, error->err_data_size))
		return fabric_failed(-error->err, "%s: connection of lane %u to port %u",
			client->name, number, client->args.port);
	if (reason == DATA_REFUSED_VERSION)
		return err_set(-EPROTONOSUPPORT, "%s: data path version %u, and the target's is %u",
			client->name, DATA_VERSION, version);
	if (reason == DATA_REFUSED_SECRET)
		return err_set(-EACCES, "%s: lane %u: the target does not know its secret",
			client->name, number);
	return err_set(
		-ECONNREFUSED, "%s: lane %u: the target has no room for it", client->name, number);
}

/* One connection event: 1, 0 if there is none, -errno. */
static int take_event(void *context)
{
	struct fabric_client *client = context;
	union {
		struct fi_eq_cm_entry entry; /* its data is what follows */
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
		return fabric_failed(size, "%s: connection events", client->name);
	if (what == FI_SHUTDOWN)
		return err_set(-ECONNRESET, "%s: connection lost", client->name);
	if (what != FI_CONNECTED)
		return err_set(-EPROTO, "%s: a connection event that is none", client->name);
	int code = accepted(client, &event.entry, (size_t)size);
	return code ? code : 1;
}

static int wait_for_lanes(struct fabric_client *client)
{
	struct fid *object = &client->eq->fid;
	struct wait wait = {
		.fabric = client->fabric,
		.object = object,
		.fds = {-1, client->args.hangup_fd, -1},
		.timeout_ms = client->args.timeout_ms,
	};
	unsigned connected = 0;
	int code = fi_control(object, FI_GETWAIT, &wait.fds[0]);

	if (code)
		return fabric_failed(code, "%s: descriptor of the event queue", client->name);
	wait_start(&wait);
	while (connected < client->args.nlanes) {
		int count = take_event(client);
		if (count < 0)
			return count;
		connected += (unsigned)count;
		if (count)
			wait_start(&wait);
		else if ((code = wait_more(&wait)) == -ETIMEDOUT)
			return err_set(code, "%s: port %u: no connection of %u lanes within %d ms",
				client->name, client->args.port, client->args.nlanes - connected,
				client->args.timeout_ms);
		else if (code == -ECONNRESET)
			return err_set(code, "%s: the target is gone", client->name);
		else if (code)
			return code;
	}
	return 0;
}

/* -- opening -- */

static int open_fabric(struct fabric_client *client)
{
	const struct fabric_client_args *args = &client->args;
	struct fi_eq_attr events = {.wait_obj = FI_WAIT_FD};
	int code = fabric_info_get(args->provider, args->host, args->port, false, &client->info);

	if (code)
		return code;
	client->inject = client->info->tx_attr->inject_size;
	client->must_register = client->info->domain_attr->mr_mode & FI_MR_LOCAL;
	client->reads_by_adapter = args->method != FABRIC_MESSAGE && !client->must_register;
	if ((code = library.fabric(client->info->fabric_attr, &client->fabric, NULL)) ||
		(code = fi_eq_open(client->fabric, &events, &client->eq, NULL)) ||
		(code = fi_domain(client->fabric, client->info, &client->domain, NULL)))
		return fabric_failed(
			code, "%s: %s", client->name, fabric_provider_name(args->provider));
	/* Memory that the adapter cannot have, as that of files on DAX, is copied by us. */
	if (client->must_register &&
		(code = fi_mr_reg(client->domain, args->local, args->size, FI_SEND | FI_WRITE, 0, 0,
			 0, &client->local_mr, NULL))) {
		client->local_mr = NULL;
		log_notice("%s: the memory is not registered, but copied: %s", client->name,
			library.strerror(-code));
	}
	return 0;
}

static int open_lanes(struct fabric_client *client)
{
	client->lanes = calloc(client->args.nlanes, sizeof(*client->lanes));
	if (!client->lanes)
		return err_set(-ENOMEM, "no memory for %u lanes", client->args.nlanes);
	for (unsigned i = 0; i < client->args.nlanes; i++) {
		/* A multiple of its alignment, which is that of what may be fetched together. */
		size_t size = (sizeof(struct lane) + 127) & ~(size_t)127;
		struct lane *lane = aligned_alloc(128, size);
		if (!lane)
			return err_set(-ENOMEM, "no memory for lane %u", i);
		memset(lane, 0, size);
		lane->client = client;
		lane->number = i;
		client->lanes[i] = lane;
		int code = lane_open(lane);
		if (code || (code = connect_lane(lane)))
			return code;
	}
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int measure(struct fabric_client *client)
{
	struct lane *lane = client->lanes[0];
	uint64_t shortest = UINT32_MAX;

	for (int i = 0; i <= ROUND_TRIPS; i++) {
		uint64_t start = now_ns();
		int code = lane_ask(lane);
		if (code || (code = lane_wait(lane)))
			return code;
		uint64_t took = now_ns() - start;
		if (i && took < shortest)
			shortest = took;
	}
	client->round_trip_ns = (unsigned)shortest;
	return 0;
}

static int check_args(const struct fabric_client_args *args)
{
	if (!fabric_method_find(args->method))
		return err_set(
			-EPROTO, "%s: persist method %d is unknown", args->name, (int)args->method);
	if (!args->nlanes)
		return err_set(-EINVAL, "%s: no lanes", args->name);
	if (args->size < sizeof(uint64_t))
		return err_set(-EINVAL, "%s: a pool of %zu bytes", args->name, args->size);
	return 0;
}

static int open_client(struct fabric_client *client)
{
	int code;

	client->dead_fd = eventfd(0, EFD_CLOEXEC);
	if (client->dead_fd < 0)
		return err_sys("%s: eventfd", client->name);
	if ((code = open_fabric(client)) || (code = open_lanes(client)) ||
		(code = wait_for_lanes(client)))
		return code;
	return measure(client);
}

int fabric_client_open(const struct fabric_client_args *args, struct fabric_client **client)
{
	int code = check_args(args);

	if (code)
		return code;
	struct fabric_client *new = calloc(1, sizeof(*new));
	if (!new || !(new->name = strdup(args->name))) {
		free(new);
		return err_set(-ENOMEM, "%s: no memory", args->name);
	}
	pthread_mutex_init(&new->lock, NULL);
	new->args = *args;
	new->method = fabric_method_find(args->method);
	if ((code = open_client(new))) {
		fabric_client_close(new);
		return code;
	}
	/* The caller's, until now. */
	new->args.secrets = NULL;
	new->args.host = NULL;
	new->args.name = NULL;
	*client = new;
	return 0;
}

void fabric_client_close(struct fabric_client *client)
{
	for (unsigned i = 0; client->lanes && i < client->args.nlanes; i++)
		if (client->lanes[i])
			lane_close(client->lanes[i]);
	free(client->lanes);
	fabric_close_fid(client->local_mr);
	fabric_close_fid(client->domain);
	fabric_close_fid(client->eq);
	fabric_close_fid(client->fabric);
	fabric_info_free(client->info);
	if (client->dead_fd >= 0)
		close(client->dead_fd);
	pthread_mutex_destroy(&client->lock);
	free(client->name);
	free(client);
}

unsigned fabric_round_trip_ns(const struct fabric_client *client)
{
	return client->round_trip_ns;
}
