/* SPDX-License-Identifier: BSD-3-Clause */
/* server.c - open and close the target's end of the data path */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/unmap.h"
#include "fabric/server_connect.h"
#include "fabric/target.h"
#include "fabric/worker.h"

/*
 * WINDOW is the maximum of unanswered messages on a lane; a longer window is not faster. TCP holds
 * back messages for which there is no buffer, so a few receive buffers (TCP_SLOTS) are enough, and
 * stay in the caches. An RDMA adapter needs a buffer for each message of the window, and one more
 * for a peer that is faster than the target. If drains are slow, that many buffers are worth their
 * memory with TCP, too, since each drain serves all messages that have arrived before it. With
 * many lanes messages are shorter, so that the buffers of all lanes stay below MEMORY_LIMIT. Sizes
 * are in bytes.
 */
#define WINDOW       8
#define TCP_SLOTS    3
#define MESSAGE_MAX  ((size_t)132 << 10)
#define MEMORY_LIMIT ((size_t)128 << 20)

/*
 * Limit the number of slots, which are buffers for messages, to the length of the receive queue,
 * because posting a receive to a full queue fails.
 */
static unsigned shorter(unsigned wanted, size_t queue)
{
	return queue && queue < wanted ? (unsigned)queue : wanted;
}

static void set_sizes(struct fabric_server *server)
{
	bool few = server->args.provider == HOLDFAST_PROVIDER_TCP && !server->args.store.slow_drain;
	unsigned most = shorter(WINDOW + 1, server->info->rx_attr->size);
	unsigned slots = few ? shorter(TCP_SLOTS, most) : most;
	size_t each = MEMORY_LIMIT / server->args.nlanes / slots;

	if (server->must_register)
		each /= 2; /* half for the message, half for the reply */
	each &= ~(size_t)4095;
	if (each < DATA_MESSAGE_MIN)
		each = DATA_MESSAGE_MIN;
	server->slots = slots;
	server->welcome.window = (uint16_t)(most > 1 ? most - 1 : 1);
	server->welcome.message_size = (uint32_t)(each < MESSAGE_MAX ? each : MESSAGE_MAX);
}

/* -- opening a server -- */

static int bind_listener(struct fabric_server *server, uint16_t port)
{
	const struct fabric_server_args *args = &server->args;
	int code = fabric_info_get(args->provider, args->address, port, true, &server->info);

	if (code)
		return code;
	if (!server->fabric &&
		(code = library.fabric(server->info->fabric_attr, &server->fabric, NULL)))
		return fabric_failed(code, "%s", wire_provider_name(args->provider));
	struct fi_eq_attr events = {.wait_obj = FI_WAIT_FD};
	if (!server->eq && (code = fi_eq_open(server->fabric, &events, &server->eq, NULL)))
		return fabric_failed(code, "cannot open the event queue");
	if ((code = fi_passive_ep(server->fabric, server->info, &server->listener, NULL)) ||
		(code = fi_pep_bind(server->listener, &server->eq->fid, 0)) ||
		(code = fi_listen(server->listener)))
		return fabric_failed(code, "cannot listen on %s port %u",
			args->address ? args->address : "any", port);
	return 0;
}

static int find_port(struct fabric_server *server)
{
	struct sockaddr_storage address;
	size_t length = sizeof(address);
	int code = fi_getname(&server->listener->fid, &address, &length);

	if (code)
		return fabric_failed(code, "cannot find the listener's address");
	/* struct sockaddr_in and struct sockaddr_in6 have the port at the same place. */
	server->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	return 0;
}

static int listen_on_range(struct fabric_server *server)
{
	const struct fabric_server_args *args = &server->args;
	unsigned last = args->port_high > args->port_low ? args->port_high : args->port_low;
	int code = -EADDRINUSE;

	for (unsigned port = args->port_low; code && port <= last; port++) {
		fabric_close_fid(server->listener);
		fabric_info_free(server->info);
		server->info = NULL;
		code = bind_listener(server, (uint16_t)port);
		if (code == -ENOMEDIUM)
			return code;
	}
	if (code && args->port_low != last)
		return err_set(code, "cannot listen on any port from %u to %u; %.300s",
			args->port_low, last, err_get());
	return code ? code : find_port(server);
}

static int register_range(struct fabric_server *server, size_t offset, uint64_t access,
	uint64_t key, struct fid_mr **mr, uint64_t *base)
{
	const struct lanes_store *store = &server->args.store;
	char *from = (char *)store->base + offset;
	int code =
		fi_mr_reg(server->domain, from, store->size - offset, access, 0, key, 0, mr, NULL);

	if (code)
		return fabric_failed(code, "cannot register the pool");
	/*
	 * The peer addresses the pool by the target's virtual addresses or, with some providers,
	 * by offsets.
	 */
	bool by_address = server->info->domain_attr->mr_mode & FI_MR_VIRT_ADDR;
	*base = by_address ? (uintptr_t)store->base : -(uint64_t)offset;
	return 0;
}

