/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * connect.c - a target accepts a connection only with the secret of a lane, and each secret once
 *
 * An initiator reaches a target over lanes; each lane is a connection of its own.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "fabric/info.h"
#include "unit/target.h"

static uint8_t *local;

static int open_with(struct target *target, unsigned nlanes,
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE], struct lanes_client **client)
{
	struct fabric_client_args args = target_client(target, local);

	args.nlanes = nlanes;
	args.secrets = secrets;
	return fabric_client_open(&args, client);
}

static bool works(struct target *target, unsigned nlanes)
{
	struct lanes_client *client;

	if (open_with(target, nlanes, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets,
		    &client)) {
		diag("%s", err_get());
		return false;
	}
	bool good = true;
	for (unsigned lane = 0; lane < nlanes; lane++)
		good &= !lanes_persist(client, lane, 4096, 64, false);
	lanes_close(client);
	return good;
}

static void test_secrets(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 3);
	uint8_t wrong[3][FABRIC_SECRET_SIZE];
	struct lanes_client *client;

	target_start(target);
	memcpy(wrong, target->secrets, sizeof(wrong));
	wrong[0][FABRIC_SECRET_SIZE - 1] ^= 1;
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])wrong, &client), -EACCES,
		"connect: a secret whose last bit is wrong is refused");
	has_str(err_get(), "lane 0: the target does not know the secret of this lane",
		"connect: the message names the lane whose secret is wrong");
	memset(wrong, 0, sizeof(wrong));
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])wrong, &client), -EACCES,
		"connect: a secret of zeros is refused");
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])(target->secrets + 1),
		       &client),
		-EACCES, "connect: another lane's secret is refused");
	uint8_t more[4][FABRIC_SECRET_SIZE];
	memcpy(more, target->secrets, sizeof(more));
	memset(more[3], 0, sizeof(more[3]));
	ok(!target->result && !target->connected,
		"connect: after refusing wrong secrets, the target is still waiting for connections");

	ok(works(target, 3), "connect: the right secrets are accepted after wrong ones");
	target_wait_for(target, target_is_through);
	target_stop(target);

	target = target_new(HOLDFAST_METHOD_MESSAGE, 3);
	target_start(target);
	/*
	 * A fourth lane may find the port closed: the target closes the port once its three lanes
	 * are connected.
	 */
	int code = open_with(target, 4, (const uint8_t(*)[FABRIC_SECRET_SIZE])more, &client);
	ok(code == -EACCES || code == -ECONNRESET || code == -ECONNREFUSED,
		"connect: a lane that does not exist is refused");
	has_str(err_get(), "lane 3", "connect: the message names the lane that does not exist");
	target_stop(target);
}

/* A secret is used up by its first use. */
static void test_reuse(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);
	struct lanes_client *first, *second;

	target_start(target);
	if (open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &first))
		bail("%s", err_get());
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &second),
		-EACCES, "connect: a secret that was used before is refused");
	is_int(lanes_persist(first, 0, 4096, 64, false), 0,
		"connect: a lane still works after a second initiator tried to use its secret");
	lanes_close(first);
	target_wait_for(target, target_is_through);
	is_int(target->result, -ECONNRESET,
		"connect: the target stops serving when its initiator has disconnected");
	target_stop(target);
}

/* Once all lanes are connected the target closes its port. */
static void test_closed(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	struct lanes_client *first, *second;

	target_start(target);
	if (open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &first))
		bail("%s", err_get());
	for (int i = 0; i < 1000 && target->connected < 1; i++)
		usleep(1000);
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &second),
		-ECONNREFUSED, "connect: the port is closed once all lanes are connected");
	has_str(err_get(), "here:set: cannot connect lane 0 to port",
		"connect: the message about a closed port names the target, the lane and the port");
	lanes_close(first);
	target_stop(target);
}

static int raw_connection(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)))
		bail("connect: %m");
	return fd;
}

/*
 * Programs without libfabric connect to the port and send bytes that libfabric would not send.
 * libfabric, not our code, has to handle these bytes, but our target must survive them.
 */
