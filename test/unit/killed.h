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

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulated.h"
#include "tap.h"

#define KILLED_STEPS_MAX  5000
#define KILLED_STORES_MAX 100

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

static bool killed_after(const struct killed *killed, unsigned steps)
{
	killed->prepare();
	pid_t pid = killed_start(killed);
	for (; steps && killed_step(pid); steps--)
		if (killed->watch)
			killed->watch();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return killed->holds();
}

/*
 * Finds the instructions of the child that change the memory, and writes their numbers to `at`;
 * the child's first instruction has the number 1. Returns how many numbers were written; 0 if the
 * child cannot be single-stepped.
 */
static unsigned killed_stores(const struct killed *killed, unsigned at[KILLED_STORES_MAX])
{
	const void *memory = killed->prepare();
	void *before = malloc(killed->size);
	pid_t pid = killed_start(killed);
	unsigned stores = 0, steps = 0;

	if (!before)
		bail("no memory");
	memcpy(before, memory, killed->size);
	while (pid && steps < KILLED_STEPS_MAX && stores < KILLED_STORES_MAX && killed_step(pid)) {
		steps++;
		if (!memcmp(before, memory, killed->size))
			continue;
		memcpy(before, memory, killed->size);
		at[stores++] = steps;
	}
	free(before);
	bool ended = pid && waitpid(pid, NULL, WNOHANG) < 0;
	if (pid && !ended) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return killed->holds() && ended ? stores : 0;
}

static void killed_at_each(const struct killed *killed, const char *what)
{
	unsigned at[KILLED_STORES_MAX], stores, good = 0;

	stores = locks_of_the_dead_are_passed_on() ? killed_stores(killed, at) : 0;
	if (!stores) {
		skip(what, "a child cannot be single-stepped here");
		return;
	}
	while (good < stores && killed_after(killed, at[good]))
		good++;
	if (!is_int(good, stores, "%s", what))
		diag("first failure: child killed after its store %u, instruction %u", good + 1,
			at[good]);
}

#endif
