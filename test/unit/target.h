/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target.h - a target (server) for tests of src/fabric, which runs in a child process and listens
 * on the loopback interface
 *
 * The pool and struct target are in memory shared by test and target. The target stores with plain
 * copies, counts requests, and lets requests fail as the test demands.
 */
#ifndef UNIT_TARGET_H
#define UNIT_TARGET_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "fabric/fabric.h"
#include "tap.h"

#define TARGET_LANES 64
#define TARGET_SIZE  ((size_t)8 << 20)

struct target {
	uint8_t *pool; /* TARGET_SIZE bytes in memory shared by test and target */
	pid_t pid;
	struct fabric_server_args args;
	uint8_t secrets[TARGET_LANES][FABRIC_SECRET_SIZE];
	_Atomic uint16_t port;
	atomic_int connected;
	atomic_uint stores, commits, drains, deeps;
	/* number of the last drain of any lane; number of the previous drain of the same lane */
	_Atomic uint64_t marks, since;
	atomic_size_t stored;
	/* errno with which stores, drains or deep flushes fail; 0: they succeed */
	atomic_int fail_store, fail_drain, fail_deep;
	atomic_int result; /* error that ended the target; 0: still serving */
	char sentence[ERR_SIZE];
	atomic_bool quit;
	bool paused;
};

static int target_fail(atomic_int *error, const char *what)
{
	return *error ? err_set(-*error, "made up: no %s", what) : 0;
}

/*
 * Stores a range to the pool: whole aligned 8-byte words, and single bytes before and after these.
 */
static int target_store(void *context, size_t offset, const void *from, size_t length)
{
	struct target *target = context;
	const uint8_t *bytes = from;
	uint8_t *to = target->pool + offset;

	target->stores++;
	target->stored += length;
	while (length) {
		if (length < 8 || (uintptr_t)to % 8) {
			*to++ = *bytes++;
			length--;
			continue;
		}
		uint64_t word;
		memcpy(&word, bytes, sizeof(word));
		__atomic_store_n((uint64_t *)(void *)to, word, __ATOMIC_RELAXED);
		to += 8;
		bytes += 8;
		length -= 8;
	}
	return target_fail(&target->fail_store, "store");
}

static int target_commit(void *context, size_t offset, size_t length)
{
	struct target *target = context;

	(void)offset;
	target->commits++;
	target->stored += length;
	return target_fail(&target->fail_store, "commit");
}

static __thread uint64_t *target_mark;

static void target_lane(void *context, uint64_t *mark)
{
	(void)context;
	target_mark = mark;
}

static int target_drain(void *context)
{
	struct target *target = context;

	target->since = *target_mark;
	*target_mark = ++target->marks;
	target->drains++;
	return target_fail(&target->fail_drain, "drain");
}

static int target_deep(void *context, size_t offset, size_t length)
{
	struct target *target = context;

	(void)offset;
	(void)length;
	target->deeps++;
	return target_fail(&target->fail_deep, "deep flush");
}

/*
 * In a virtual machine of lab/, the environment variables TARGET_PROVIDER and TARGET_ADDRESS select
 * an RDMA adapter. After a test has used an adapter, it must not fork another target, because a
 * child has no access to memory that the parent has registered.
 */
static enum holdfast_provider target_provider(void)
{
	const char *named = getenv("TARGET_PROVIDER");

	return named && !strcmp(named, "verbs") ? HOLDFAST_PROVIDER_VERBS : HOLDFAST_PROVIDER_TCP;
}

static const char *target_address(void)
{
	const char *named = getenv("TARGET_ADDRESS");

	return named ? named : "127.0.0.1";
}

