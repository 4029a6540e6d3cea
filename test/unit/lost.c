/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lost.c - the peer dies or hangs in the middle of a call: the call fails in time, and so do all
 * later ones
 */
#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

#include "unit/target.h"

static uint8_t *local;
static uint8_t *to;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct call {
	const char *name;
	int (*make)(struct lanes_client *client);
};

static int small_persist(struct lanes_client *client)
{
	return lanes_persist(client, 0, 4096, 64, false);
}

static int large_persist(struct lanes_client *client)
{
	return lanes_persist(client, 0, 4096, 4 << 20, false);
}

static int relaxed_persist(struct lanes_client *client)
{
	return lanes_persist(client, 0, 4096, 4 << 20, true);
}

static int many_flushes(struct lanes_client *client)
{
	int code = 0;

	for (unsigned i = 0; !code && i < 1000; i++)
		code = lanes_flush(client, 0, 4096 + i * 4096, 4096, false);
	return code ? code : lanes_drain(client, 0);
}

static int large_flush(struct lanes_client *client)
{
	int code = lanes_flush(client, 0, 4096, 4 << 20, false);

	return code ? code : lanes_drain(client, 0);
}

static int deep_persist(struct lanes_client *client)
{
	return lanes_deep_persist(client, 0, 4096, 100000);
}

static int large_read(struct lanes_client *client)
{
	return lanes_read(client, 0, to, 0, 4 << 20);
}

static const struct call calls[] = {
	{"persist", small_persist},
	{"persist of 4 MiB", large_persist},
	{"relaxed persist of 4 MiB", relaxed_persist},
	{"1000 flushes and a drain", many_flushes},
	{"flush of 4 MiB and a drain", large_flush},
	{"deep persist", deep_persist},
	{"read of 4 MiB", large_read},
};

#define CALLS (sizeof(calls) / sizeof(*calls))

/* Checks that all further calls on all lanes fail at once, with the errno `code` and a message. */
static void is_dead(struct lanes_client *client, int code)
{
	double start = seconds();
	unsigned wrong = 0;

	for (size_t i = 0; i < CALLS; i++)
		wrong += calls[i].make(client) != code;
	wrong += lanes_persist(client, 1, 4096, 64, false) != code;
	wrong += lanes_drain(client, 1) != code;
	ok(!wrong && seconds() - start < 1,
		"target lost: every later call fails at once with the same errno");
	has_str(err_get(), "here:set", "target lost: the message has the target's name");
}

/* Repeats a call until it fails, and returns its error. */
static int until_it_fails(const struct call *call, struct lanes_client *client)
{
	int code;

	do {
		code = call->make(client);
	} while (!code);
	return code;
}

struct signal_later {
	pid_t pid;
	int signal;
};

static void *send_later(void *context)
{
	struct signal_later *later = context;

	usleep(50000);
	kill(later->pid, later->signal);
	return NULL;
}

static void test_killed(const struct call *call, enum holdfast_method method)
{
	struct lanes_client *client;
	struct target *target = target_with_client(method, 2, local, &client);
	struct signal_later later = {target->pid, SIGKILL};
	pthread_t thread;

	pthread_create(&thread, NULL, send_later, &later);
	double start = seconds();
	is_int(until_it_fails(call, client), -ECONNRESET,
		"%s, %s: a killed target gives ECONNRESET", call->name, wire_method_name(method));
	ok(seconds() - start < 3, "target killed: the initiator notices within 3 s (after %.3f s)",
		seconds() - start);
	pthread_join(thread, NULL);
	is_dead(client, -ECONNRESET);
	lanes_close(client);
	target_stop(target);
}

/*
 * A read from a target that was stopped has failed, and now the target continues. The target must
 * not write the bytes to the caller's memory any more, so the initiator must have closed the
 * connection.
 */
static void check_unread(struct target *target, enum holdfast_method method)
{
	size_t changed = 0;

	memset(to, 0x5a, TARGET_SIZE);
	target_resume(target);
	if (method != HOLDFAST_METHOD_MESSAGE && target_provider() == HOLDFAST_PROVIDER_TCP) {
		target_wait_for(target, target_is_through);
		is_int(target->result, -ECONNRESET,
			"failed read: the initiator closes the lane's connection at once, not only when it closes the pool");
	}
	for (size_t i = 0; i < TARGET_SIZE; i++)
		changed += to[i] != 0x5a;
	is_int(changed, 0,
		"failed read: the target does not write to the caller's memory after the failure");
}

/* The target is stopped and sends no replies: a call must end at its own deadline. */
static void test_stopped(const struct call *call, enum holdfast_method method)
{
	struct target *target = target_new(method, 2);
	struct lanes_client *client;

	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	args.connect_ms = 10000;
	args.timeout_ms = 400;
	if (fabric_client_open(&args, &client))
		bail("%s", err_get());
	target_pause(target);
	double start = seconds();
	is_int(call->make(client), -ETIMEDOUT, "%s, %s: a stopped target gives ETIMEDOUT",
		call->name, wire_method_name(method));
	double took = seconds() - start;
	ok(took > 0.39 && took < 3,
		"silent target: a call ends after its deadline of 0.4 s (%.3f s)", took);
	has_str(err_get(), "no answer within 400 ms",
		"silent target: the message has the time limit of the call");
	is_dead(client, -ETIMEDOUT);
	if (call->make == large_read)
		check_unread(target, method);
	lanes_close(client);
	target_stop(target);
}

