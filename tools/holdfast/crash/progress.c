/* SPDX-License-Identifier: BSD-3-Clause */
/* progress.c - what the line on the terminal says about a long run of holdfast crash or stat */
#include <inttypes.h>

#include "command.h"
#include "holdfast/status_line.h"

#define QUIET 2.0 /* seconds after which a run counts as long */

void progress_recorded(const struct trace *trace)
{
	if (status_line_is_due(QUIET))
		fprintf(stderr, STATUS_LINE "%" PRIu64 " events recorded, %" PRIu64 " MiB",
			trace->events, trace->count * EVENT_SLOT >> 20);
}

void progress_checked(unsigned files)
{
	if (status_line_is_due(QUIET))
		fprintf(stderr, STATUS_LINE "the check was tried with %u files without a crash",
			files);
}

void progress_explored(const struct progress *progress)
{
	if (status_line_is_due(QUIET))
		fprintf(stderr,
			STATUS_LINE "pass %u of at most %u: %" PRIu64 " %% of the trace, %" PRIu64
				    " images",
			progress->round, progress->rounds,
			progress->end ? progress->at * 100 / progress->end : 100, progress->images);
}

void progress_end(void)
{
	status_line_remove();
}
