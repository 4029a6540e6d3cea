/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.h - processors for two ends that are both here, as if each had a machine of its own
 *
 * The first half of those that this process may use is for the initiator, the rest for its target.
 * Without this both may share one for a while after each has slept, and what is measured is that.
 */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

void place_this_end(void);
void place_other_end(void);

/* For taskset(1): where the other end belongs. */
const char *place_of_other_end(void);

#endif
