/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * connect.c - who may connect to a target: whoever has a lane's secret, once
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
	const uint8_t (*secrets)[FABRIC_SECRET_SIZE], struct fabric_client **client)
{
	struct fabric_client_args args = target_client(target, local);

	args.nlanes = nlanes;
	args.secrets = secrets;
	return fabric_client_open(&args, client);
}

static bool works(struct target *target, unsigned nlanes)
{
	struct fabric_client *client;

	if (open_with(target, nlanes, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets,
		    &client)) {
		diag("%s", err_get());
		return false;
	}
	bool good = true;
	for (unsigned lane = 0; lane < nlanes; lane++)
		good &= !fabric_persist(client, lane, 4096, 64, false);
	fabric_client_close(client);
	return good;
}

static void test_secrets(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 3);
	uint8_t wrong[3][FABRIC_SECRET_SIZE];
	struct fabric_client *client;

	target_start(target);
	memcpy(wrong, target->secrets, sizeof(wrong));
	wrong[0][FABRIC_SECRET_SIZE - 1] ^= 1;
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])wrong, &client), -EACCES,
		"connect: a secret whose last bit is wrong");
	has_str(err_get(), "lane 0: the target does not know its secret", "it says");
	memset(wrong, 0, sizeof(wrong));
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])wrong, &client), -EACCES,
		"connect: no secret");
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])(target->secrets + 1),
		       &client),
		-EACCES, "connect: another lane's secret");
	uint8_t more[4][FABRIC_SECRET_SIZE];
	memcpy(more, target->secrets, sizeof(more));
	memset(more[3], 0, sizeof(more[3]));
	ok(!target->result && !target->connected, "none of them harms the target");

	ok(works(target, 3), "the right secrets do");
	target_wait_for(target, target_is_through);
	target_stop(target);

	target = target_new(HOLDFAST_METHOD_MESSAGE, 3);
	target_start(target);
	/* When the three that there are have been connected, nobody listens for it any more. */
	int code = open_with(target, 4, (const uint8_t(*)[FABRIC_SECRET_SIZE])more, &client);
	ok(code == -EACCES || code == -ECONNRESET || code == -ECONNREFUSED,
		"connect: a lane that does not exist");
	has_str(err_get(), "lane 3", "it says");
	target_stop(target);
}

/* A secret is used up by its first use. */
static void test_reuse(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);
	struct fabric_client *first, *second;

	target_start(target);
	if (open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &first))
		bail("%s", err_get());
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &second),
		-EACCES, "connect: the same secret once more");
	is_int(fabric_persist(first, 0, 4096, 64, false), 0,
		"and the first lane is none the worse");
	fabric_client_close(first);
	target_wait_for(target, target_is_through);
	is_int(target->result, -ECONNRESET, "when it goes, so does the target");
	target_stop(target);
}

/* After the last lane nobody can even connect. */
static void test_closed(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	struct fabric_client *first, *second;

	target_start(target);
	if (open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &first))
		bail("%s", err_get());
	for (int i = 0; i < 1000 && target->connected < 1; i++)
		usleep(1000);
	is_int(open_with(target, 1, (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets, &second),
		-ECONNREFUSED, "there is no port when all lanes are connected");
	has_str(err_get(), "here:set: connection of lane 0 to port", "it says");
	fabric_client_close(first);
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

/* What libfabric makes of bytes that are none of its own is not ours, but we must live with it. */
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
	ok(!target->result, "strangers that send garbage, too much, or nothing");
	ok(works(target, 1), "do not keep the initiator away");
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

/* Nobody accepts: a listener that is none of ours, and says nothing. */
static void test_silence(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);
	struct fabric_client *client;

	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 8) ||
		getsockname(listener, (struct sockaddr *)&at, &length))
		bail("listen: %m");
	target->port = ntohs(at.sin_port);
	struct fabric_client_args args = target_client(target, local);
	args.timeout_ms = 300;
	double start = seconds();
	is_int(fabric_client_open(&args, &client), -ETIMEDOUT, "a peer that says nothing");
	double took = seconds() - start;
	ok(took > 0.29 && took < 3, "costs the time that was given: %.3f s", took);
	has_str(err_get(), "within 300 ms", "it says");

	args.timeout_ms = 60000;
	args.hangup_fd = eventfd(1, 0);
	start = seconds();
	is_int(fabric_client_open(&args, &client), -ECONNRESET,
		"or none if it is known to be gone");
	ok(seconds() - start < 5, "at once");
	close(args.hangup_fd);
	close(listener);
	target_stop(target);
}

static void test_ports(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);

	/* One that is free now. */
	target_start(target);
	uint16_t port = target->port;
	target_stop(target);

	target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	target->args.port_low = target->args.port_high = port;
	target_start(target);
	is_int(target->port, port, "the port that was asked for");
	struct target *other = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	other->args.port_low = other->args.port_high = port;
	target_start(other);
	is_int(other->result, -EADDRINUSE, "cannot be had twice");
	has_str(other->sentence, "port", "it says");
	target_stop(other);

	other = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	other->args.port_low = port;
	other->args.port_high = (uint16_t)(port + 8);
	target_start(other);
	ok(other->port > port && other->port <= port + 8, "the next one of a range can");
	ok(works(other, 1), "and works");
	target_stop(other);
	target_stop(target);
}