/*
 * Register the whole pool for reads, but for writes only the bytes behind the guard, which is the
 * part at the beginning that the peer must not change.
 */
static int register_pool(struct fabric_server *server)
{
	struct data_welcome *welcome = &server->welcome;
	int code;

	if (server->args.method == HOLDFAST_METHOD_MESSAGE)
		return 0;
	if ((code = register_range(
		     server, 0, FI_REMOTE_READ, 1, &server->read_mr, &welcome->read_base)) ||
		(code = register_range(server, server->args.store.guard, FI_REMOTE_WRITE, 2,
			 &server->write_mr, &welcome->write_base)))
		return code;
	welcome->read_key = fi_mr_key(server->read_mr);
	welcome->write_key = fi_mr_key(server->write_mr);
	return 0;
}

static void lay_out(struct fabric_server *server, struct serve_lane *lane, struct serve_slot *slots,
	uint8_t *messages, uint8_t *replies, size_t reply_size)
{
	lane->slots = slots;
	for (unsigned i = 0; i < server->slots; i++) {
		slots[i].message_op = (struct serve_op){SERVE_MESSAGE, &slots[i]};
		slots[i].reply_op = (struct serve_op){SERVE_REPLY, &slots[i]};
		slots[i].lane = lane;
		slots[i].message = messages + i * (size_t)server->welcome.message_size;
		slots[i].served.mark = &lane->mark;
		slots[i].served.message = slots[i].message;
		slots[i].served.reply = replies + i * reply_size;
	}
}

/*
 * Allocate one block of memory for the messages of all lanes. No page of this block belongs to two
 * lanes.
 */
static int get_memory(struct fabric_server *server)
{
	size_t count = server->slots;
	size_t messages = count * server->welcome.message_size;
	size_t reply =
		SERVE_REPLY_SIZE + (server->must_register ? server->welcome.message_size : 0);
	size_t rest = (count * (sizeof(struct serve_slot) + reply) + 4095) & ~(size_t)4095;
	size_t size = server->args.nlanes * (messages + rest);
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return err_sys("cannot allocate %zu bytes for messages of %u lanes", size,
			server->args.nlanes);
	server->memory = memory;
	server->memory_size = size;
	for (unsigned i = 0; i < server->args.nlanes; i++) {
		uint8_t *at = (uint8_t *)memory + i * (messages + rest);
		uint8_t *slots = at + messages;
		lay_out(server, &server->lanes[i], (struct serve_slot *)slots, at,
			slots + count * sizeof(struct serve_slot), reply);
	}
	int code = server->must_register
			   ? fi_mr_reg(server->domain, memory, size, FI_SEND | FI_RECV, 0, 3, 0,
				     &server->buffers_mr, NULL)
			   : 0;
	return code ? fabric_failed(code, "cannot register %zu bytes for messages", size) : 0;
}

static int make_lanes(struct fabric_server *server)
{
	const struct fabric_server_args *args = &server->args;

	server->nworkers = args->nthreads ? args->nthreads : serve_count_cpus();
	if (server->nworkers > args->nlanes)
		server->nworkers = args->nlanes;
	server->lanes = calloc(args->nlanes, sizeof(*server->lanes));
	server->workers = calloc(server->nworkers, sizeof(*server->workers));
	if (!server->lanes || !server->workers)
		return err_set(-ENOMEM, "out of memory for %u lanes", args->nlanes);
	for (unsigned i = 0; i < server->nworkers; i++)
		server->workers[i].server = server;
	for (unsigned i = 0; i < args->nlanes; i++) {
		struct serve_lane *lane = &server->lanes[i];
		lane->server = server;
		lane->number = i;
		lane->worker = &server->workers[i % server->nworkers];
		memcpy(lane->secret, args->secrets[i], sizeof(lane->secret));
	}
	return 0;
}

static int start_workers(struct fabric_server *server)
{
	int code = 0;

	for (unsigned i = 0; !code && i < server->nworkers; i++)
		code = worker_open(&server->workers[i]);
	for (unsigned i = 0; !code && i < server->nworkers; i++)
		code = worker_start(&server->workers[i]);
	return code;
}

/*
 * Make an epoll descriptor that is readable both at connection events and at failures of workers.
 */
static int make_epoll(struct fabric_server *server)
{
	struct epoll_event event = {.events = EPOLLIN};
	int code = fi_control(&server->eq->fid, FI_GETWAIT, &server->eq_fd);

	if (code)
		return fabric_failed(code, "cannot get a descriptor of the event queue");
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->eq_fd, &event) ||
		epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->failed_fd, &event))
		return err_sys("epoll_ctl");
	return 0;
}

