/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * killed.h - kill a child after each of its stores to shared memory, and check if the memory that
 * the child leaves is valid
 *
 * The tests are skipped where ptrace(2) cannot single-step a child, where a step disturbs a loop
 * of atomic instructions so that it never ends, and where a child executes too many instructions,
 * as under a sanitizer.
 */
#ifndef TEST_UNIT_KILLED_H
#define TEST_UNIT_KILLED_H

#include <limits.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulated.h"
#include "tap.h"

#define KILLED_STEPS_MAX 5000

struct killed {
	void *(*prepare)(void); /* parent calls this before each fork; returns the shared memory */
	size_t size;
	void (*body)(void);  /* the child calls this, and is killed in it */
	void (*watch)(void); /* parent calls this after each instruction of the child; or NULL */
	bool (*holds)(void); /* parent calls this when the child is dead; true: memory is valid */
};

/*
 * Forks a child that stops before it calls body(). Returns the child's process id; 0 if the child
 * cannot be traced.
 */
static pid_t killed_start(const struct killed *killed)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(0);
		raise(SIGSTOP);
		killed->body();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("cannot fork a child, or wait for it");
	return WIFSTOPPED(status) ? pid : 0;
}

/* Lets the child execute one instruction; false once it has ended. */
static bool killed_step(pid_t pid)
{
	int status;

	return !ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status);
}

/*
 * Lets the child go on until it has changed the memory `stores` times, has ended, or has executed
 * too many instructions. Only changes during its own steps count. Returns how many it has made.
 */
static unsigned killed_run(
	const struct killed *killed, pid_t pid, const void *memory, unsigned stores, bool watches)
{
	void *before = malloc(killed->size);
	unsigned made = 0;

	if (!before)
		bail("no memory");
	for (unsigned steps = 0; made < stores && steps < KILLED_STEPS_MAX; steps++) {
		memcpy(before, memory, killed->size);
		if (!killed_step(pid))
			break;
		made += memcmp(before, memory, killed->size) != 0;
		if (watches && killed->watch)
			killed->watch();
	}
	free(before);
	return made;
}

static bool killed_after(const struct killed *killed, unsigned stores)
{
	const void *memory = killed->prepare();
	pid_t pid = killed_start(killed);

	killed_run(killed, pid, memory, stores, true);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return killed->holds();
}

/*
 * Returns how many times the child changes the memory until it ends; 0 if it cannot be
 * single-stepped.
 */
static unsigned killed_stores(const struct killed *killed)
{
	const void *memory = killed->prepare();
	pid_t pid = killed_start(killed);
	unsigned stores = pid ? killed_run(killed, pid, memory, UINT_MAX, false) : 0;
	bool ended = pid && waitpid(pid, NULL, WNOHANG) < 0;

	if (pid && !ended) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return killed->holds() && ended ? stores : 0;
}

static void killed_at_each(const struct killed *killed, const char *what)
{
	unsigned stores, good = 0;

	stores = locks_of_the_dead_are_passed_on() ? killed_stores(killed) : 0;
	if (!stores) {
		skip(what, "a child cannot be single-stepped here");
		return;
	}
	while (good < stores && killed_after(killed, good + 1))
		good++;
	if (!is_int(good, stores, "%s", what))
		diag("first failure: child killed after its store %u", good + 1);
}

#endif
