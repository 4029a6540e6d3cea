/* SPDX-License-Identifier: BSD-3-Clause */
/* signals.c - end a run early: after a signal, and for lack of memory */
#include <signal.h>
#include <unistd.h>

#include "command.h"
#include "holdfast/tool.h"

static struct work *work_to_remove;

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

/* Handles SIGBUS, which is raised if the file system has no room for a page of an image. */
static _Noreturn void no_room(int number)
{
	static const char words[] =
		"holdfast: no room for images; HOLDFAST_CRASH_DIR names another directory\n";

	(void)number;
	signal(SIGBUS, SIG_DFL);
	if (write(STDERR_FILENO, words, sizeof(words) - 1) > 0 && work_to_remove)
		work_remove(work_to_remove);
	_exit(STATUS_NOTHING);
}

/* Cleans up before this program ends for lack of memory. */
static void no_memory(void)
{
	end_children();
	if (work_to_remove)
		work_remove(work_to_remove);
	_exit(STATUS_NOTHING);
}

void set_signals(struct work *work)
{
	static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

	work_to_remove = work;
	without_memory = no_memory;
	for (size_t i = 0; i < sizeof(stopping) / sizeof(stopping[0]); i++)
		sigaction(stopping[i], &(struct sigaction){.sa_handler = stop}, NULL);
	signal(SIGBUS, no_room);
	signal(SIGPIPE, SIG_IGN);
}
