/* SPDX-License-Identifier: BSD-3-Clause */
#include "busy.h"

#include <err.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "place.h"

static pid_t running[BUSY_MOST];

static void loop(unsigned number)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (number % 2)
		place_other_end();
	else
		place_this_end();
	for (;;)
		__asm__ volatile(""); /* keeps the compiler from removing the loop */
}

bool busy_set(unsigned loops)
{
	bool ended = false;

	for (unsigned i = 0; i < BUSY_MOST; i++) {
		if (i < loops && !running[i]) {
			running[i] = fork();
			if (running[i] < 0)
				err(1, "fork");
			if (!running[i])
				loop(i);
		}
		if (i >= loops && running[i]) {
			kill(running[i], SIGKILL);
			waitpid(running[i], NULL, 0);
			running[i] = 0;
			ended = true;
		}
	}
	return ended;
}
