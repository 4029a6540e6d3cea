/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * start.c - measures the time that loading a library adds to the run of a program that does
 * nothing
 *
 *	start NOTHING OUR-DIRECTORY PEER-DIRECTORY [MILLISECONDS]
 *
 * The program NOTHING (nothing.c) is started with the library preloaded, and without a library;
 * each round takes the difference of two such runs. Preloading a library takes as long as linking
 * with it, except that the loader need not search for it.
 */
#include <err.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "clock.h"
#include "rows.h"

static const char *nothing;

/* Returns the nanoseconds that a run takes with `library` preloaded; NULL: without a library. */
static double started(const char *library)
{
	char setting[4200];
	char *arguments[] = {(char *)nothing, NULL};
	char *environment[] = {library ? setting : NULL, NULL};
	int status;
	pid_t child;

	snprintf(setting, sizeof(setting), "LD_PRELOAD=%s", library ? library : "");
	double start = now_ns();
	if (posix_spawn(&child, nothing, NULL, NULL, arguments, environment))
		errx(1, "cannot start %s", nothing);
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "%s fails with %s", nothing, library ? library : "no library");
	return now_ns() - start;
}

static void measure(const char *name, char **directories, double budget_ns)
{
	static struct samples samples;
	char libraries[PEER_AGAIN + 1][4096];
	size_t order[CONTESTANTS];
	double begun = now_ns();

	for (int i = OURS; i <= PEER_AGAIN; i++)
		snprintf(libraries[i], sizeof(libraries[i]), "%s/%s.so.1", directories[i != OURS],
			name);
	for (samples.rounds = 0;
		samples.rounds < ROUNDS_MAX && (samples.rounds < 9 || now_ns() - begun < budget_ns);
		samples.rounds++) {
		rows_order(order, BARE);
		for (size_t i = 0; i < BARE; i++) {
			double without = started(NULL);
			samples.of[order[i]][samples.rounds] =
				started(libraries[order[i]]) - without;
		}
	}
	rows_print(&(struct title){"start", name, "-", "-", "-", 0, 0.98}, &samples, BARE);
}

int main(int argc, char **argv)
{
	double budget_ns = argc > 4 ? strtod(argv[4], NULL) * 1e6 : 2e9;

	if (argc < 4)
		errx(2, "usage: start EMPTY-PROGRAM OUR-DIRECTORY PEER-DIRECTORY [MILLISECONDS]");
	nothing = argv[1];
	measure("libpmem", argv + 2, budget_ns);
	measure("libpmem2", argv + 2, budget_ns);
	return 0;
}