static void test_strangers(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	int fds[16];
	uint8_t bytes[4096];

	target_start(target);
	for (unsigned i = 0; i < 16; i++) {
		fds[i] = raw_connection(target->port);
		memset(bytes, (int)(i * 37), sizeof(bytes));
		if (i % 4 && write(fds[i], bytes, i % 4 == 1 ? 1 : sizeof(bytes)) < 0)
			diag("write: %m");
		if (i % 2)
			close(fds[i]);
	}
	usleep(100000);
	ok(!target->result,
		"programs without libfabric: the target keeps running after they connect and send garbage, one byte or nothing");
	ok(works(target, 1),
		"programs without libfabric: an initiator can connect although they have connected to the same port");
	for (unsigned i = 0; i < 16; i += 2)
		close(fds[i]);
	target_stop(target);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A plain TCP listener in the place of a target: it accepts no connection and sends nothing. */
static void test_silence(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);
	struct lanes_client *client;

	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 8) ||
		getsockname(listener, (struct sockaddr *)&at, &length))
		bail("listen: %m");
	target->port = ntohs(at.sin_port);
	struct fabric_client_args args = target_client(target, local);
	args.timeout_ms = 300;
	double start = seconds();
	is_int(fabric_client_open(&args, &client), -ETIMEDOUT,
		"silent peer: the initiator does not wait for the peer longer than the deadline");
	double took = seconds() - start;
	ok(took > 0.29 && took < 3, "silent peer: the wait lasts as long as the deadline: %.3f s",
		took);
	has_str(err_get(), "within 300 ms", "silent peer: the message names the deadline");

	args.timeout_ms = 60000;
	args.hangup_fd = eventfd(1, 0);
	start = seconds();
	is_int(fabric_client_open(&args, &client), -ECONNRESET,
		"silent peer: the wait ends when hangup_fd becomes readable");
	ok(seconds() - start < 5, "silent peer: a readable hangup_fd ends the wait at once");
	close(args.hangup_fd);
	close(listener);
	target_stop(target);
}

static void test_ports(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);

	/* Find a port that is free now. */
	target_start(target);
	uint16_t port = target->port;
	target_stop(target);

	target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	target->args.port_low = target->args.port_high = port;
	target_start(target);
	is_int(target->port, port, "ports: the target listens on the port that was asked for");
	struct target *other = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	other->args.port_low = other->args.port_high = port;
	target_start(other);
	is_int(other->result, -EADDRINUSE, "ports: a port that is taken is refused");
	has_str(other->sentence, "port", "ports: the message mentions the port");
	target_stop(other);

	other = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	other->args.port_low = port;
	other->args.port_high = (uint16_t)(port + 8);
	target_start(other);
	ok(other->port > port && other->port <= port + 8,
		"ports: a target listens on the next free port of its range");
	ok(works(other, 1), "ports: an initiator connects to the next free port of a range");
	target_stop(other);
	target_stop(target);
}

static void test_wrong_args(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	struct lanes_client *client;
	struct lanes_server *server;

	target->port = 1;
	struct fabric_client_args args = target_client(target, local);
	is_int(fabric_client_open(&args, &client), -ECONNREFUSED,
		"connect: a port where nobody listens is refused");
	args.method = (enum holdfast_method)99;
	is_int(fabric_client_open(&args, &client), -EPROTO,
		"connect: an unknown method is refused");
	args.method = HOLDFAST_METHOD_MESSAGE;
	args.host = "256.256.256.256";
	is_int(fabric_client_open(&args, &client), -ENOMEDIUM,
		"connect: an unknown host is refused");
	has_str(err_get(), "256.256.256.256", "connect: the message names the unknown host");
	args.host = "127.0.0.1";
	args.nlanes = 0;
	is_int(fabric_client_open(&args, &client), -EINVAL,
		"connect: an initiator with 0 lanes is refused");
	target->args.nlanes = 0;
	is_int(fabric_server_open(&target->args, &server), -EINVAL,
		"connect: a target with 0 lanes is refused");
	target->args.nlanes = 1;
	target->args.address = "192.0.2.77";
	ok(fabric_server_open(&target->args, &server) < 0,
		"connect: the target cannot listen on an address of another machine");
	target_stop(target);
}

static void test_v6(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 2);
	struct lanes_client *client;

	target->args.address = "::1";
	target_start(target);
	if (target->result) {
		skip("IPv6: the target listens on ::1", target->sentence);
		target_stop(target);
		return;
	}
	struct fabric_client_args args = target_client(target, local);
	args.host = "::1";
	int code = fabric_client_open(&args, &client);
	is_int(code, 0, "IPv6: the initiator connects to ::1");
	if (!code) {
		is_int(lanes_persist(client, 1, 4096, 1 << 20, true), 0, "IPv6: a persist works");
		lanes_close(client);
	}
	target_stop(target);
}