/* The caller reports through hangup_fd that the target is gone. */
static void test_hangup(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);
	struct lanes_client *client;
	static const uint64_t one = 1;

	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	args.timeout_ms = 60000;
	args.hangup_fd = eventfd(0, 0);
	if (fabric_client_open(&args, &client))
		bail("%s", err_get());
	is_int(small_persist(client), 0,
		"hangup_fd: a persist succeeds while the target is connected");
	target_pause(target);
	if (write(args.hangup_fd, &one, sizeof(one)) < 0)
		bail("write: %m");
	double start = seconds();
	is_int(small_persist(client), -ECONNRESET,
		"hangup_fd: a call gives ECONNRESET if this descriptor reports that the target is gone");
	ok(seconds() - start < 3,
		"hangup_fd: a call ends at once if this descriptor reports that the target is gone");
	has_str(err_get(), "here:set: the target is gone",
		"hangup_fd: the message of the failed call says that the target is gone");
	is_dead(client, -ECONNRESET);
	lanes_close(client);
	close(args.hangup_fd);
	target_stop(target);
}

struct sleeper {
	struct lanes_client *client;
	int code;
};

static void *sleep_in_drain(void *context)
{
	struct sleeper *sleeper = context;

	sleeper->code = lanes_persist(sleeper->client, 1, 4096, 64, false);
	return NULL;
}

/* A lane that finds the target lost wakes the threads that sleep on other lanes. */
static void test_others_wake(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);
	struct lanes_client *client;
	pthread_t thread;

	target_start(target);
	struct fabric_client_args args = target_client(target, local);
	args.connect_ms = 10000;
	args.timeout_ms = 500;
	if (fabric_client_open(&args, &client))
		bail("%s", err_get());
	target_pause(target);
	struct sleeper sleeper = {client, 0};
	pthread_create(&thread, NULL, sleep_in_drain, &sleeper);
	usleep(200000);
	is_int(small_persist(client), -ETIMEDOUT,
		"two threads, target stopped: the call whose deadline passes gives ETIMEDOUT");
	pthread_join(thread, NULL);
	is_int(sleeper.code, -ETIMEDOUT,
		"two threads, target stopped: the thread asleep on the other lane gets ETIMEDOUT, too");
	lanes_close(client);
	target_stop(target);
}

/* -- the initiator dies or hangs, and the target notices -- */

static pid_t start_initiator(struct target *target, const struct call *call)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		bail("fork: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	struct fabric_client_args args = target_client(target, local);
	struct lanes_client *client;
	if (fabric_client_open(&args, &client))
		_exit(1);
	until_it_fails(call, client);
	_exit(2);
}

static bool has_stored(const struct target *target)
{
	return target->stored > 1 << 20 || target->connected == 2;
}

static void test_initiator_killed(const struct call *call)
{
	struct target *target = target_new(HOLDFAST_METHOD_WRITE_MESSAGE, 2);

	target_start(target);
	pid_t pid = start_initiator(target, call);
	target_wait_for(target, has_stored);
	usleep(20000);
	double start = seconds();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	target_wait_for(target, target_is_through);
	is_int(target->result, -ECONNRESET,
		"%s: the target reports a killed initiator as ECONNRESET", call->name);
	ok(seconds() - start < 3, "initiator killed: the target notices within 3 s");
	is_int(target_stop(target), 0, "initiator killed: the target ends without an error");
}

/* A target must be able to end although messages of a stopped initiator are outstanding. */
static void test_initiator_stopped(void)
{
	struct target *target = target_new(HOLDFAST_METHOD_MESSAGE, 2);

	target_start(target);
	pid_t pid = start_initiator(target, &calls[1]);
	target_wait_for(target, has_stored);
	usleep(20000);
	kill(pid, SIGSTOP);
	usleep(50000);
	double start = seconds();
	is_int(target_stop(target), 0, "initiator stopped by SIGSTOP: the target can be ended");
	ok(seconds() - start < 3,
		"initiator stopped by SIGSTOP: ending the target does not wait for the initiator");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	local = target_local();
	to = malloc(TARGET_SIZE);
	for (size_t i = 0; i < CALLS; i++) {
		test_killed(&calls[i], HOLDFAST_METHOD_MESSAGE);
		test_killed(&calls[i],
			i % 2 ? HOLDFAST_METHOD_WRITE_MESSAGE : HOLDFAST_METHOD_WRITE_READ);
		test_stopped(&calls[i], HOLDFAST_METHOD_MESSAGE);
		test_stopped(&calls[i],
			i % 2 ? HOLDFAST_METHOD_WRITE_MESSAGE : HOLDFAST_METHOD_WRITE_DELIVERED);
		test_initiator_killed(&calls[i]);
	}
	test_hangup();
	test_others_wake();
	test_initiator_stopped();
	free(to);
	munmap(local, TARGET_SIZE);
	return tap_done();
}
