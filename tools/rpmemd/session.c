/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "session_parts.h"

#define PING_AFTER_MS 15000 /* maximum silence before a ping is sent */

enum verdict { GO_ON, END_WELL, END_BADLY };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* -- handling events -- */

/*
 * Write the reason of a failure to standard error. ssh passes it on to the initiator, whose error
 * message contains it.
 */
static void tell_why(const char *sentence)
{
	struct pollfd wait = {STDERR_FILENO, POLLOUT, 0};

	/* Do not block if nobody reads the message. */
	if (poll(&wait, 1, 0) > 0 && wait.revents & POLLOUT)
		dprintf(STDERR_FILENO, "rpmemd: %s\n", sentence);
}

static enum verdict trouble(void)
{
	log_error("the connection ends: %s", err_get());
	tell_why(err_get());
	return END_BADLY;
}

static enum verdict on_input(struct session *session)
{
	struct control_head head;
	const uint8_t *body;
	int rc = control_io_read(&session->io);

	if (rc < 0)
		return trouble();
	if (!rc) {
		if (!session->service.pool)
			return END_WELL;
		log_warning("the initiator is gone and has not closed its pool");
		return END_BADLY;
	}
	session->heard = now_ms();
	session->pinged = false;
	while ((rc = control_io_next(&session->io, &head, &body)) > 0) {
		rc = session_dispatch(session, &head, body);
		if (rc < 0)
			break;
	}
	/*
	 * Count the initiator's silence from now on: the time that this daemon took for requests
	 * must not count as silence of the initiator.
	 */
	session->heard = now_ms();
	return rc < 0 ? trouble() : GO_ON;
}

/*
 * Handle events of lanes. After a lane is lost, the initiator can only close the pool, unless it
 * has gone.
 */
static enum verdict on_lane_events(struct session *session)
{
	int rc = lanes_server_progress(session->service.server);

	if (!rc)
		return GO_ON;
	if (rc != -ECONNRESET)
		return trouble();
	if (!session->lost)
		session->lost = now_ms();
	return GO_ON;
}

/*
 * Handle another process that asks for the initiator's counters. Initiators of older versions
 * cannot report their counters.
 */
static enum verdict on_asker(struct session *session)
{
	struct publish *publish = &session->service.publish;

	if (!publish_accept(publish))
		return GO_ON;
	if (session->io.minor < 1) {
		publish_answer(publish, NULL);
		return GO_ON;
	}
	return control_io_ask(&session->io, CONTROL_COUNTERS, ++session->questions) ? trouble()
										    : GO_ON;
}

static enum verdict on_jobs(struct session *session)
{
	return session_answer_jobs(session) ? trouble() : GO_ON;
}

/* Returns the time in ms at which the session must act even if no event has happened. */
static int64_t next_deadline(const struct session *session)
{
	int64_t timeout = session->config->timeout_ms;
	int64_t quiet = timeout / 2 < PING_AFTER_MS ? timeout / 2 : PING_AFTER_MS;
	int64_t deadline = session->heard + (session->pinged ? quiet + timeout : quiet);

	if (!session->io.greeted)
		deadline = session->heard + timeout;
	if (session->lost && session->lost + timeout < deadline)
		deadline = session->lost + timeout;
	return deadline;
}

static enum verdict on_silence(struct session *session)
{
	int timeout_ms = session->config->timeout_ms;

	if (session->lost && now_ms() >= session->lost + timeout_ms)
		err_set(-ECONNRESET,
			"the connection of a lane was lost, and the initiator did not close the pool in time");
	else if (!session->io.greeted)
		err_set(-ETIMEDOUT, "no greeting within %d ms", timeout_ms);
	else if (session->pinged)
		err_set(-ETIMEDOUT, "the initiator does not answer within %d ms", timeout_ms);
	else if (!control_io_ask(&session->io, CONTROL_PING, ++session->pings)) {
		session->pinged = true;
		return GO_ON;
	}
	return trouble();
}

