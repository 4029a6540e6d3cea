/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client.c - open an initiator with all of its lanes, and close it
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "fabric/client_connect.h"
#include "fabric/lane.h"
#include "fabric/method.h"

static int find_way(struct fabric_client *client)
{
	const struct fabric_client_args *args = &client->args;
	char cause[ERR_SIZE / 2];
	int code = fabric_info_get(args->provider, args->host, args->port, false, &client->info);

	if (!code)
		return 0;
	snprintf(cause, sizeof(cause), "%s", err_get());
	return err_set(code, "%s: %s", client->name, cause);
}

static int open_fabric(struct fabric_client *client)
{
	const struct fabric_client_args *args = &client->args;
	struct fi_eq_attr events = {.wait_obj = FI_WAIT_FD};
	int code = find_way(client);

	if (code)
		return code;
	client->inject = client->info->tx_attr->inject_size;
	client->must_register = client->info->domain_attr->mr_mode & FI_MR_LOCAL;
	client->reads_by_adapter =
		args->method != HOLDFAST_METHOD_MESSAGE && !client->must_register;
	if ((code = library.fabric(client->info->fabric_attr, &client->fabric, NULL)) ||
		(code = fi_eq_open(client->fabric, &events, &client->eq, NULL)) ||
		(code = fi_domain(client->fabric, client->info, &client->domain, NULL)))
		return fabric_failed(
			code, "%s: %s", client->name, wire_provider_name(args->provider));
	/*
	 * Memory that cannot be registered, such as that of files on DAX, is copied to memory of
	 * each lane before it is sent.
	 */
	if (client->must_register &&
		(code = fi_mr_reg(client->domain, args->local, args->size, FI_SEND | FI_WRITE, 0, 0,
			 0, &client->local_mr, NULL))) {
		client->local_mr = NULL;
		log_notice(
			"%s: memory cannot be registered with the adapter and will be copied: %s",
			client->name, library.strerror(-code));
	}
	return 0;
}

static int open_lanes(struct fabric_client *client)
{
	client->lanes = calloc(client->args.nlanes, sizeof(*client->lanes));
	if (!client->lanes)
		return err_set(-ENOMEM, "out of memory for %u lanes", client->args.nlanes);
	for (unsigned i = 0; i < client->args.nlanes; i++) {
		/*
		 * Round up to this alignment: CPUs may fetch adjacent cache lines together, and
		 * two lanes must not share any.
		 */
		size_t size = (sizeof(struct lane) + 127) & ~(size_t)127;
		struct lane *lane = aligned_alloc(128, size);
		if (!lane)
			return err_set(-ENOMEM, "out of memory for lane %u", i);
		memset(lane, 0, size);
		lane->client = client;
		lane->number = i;
		client->lanes[i] = lane;
		int code = lane_open(lane);
		if (code)
			return code;
	}
	return 0;
}

static int check_args(const struct fabric_client_args *args)
{
	if (!method_find(args->method))
		return err_set(
			-EPROTO, "%s: persist method %d is unknown", args->name, (int)args->method);
	if (!args->nlanes)
		return err_set(-EINVAL, "%s: the number of lanes is 0", args->name);
	if (args->size < sizeof(uint64_t))
		return err_set(-EINVAL, "%s: invalid pool size: %zu bytes", args->name, args->size);
	return 0;
}

static int open_client(struct fabric_client *client)
{
	int code;

	client->dead_fd = eventfd(0, EFD_CLOEXEC);
	if (client->dead_fd < 0)
		return err_sys("%s: cannot make an eventfd", client->name);
	if ((code = open_fabric(client)) || (code = open_lanes(client)) ||
		(code = client_connect(client)))
		return code;
	return lanes_measure(&client->base);
}

/* -- the functions of struct lanes_transport for libfabric -- */

static int check(struct lanes_client *lanes)
{
	return link_check(fabric_client_of(lanes));
}

static struct messages *find_lane(struct lanes_client *lanes, unsigned number)
{
	return &fabric_client_of(lanes)->lanes[number]->messages;
}

static int wait_answered(struct messages *messages)
{
	return lane_wait(lane_of(messages));
}

static int wait_sent(struct messages *messages)
{
	return lane_wait_sent(lane_of(messages));
}

static int relaxed(struct messages *messages, size_t offset, size_t length, bool alone)
{
	struct lane *lane = lane_of(messages);

	if (lane->client->args.prefers_messages)
		return messages_store(messages, offset, length);
	return lane->client->method->relaxed(lane, offset, length, alone);
}

static int confirm(struct messages *messages)
{
	struct lane *lane = lane_of(messages);

	return lane->client->method->confirm(lane);
}

static int read_bytes(struct messages *messages, void *to, size_t offset, size_t length)
{
	struct lane *lane = lane_of(messages);

	return lane->client->reads_by_adapter ? lane_read(lane, to, offset, length)
					      : messages_read(messages, to, offset, length);
}

static void close_client(struct lanes_client *lanes)
{
	struct fabric_client *client = fabric_client_of(lanes);

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

static void abandon(struct lanes_client *lanes)
{
	struct fabric_client *client = fabric_client_of(lanes);

	for (unsigned i = 0; i < client->args.nlanes; i++)
		lane_abandon(client->lanes[i]);
	free(client->lanes);
	fabric_info_free(client->info);
	free(client->name);
	free(client);
}

static const struct lanes_transport transport = {
	.check = check,
	.lane = find_lane,
	.slot = lane_slot,
	.post = lane_post,
	.wait = wait_answered,
	.wait_sent = wait_sent,
	.relaxed = relaxed,
	.confirm = confirm,
	.read = read_bytes,
	.close = close_client,
	.abandon = abandon,
};

int fabric_client_open(const struct fabric_client_args *args, struct lanes_client **client)
{
	int code = check_args(args);

	if (code)
		return code;
	struct fabric_client *new = calloc(1, sizeof(*new));
	if (!new || !(new->name = strdup(args->name))) {
		free(new);
		return err_set(-ENOMEM, "%s: out of memory", args->name);
	}
	pthread_mutex_init(&new->lock, NULL);
	new->args = *args;
	new->base = (struct lanes_client){
		.tallies = args->tallies,
		.transport = &transport,
		.name = new->name,
		.nlanes = args->nlanes,
		.local = args->local,
		.size = args->size,
		.guard = args->guard,
	};
	new->method = method_find(args->method);
	if ((code = open_client(new))) {
		close_client(&new->base);
		return code;
	}
	/* These pointers lead to memory of the caller that is only valid during this call. */
	new->args.secrets = NULL;
	new->args.host = NULL;
	new->args.name = NULL;
	*client = &new->base;
	return 0;
}