static int open_server(struct fabric_server *server)
{
	int code;

	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->failed_fd = eventfd(0, EFD_CLOEXEC);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (server->stop_fd < 0 || server->failed_fd < 0 || server->epoll < 0)
		return err_sys("cannot make an eventfd or epoll descriptor");
	if ((code = make_lanes(server)) || (code = listen_on_range(server)))
		return code;
	server->inject = server->info->tx_attr->inject_size;
	server->must_register = server->info->domain_attr->mr_mode & FI_MR_LOCAL;
	server->welcome.version = DATA_VERSION;
	set_sizes(server);
	server->limits = (struct serve_limits){
		&server->args.store, server->welcome.message_size, server->must_register};
	if ((code = fi_domain(server->fabric, server->info, &server->domain, NULL)))
		return fabric_failed(code, "%s", wire_provider_name(server->args.provider));
	if ((code = register_pool(server)) || (code = get_memory(server)) ||
		(code = make_epoll(server)))
		return code;
	return start_workers(server);
}

/* -- the functions of struct lanes_server's transport for libfabric -- */

static struct fabric_server *server_of(const struct lanes_server *lanes)
{
	return (struct fabric_server *)lanes;
}

uint16_t fabric_server_port(const struct lanes_server *lanes)
{
	return server_of(lanes)->port;
}

static unsigned count_connected(const struct lanes_server *lanes)
{
	return server_of(lanes)->connected;
}

static int descriptor(const struct lanes_server *lanes)
{
	return server_of(lanes)->epoll;
}

static int progress(struct lanes_server *lanes)
{
	struct fabric_server *server = server_of(lanes);
	struct fid *object = &server->eq->fid;
	int code;

	/*
	 * Take connection events until it is certain that the next event will make the descriptor
	 * readable.
	 */
	do {
		do {
			code = server_connect_event(server);
		} while (code > 0);
	} while (!code && fi_trywait(server->fabric, &object, 1) == -FI_EAGAIN);
	/*
	 * Wait briefly in case a worker reports why the connection was lost: the event itself does
	 * not tell.
	 */
	if (code) {
		struct pollfd fd = {server->failed_fd, POLLIN, 0};
		poll(&fd, 1, 100);
	}
	int failed = target_check(server);
	return failed ? failed : code;
}

/* -- closing a server -- */

static void stop_workers(struct fabric_server *server)
{
	static const uint64_t one = 1;

	atomic_store(&server->stop, true);
	if (server->stop_fd >= 0 && write(server->stop_fd, &one, sizeof(one)) < 0)
		log_error("cannot write to an eventfd: %m");
	for (unsigned i = 0; server->workers && i < server->nworkers; i++)
		if (server->workers[i].started) {
			pthread_join(server->workers[i].thread, NULL);
			server->workers[i].started = false;
		}
}

static void close_lanes(struct fabric_server *server)
{
	for (unsigned i = 0; server->lanes && i < server->args.nlanes; i++) {
		fabric_close_fid(server->lanes[i].ep);
		explicit_bzero(server->lanes[i].secret, FABRIC_SECRET_SIZE);
	}
	for (unsigned i = 0; server->workers && i < server->nworkers; i++)
		worker_close(&server->workers[i]);
}

static void close_server(struct lanes_server *lanes)
{
	struct fabric_server *server = server_of(lanes);

	stop_workers(server);
	server_connect_drop(server);
	close_lanes(server);
	fabric_close_fid(server->read_mr);
	fabric_close_fid(server->write_mr);
	fabric_close_fid(server->buffers_mr);
	fabric_close_fid(server->listener);
	fabric_close_fid(server->domain);
	fabric_close_fid(server->eq);
	fabric_close_fid(server->fabric);
	fabric_info_free(server->info);
	unmap(server->memory, server->memory_size);
	free(server->lanes);
	free(server->workers);
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? server->stop_fd : i == 1 ? server->failed_fd : server->epoll;
		if (fd >= 0)
			close(fd);
	}
	pthread_mutex_destroy(&server->lock);
	free(server);
}

static const struct lanes_service service = {
	.fd = descriptor,
	.progress = progress,
	.connected = count_connected,
	.close = close_server,
};

int fabric_server_open(const struct fabric_server_args *args, struct lanes_server **server)
{
	if (!args->nlanes)
		return err_set(-EINVAL, "no lanes");
	struct fabric_server *new = calloc(1, sizeof(*new));
	if (!new)
		return err_set(-ENOMEM, "out of memory");
	pthread_mutex_init(&new->lock, NULL);
	new->base.service = &service;
	new->args = *args;
	new->stop_fd = new->failed_fd = new->epoll = -1;
	int code = open_server(new);
	if (code) {
		close_server(&new->base);
		return code;
	}
	/* These pointers lead to memory of the caller that is only valid during this call. */
	new->args.secrets = NULL;
	new->args.address = NULL;
	*server = &new->base;
	return 0;
}