static enum verdict on_signal(struct session *session)
{
	struct signalfd_siginfo info = {.ssi_signo = 0};

	if (read(session->signals, &info, sizeof(info)) != sizeof(info))
		return GO_ON;
	err_minor(LOG_WARNING, -EINTR, "signal %u has ended the target", info.ssi_signo);
	tell_why(err_get());
	return END_BADLY;
}

static enum verdict once(struct session *session)
{
	/* Do not wait for events of lanes after one lane was lost. */
	bool watch = session->service.server && !session->lost;
	struct pollfd wait[] = {{STDIN_FILENO, POLLIN, 0}, {session->signals, POLLIN, 0},
		{watch ? lanes_server_fd(session->service.server) : -1, POLLIN, 0},
		{session->service.pool ? publish_fd(&session->service.publish) : -1, POLLIN, 0},
		{session->jobs ? jobs_fd(session->jobs) : -1, POLLIN, 0}};
	int64_t left = next_deadline(session) - now_ms();
	int ready = poll(wait, sizeof(wait) / sizeof(*wait), left > 0 ? (int)left : 0);

	if (ready < 0)
		return errno == EINTR ? GO_ON : END_BADLY;
	if (!ready)
		return on_silence(session);
	if (wait[1].revents)
		return on_signal(session);
	if (wait[2].revents && on_lane_events(session) != GO_ON)
		return END_BADLY;
	if (wait[3].revents && on_asker(session) != GO_ON)
		return END_BADLY;
	if (wait[4].revents && on_jobs(session) != GO_ON)
		return END_BADLY;
	return wait[0].revents ? on_input(session) : GO_ON;
}

/* -- begin, run and end a session -- */

/*
 * Block the signals that end the daemon, in this thread and in threads that it starts. Returns a
 * descriptor by which to receive them.
 */
static int take_signals(void)
{
	sigset_t ends;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
}

/*
 * Close standard output, which is the control channel. Opens /dev/null in its place, so that no
 * other file gets the same descriptor.
 */
static void close_output(void)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nothing >= 0) {
		dup2(nothing, STDOUT_FILENO);
		close(nothing);
	}
}

static int run(struct session *session)
{
	enum verdict verdict = END_BADLY;

	session->signals = take_signals();
	if (session->signals < 0) {
		err_sys("cannot make a descriptor for signals");
		trouble();
	} else if (control_io_init(&session->io, session->config->timeout_ms) ||
		   control_io_greet(&session->io)) {
		trouble();
	} else {
		session->service.io = &session->io;
		session->heard = now_ms();
		do
			verdict = once(session);
		while (verdict == GO_ON);
	}
	/*
	 * Close standard output first, so that the initiator notices the end even if closing the
	 * pool takes long.
	 */
	close_output();
	session_end_jobs(session);
	if (service_end(&session->service)) {
		trouble();
		verdict = END_BADLY;
	}
	control_io_fini(&session->io);
	if (session->signals >= 0)
		close(session->signals);
	return verdict == END_WELL ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void *load(void *unused)
{
	(void)unused;
	fabric_load();
	return NULL;
}

/*
 * Loads libfabric in a thread, at the same time as the initiator, which does so before its first
 * request.
 */
int session_run(const struct config *config)
{
	struct session session = {.config = config, .service = {.config = config}};
	pthread_t loader;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bool loads = !pthread_create(&loader, NULL, load, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	int status = run(&session);
	/* Wait for the thread that loads libfabric, because the process must not exit meanwhile. */
	if (loads)
		pthread_join(loader, NULL);
	return status;
}

int session_refuse(int rc, const char *sentence)
{
	const struct config defaults = {.timeout_ms = 30000};
	struct session session = {.config = &defaults,
		.service = {.config = &defaults},
		.refusal = rc,
		.why = sentence};

	run(&session);
	return EXIT_FAILURE;
}
