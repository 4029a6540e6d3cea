/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.h - stores to the pool that cannot be done
 *
 * A store raises SIGBUS if it is to bad memory, or finds no room: the disk is full, and the file
 * system writes changed blocks elsewhere. A guard runs a function, and comes back if it does so:
 * the daemon then finds out why, and the pool goes on. A provider's own stores cannot be left in
 * the middle: a fault in one of them ends the daemon, with a message that the initiator gets.
 */
#ifndef POOL_FAULT_H
#define POOL_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Install the handler, once. */
void fault_init(void);

/* The memory of the pool, until another call; NULL: none. Faults elsewhere are as ever. */
void fault_watch(const void *base, size_t size);

/*
 * body(arg), which may be left at any store to the pool, and so must hold nothing that has to be
 * given back. False if it was left. Costs nothing to speak of. Not to be nested.
 */
bool fault_guard(void (*body)(void *arg), void *arg);

#endif
