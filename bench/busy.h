/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * busy.h - simulates other work on this machine: loops that never sleep, each in a separate
 * process
 *
 * The loops have the priority of this process. The first loop runs on the processors of the
 * initiator (this process), the second one on the processors of its target (place.h).
 */
#ifndef BENCH_BUSY_H
#define BENCH_BUSY_H

#include <stdbool.h>

#define BUSY_MOST 2

/*
 * Starts or ends loops until `loops` of them run. They end when this process ends. Returns whether
 * the call has ended any loop.
 */
bool busy_set(unsigned loops);

#endif
