/* SPDX-License-Identifier: BSD-3-Clause */
/* progress.c - show how far a long run is, in one line on the terminal, which is updated */
#include <inttypes.h>
#include <unistd.h>

#include "command.h"

#define FIRST 2.0  /* seconds after which a run counts as long */
#define AGAIN 0.25 /* seconds between two updates of the line */

static bool is_shown;

/* True if the line should be written now. */
static bool is_due(void)
{
	static bool has_begun, is_terminal;
	static double next;

	if (!has_begun) {
		is_terminal = isatty(STDERR_FILENO);
		next = now() + FIRST;
	}
	has_begun = true;
	if (!is_terminal || now() < next)
		return false;
	next = now() + AGAIN;
	is_shown = true;
	return true;
}

void progress_recorded(const struct trace *trace)
{
	if (is_due())
		fprintf(stderr, "\r\033[K%" PRIu64 " events recorded, %" PRIu64 " MiB",
			trace->events, trace->count * EVENT_SLOT >> 20);
}

void progress_checked(unsigned files)
{
	if (is_due())
		fprintf(stderr, "\r\033[Kthe check was tried with %u files without a crash", files);
}

void progress_explored(const struct progress *progress)
{
	if (is_due())
		fprintf(stderr,
			"\r\033[Kpass %u of at most %u: %" PRIu64 " %% of the trace, %" PRIu64
			" images",
			progress->round, progress->rounds,
			progress->end ? progress->at * 100 / progress->end : 100, progress->images);
}

void progress_end(void)
{
	if (is_shown)
		fputs("\r\033[K", stderr);
	is_shown = false;
}