/* A target that is given no address listens on all addresses of this machine. */
static void test_any(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);

	target->args.address = NULL;
	target_start(target);
	is_int(target->result, 0, "addresses: a target can listen without being given an address");
	ok(works(target, 1),
		"addresses: an initiator connects to a target that was given no address");
	target_stop(target);

	target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	target->args.address = NULL;
	target->args.port_low = 20000;
	target->args.port_high = 29999;
	target_start(target);
	ok(target->port >= 20000 && target->port <= 29999,
		"addresses: a target that is given only a range of ports listens on a port of the range: %u",
		target->port);
	ok(works(target, 1),
		"addresses: an initiator connects to a target that was given only a range of ports");
	target_stop(target);
}

static void test_providers(void)
{
	unsigned set = 0;

	is_int(fabric_providers(NULL, HOLDFAST_PROVIDER_VERBS | HOLDFAST_PROVIDER_TCP, &set), 0,
		"fabric_providers: providers are found");
	ok(set & HOLDFAST_PROVIDER_TCP,
		"fabric_providers: tcp is among the providers that are found");
	is_int(fabric_providers("127.0.0.1", HOLDFAST_PROVIDER_TCP, &set), 0,
		"fabric_providers: providers that reach a host are found");
	is_int(set, HOLDFAST_PROVIDER_TCP,
		"fabric_providers: only providers that were asked for are returned");
	set = 99;
	is_int(fabric_providers("127.0.0.1", 0, &set), -ENOMEDIUM,
		"fabric_providers: an empty set of providers is refused");
	is_int(set, 99, "fabric_providers: the output is unchanged on failure");
}

/*
 * libfabric is asked for verbs only if the kernel lists an RDMA adapter in
 * /sys/class/infiniband_verbs.
 */
static void test_verbs(void)
{
	char folder[] = "/tmp/holdfast-verbs-XXXXXX", name[64];

	ok(!fabric_has_verbs("/nowhere"),
		"fabric_has_verbs: a missing folder means that there is no adapter");
	if (!mkdtemp(folder))
		bail("%s: %m", folder);
	snprintf(name, sizeof(name), "%s/abi_version", folder);
	fclose(fopen(name, "w"));
	ok(!fabric_has_verbs(folder),
		"fabric_has_verbs: a folder without uverbs means that there is no adapter");
	unlink(name);
	snprintf(name, sizeof(name), "%s/uverbs0", folder);
	mkdir(name, 0700);
	ok(fabric_has_verbs(folder), "fabric_has_verbs: a folder with uverbs0 has an adapter");
	rmdir(name);
	rmdir(folder);
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void test_descriptors(void)
{
	struct rlimit before, less;

	getrlimit(RLIMIT_NOFILE, &before);
	less = before;
	less.rlim_cur = 400;
	setrlimit(RLIMIT_NOFILE, &less);
	unsigned lanes = fabric_lanes_affordable(HOLDFAST_PROVIDER_TCP, 1024);
	ok(lanes > 8 && lanes < 200,
		"limit on descriptors: a limit of 400 descriptors allows %u of the 1024 lanes that are asked for",
		lanes);
	is_int(fabric_lanes_affordable(HOLDFAST_PROVIDER_TCP, 2), 2,
		"limit on descriptors: a limit of 400 descriptors allows 2 lanes if 2 are asked for");
	if (lanes > TARGET_LANES)
		lanes = TARGET_LANES;
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, lanes);
	target_start(target);
	unsigned first = open_descriptors();
	ok(works(target, lanes),
		"limit on descriptors: %u lanes work under a limit of 400 descriptors", lanes);
	is_int(open_descriptors(), first,
		"limit on descriptors: closing the lanes closes all of their descriptors");
	target_stop(target);
	less.rlim_cur = open_descriptors() + 8;
	setrlimit(RLIMIT_NOFILE, &less);
	is_int(fabric_lanes_affordable(HOLDFAST_PROVIDER_TCP, 1), 0,
		"limit on descriptors: 8 free descriptors are not enough for a lane");
	setrlimit(RLIMIT_NOFILE, &before);
}

int main(void)
{
	local = target_local();
	test_secrets();
	test_reuse();
	test_closed();
	test_strangers();
	test_silence();
	test_ports();
	test_wrong_args();
	test_v6();
	test_any();
	test_providers();
	test_verbs();
	test_descriptors();
	munmap(local, TARGET_SIZE);
	return tap_done();
}
