/* SPDX-License-Identifier: BSD-3-Clause */
/* ready.h - find out if a checker uses holdfast_crash_ready(), and if it can be forked there */
#ifndef LIBHOLDFAST_TRACE_READY_H
#define LIBHOLDFAST_TRACE_READY_H

#include <stdbool.h>

/* Does the program, or a library that it has loaded, use holdfast_crash_ready()? */
bool ready_is_used(void);
/* Has this process neither other threads nor children? */
bool ready_is_alone(void);

#endif
