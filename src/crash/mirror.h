/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirror.h - what remains on another machine if the program's own machine is lost (R14 of unit.h)
 *
 * librpmem sends ranges of a program's memory to a mirror, in lanes, and a drain of a lane waits
 * until all of that lane is durable there. The trace of the mirrors alone has these ranges as
 * streaming stores and the drains as fences, with a thread for each lane of each mirror: streaming
 * stores (R7) and what is sent (R14) follow the same rule. Ranges that are sent together have no
 * other events between them, and no crash is tried there (EVENT_FENCE_BEGIN).
 */
#ifndef CRASH_MIRROR_H
#define CRASH_MIRROR_H

#include "trace/trace.h"

/* Does the trace have a mirror? */
bool mirror_is_there(const struct trace *trace);

/*
 * Make the trace of the mirrors alone, with the same numbers of files, stacks and objects. Returns
 * 0 or an error of trace_init() and trace_add(); trace_fini() ends both traces.
 */
int mirror_only(const struct trace *whole, struct trace *mirrors);

#endif
