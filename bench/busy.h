/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * busy.h - other work on this machine: loops that never sleep, each in a process of its own
 *
 * Their priority is that of this process. The first one runs on the processors of this end, the
 * second one on those of the other end (place.h).
 */
#ifndef BENCH_BUSY_H
#define BENCH_BUSY_H

#include <stdbool.h>

#define BUSY_MOST 2

/* From now on there are that many of them. They end with us. Returns whether any has ended now. */
bool busy_set(unsigned loops);

#endif
