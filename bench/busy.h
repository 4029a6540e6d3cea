/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * busy.h - simulates other work on this machine: loops that never sleep, each in a separate
 * process
 *
 * The loops have the priority of this process. The first one runs on the processors of this end,
 * the second one on the processors of the other end (place.h).
 */
#ifndef BENCH_BUSY_H
#define BENCH_BUSY_H

#include <stdbool.h>

#define BUSY_MOST 2

/* Starts or ends loops until `loops` run. They end with us. Returns whether it has ended any. */
bool busy_set(unsigned loops);

#endif
