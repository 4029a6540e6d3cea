/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirror.h - what remains on another machine if the program's own machine is lost (R14 of unit.h)
 *
 * librpmem sends ranges of a program's memory to a mirror, in lanes, and a drain of a lane waits
 * until all of that lane is durable there. The mirrors get a trace of their own. In it, ranges that
 * are sent are streaming stores, drains are fences, and each lane of each mirror is a thread. So
 * rule R14, about sent ranges, follows from rule R7, about streaming stores. Between ranges that
 * are sent together the mirrors' trace has no other event, and no crash is tried between them
 * (EVENT_FENCE_BEGIN).
 */
#ifndef CRASH_MIRROR_H
#define CRASH_MIRROR_H

#include "trace/trace.h"

/* Does the trace have a mirror? */
bool mirror_is_there(const struct trace *trace);

/*
 * Make a trace that has only what happens on mirrors. Files, stacks and objects have the same
 * numbers as in the whole trace. Returns 0 or an error of trace_init() and trace_add();
 * trace_fini() ends both traces.
 */
int mirror_only(const struct trace *whole, struct trace *mirrors);

#endif