static void test_wrong_args(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	struct fabric_client *client;
	struct fabric_server *server;

	target->port = 1;
	struct fabric_client_args args = target_client(target, local);
	is_int(fabric_client_open(&args, &client), -ECONNREFUSED, "nobody listens");
	args.method = (enum holdfast_method)99;
	is_int(fabric_client_open(&args, &client), -EPROTO, "a method that there is not");
	args.method = HOLDFAST_METHOD_MESSAGE;
	args.host = "256.256.256.256";
	is_int(fabric_client_open(&args, &client), -ENOMEDIUM, "a host that there is not");
	has_str(err_get(), "256.256.256.256", "it says");
	args.host = "127.0.0.1";
	args.nlanes = 0;
	is_int(fabric_client_open(&args, &client), -EINVAL, "no lanes");
	target->args.nlanes = 0;
	is_int(fabric_server_open(&target->args, &server), -EINVAL, "nor at the target");
	target->args.nlanes = 1;
	target->args.address = "192.0.2.77";
	ok(fabric_server_open(&target->args, &server) < 0, "an address of somebody else");
	target_stop(target);
}

static void test_v6(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 2);
	struct fabric_client *client;

	target->args.address = "::1";
	target_start(target);
	if (target->result) {
		skip("IPv6", target->sentence);
		target_stop(target);
		return;
	}
	struct fabric_client_args args = target_client(target, local);
	args.host = "::1";
	int code = fabric_client_open(&args, &client);
	is_int(code, 0, "IPv6");
	if (!code) {
		is_int(fabric_persist(client, 1, 4096, 1 << 20, true), 0, "and it works");
		fabric_client_close(client);
	}
	target_stop(target);
}

/* Without an address it listens on all that this machine has. */
static void test_any(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 1);

	target->args.address = NULL;
	target_start(target);
	is_int(target->result, 0, "no address to listen on");
	ok(works(target, 1), "and it is reached");
	target_stop(target);

	target = target_new(HOLDFAST_METHOD_MESSAGE, 1);
	target->args.address = NULL;
	target->args.port_low = 20000;
	target->args.port_high = 29999;
	target_start(target);
	ok(target->port >= 20000 && target->port <= 29999, "nor one, but ports: %u", target->port);
	ok(works(target, 1), "and it is reached, too");
	target_stop(target);
}

static void test_providers(void)
{
	unsigned set = 0;

	is_int(fabric_providers(NULL, HOLDFAST_PROVIDER_VERBS | HOLDFAST_PROVIDER_TCP, &set), 0,
		"there are providers");
	ok(set & HOLDFAST_PROVIDER_TCP, "tcp is one");
	is_int(fabric_providers("127.0.0.1", HOLDFAST_PROVIDER_TCP, &set), 0, "also to a host");
	is_int(set, HOLDFAST_PROVIDER_TCP, "no other than was asked for");
	set = 99;
	is_int(fabric_providers("127.0.0.1", 0, &set), -ENOMEDIUM, "none is none");
	is_int(set, 99, "and nothing is said");
}

/* Where the kernel lists no adapter, libfabric is not asked for one. */
static void test_verbs(void)
{
	char folder[] = "/tmp/holdfast-verbs-XXXXXX", name[64];

	ok(!fabric_has_verbs("/nowhere"), "verbs: a folder that is missing has no adapter");
	if (!mkdtemp(folder))
		bail("%s: %m", folder);
	snprintf(name, sizeof(name), "%s/abi_version", folder);
	fclose(fopen(name, "w"));
	ok(!fabric_has_verbs(folder), "verbs: a folder without uverbs has no adapter");
	unlink(name);
	snprintf(name, sizeof(name), "%s/uverbs0", folder);
	mkdir(name, 0700);
	ok(fabric_has_verbs(folder), "verbs: uverbs0 is an adapter");
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
	ok(lanes > 8 && lanes < 200, "400 descriptors are enough for %u lanes of 1024", lanes);
	is_int(fabric_lanes_affordable(HOLDFAST_PROVIDER_TCP, 2), 2, "and for 2 of 2");
	if (lanes > TARGET_LANES)
		lanes = TARGET_LANES;
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, lanes);
	target_start(target);
	unsigned first = open_descriptors();
	ok(works(target, lanes), "%u of them work under that limit", lanes);
	is_int(open_descriptors(), first, "and leave no descriptor behind");
	target_stop(target);
	less.rlim_cur = open_descriptors() + 8;
	setrlimit(RLIMIT_NOFILE, &less);
	is_int(fabric_lanes_affordable(HOLDFAST_PROVIDER_TCP, 1), 0, "not one can be had with 8");
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
