/* SPDX-License-Identifier: BSD-3-Clause */
#include "status_line.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define AGAIN 0.2 /* seconds between two updates of the line */

static bool is_shown;

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool status_line_is_due(double quiet)
{
	static bool has_begun, is_terminal;
	static double next;
	double now = seconds();

	if (!has_begun) {
		is_terminal = isatty(STDERR_FILENO);
		next = now + quiet;
	}
	has_begun = true;
	if (!is_terminal || now < next)
		return false;
	next = now + AGAIN;
	is_shown = true;
	return true;
}

void status_line_remove(void)
{
	if (is_shown)
		fputs(STATUS_LINE, stderr);
	is_shown = false;
}
