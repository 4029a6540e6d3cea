/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.h - divides this machine's processors between an initiator and a target that both run here
 *
 * The first half of the processors that this process may use is for the initiator, the rest for
 * its target. Otherwise both may share a processor for a while after a sleep, which would be
 * measured.
 */
#ifndef BENCH_PLACE_H
#define BENCH_PLACE_H

void place_this_end(void);
void place_other_end(void);

/* Returns the list of the target's processors, in the format of taskset(1). */
const char *place_of_other_end(void);

#endif
