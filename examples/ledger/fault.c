/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault.h"

static const struct log *watched;

/* Prints a text with functions that a signal handler may call. */
static void say(const char *text)
{
	ssize_t said = write(STDERR_FILENO, text, strlen(text));

	(void)said;
}

/*
 * Finds the reason of a SIGBUS: writes the same byte with pwrite(2), which fails with an errno that
 * names the reason.
 */
static const char *reason(const struct log *log, size_t offset)
{
	char byte;

	if (pread(log->fd, &byte, 1, (off_t)offset) == 1 &&
		pwrite(log->fd, &byte, 1, (off_t)offset) == 1)
		return "No space left on device for a store to the map";
	switch (errno) {
	case ENOSPC:
		return "No space left on device";
	case EDQUOT:
		return "Disk quota exceeded";
	default:
		return "Input/output error";
	}
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	const struct log *log = watched;
	size_t offset = log ? (size_t)((char *)info->si_addr - (char *)log->header) : 0;

	(void)context;
	if (info->si_code > 0 && log && offset < log->size) {
		say("ledger: ");
		say(log->path);
		say(": cannot store to it: ");
		say(reason(log, offset));
		say("\n");
		_exit(EXIT_FAILURE);
	}
	/* The fault is not in the log: let it occur again, so that it ends the process as usual. */
	signal(number, SIG_DFL);
	if (info->si_code <= 0)
		raise(number);
}

void fault_watch(const struct log *log)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	watched = log;
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}
