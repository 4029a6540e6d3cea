/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * status_line.h - a line that shows how far a long run is: it is overwritten again and again
 *
 * The line is on standard error, and only if that is a terminal. To overwrite it, print text that
 * begins with STATUS_LINE and has no newline:
 *
 *	if (status_line_is_due(2.0))
 *		fprintf(stderr, STATUS_LINE "%u files", files);
 *	status_line_remove();
 *
 * For one thread.
 */
#ifndef TOOLS_HOLDFAST_STATUS_LINE_H
#define TOOLS_HOLDFAST_STATUS_LINE_H

#include <stdbool.h>

#define STATUS_LINE "\r\033[K"

/*
 * Returns true if the line has to be printed now: at the first call or later, but not in the first
 * `quiet` seconds after the first call, and then at most five times a second.
 */
bool status_line_is_due(double quiet);

/* Removes the line if it was printed. */
void status_line_remove(void);

#endif