static struct target *target_new(enum holdfast_method method, unsigned nlanes)
{
	struct target *target = mmap(
		NULL, sizeof(*target), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *pool =
		mmap(NULL, TARGET_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (target == MAP_FAILED || pool == MAP_FAILED)
		bail("no memory");
	target->pool = pool;
	for (unsigned i = 0; i < TARGET_LANES; i++)
		memset(target->secrets[i], (int)('a' + i), FABRIC_SECRET_SIZE);
	target->args = (struct fabric_server_args){
		.provider = target_provider(),
		.address = target_address(),
		.nlanes = nlanes,
		.secrets = (const uint8_t(*)[FABRIC_SECRET_SIZE])target->secrets,
		.method = method,
		.timeout_ms = 5000,
		.poll_us = 50,
		.store = {.base = pool,
			.size = TARGET_SIZE,
			.guard = 4096,
			.store = target_store,
			.commit = target_commit,
			.lane = target_lane,
			.drain = target_drain,
			.deep = target_deep,
			.context = target},
	};
	return target;
}

/* Serves as rpmemd does, until `quit` is set, or the server fails or is disconnected. */
static void target_serve(struct target *target)
{
	struct lanes_server *server;
	int code = fabric_server_open(&target->args, &server);

	if (code) {
		snprintf(target->sentence, sizeof(target->sentence), "%s", err_get());
		target->result = code;
		return;
	}
	target->port = fabric_server_port(server);
	while (!target->quit && !code) {
		struct pollfd fd = {lanes_server_fd(server), POLLIN, 0};
		poll(&fd, 1, 20);
		code = lanes_server_progress(server);
		target->connected = (int)lanes_server_connected(server);
	}
	snprintf(target->sentence, sizeof(target->sentence), "%s", err_get());
	lanes_server_close(server);
	target->result = code;
}

static void target_wait_for(const struct target *target, bool (*there)(const struct target *))
{
	for (int i = 0; i < 5000 && !there(target); i++)
		usleep(1000);
}

static bool target_is_listening(const struct target *target)
{
	return target->port || target->result;
}

TAP_UNUSED static bool target_is_through(const struct target *target)
{
	return target->result;
}

static void target_start(struct target *target)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		bail("fork: %m");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		target_serve(target);
		exit(0);
	}
	target->pid = pid;
	target_wait_for(target, target_is_listening);
}

/* Stops all threads of the target by SIGSTOP, until target_resume() or target_stop(). */
TAP_UNUSED static void target_pause(struct target *target)
{
	int status;

	if (kill(target->pid, SIGSTOP) || waitpid(target->pid, &status, WUNTRACED) < 0)
		bail("the target does not stop: %m");
	target->paused = true;
}

TAP_UNUSED static void target_resume(struct target *target)
{
	kill(target->pid, SIGCONT);
	target->paused = false;
}

/*
 * Ends the target, and returns its wait status. Sends SIGCONT only to a paused target: when the
 * target ends, the leak checker stops it by SIGSTOP, and would wait for ever if a SIGCONT cancelled
 * that.
 */
TAP_UNUSED static int target_stop(struct target *target)
{
	int status = -1;

	target->quit = true;
	if (target->pid > 0) {
		if (target->paused)
			kill(target->pid, SIGCONT);
		waitpid(target->pid, &status, 0);
	}
	munmap(target->pool, TARGET_SIZE);
	munmap(target, sizeof(*target));
	return status;
}

static struct fabric_client_args target_client(struct target *target, void *local)
{
	return (struct fabric_client_args){
		.name = "here:set",
		.provider = target_provider(),
		.host = target_address(),
		.port = target->port,
		.nlanes = target->args.nlanes,
		.secrets = target->args.secrets,
		.method = target->args.method,
		.local = local,
		.size = TARGET_SIZE,
		.guard = 4096,
		.hangup_fd = -1,
		.timeout_ms = 5000,
		.poll_us = 50,
	};
}

/* Starts a target, and opens a client that is connected to it. */
TAP_UNUSED static struct target *target_with_client(
	enum holdfast_method method, unsigned nlanes, void *local, struct lanes_client **client)
{
	struct target *target = target_new(method, nlanes);

	target_start(target);
	if (target->result)
		bail("no target: %s", target->sentence);
	struct fabric_client_args args = target_client(target, local);
	if (fabric_client_open(&args, client))
		bail("no client: %s", err_get());
	return target;
}

TAP_UNUSED static uint8_t *target_local(void)
{
	uint8_t *local =
		mmap(NULL, TARGET_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (local == MAP_FAILED)
		bail("no memory");
	return local;
}

#endif
