/* SPDX-License-Identifier: BSD-3-Clause */
/* ready.h - find out if a checker uses holdfast_crash_ready(), and if it can be forked there */
#ifndef LIBHOLDFAST_TRACE_READY_H
#define LIBHOLDFAST_TRACE_READY_H

#include <stdbool.h>

/* Does the program, or a library that it has loaded, call holdfast_crash_ready()? */
bool ready_is_used(void);
/* Is this process without other threads and without children? */
bool ready_is_alone(void);

#endif
