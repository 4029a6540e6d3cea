/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.h - let the daemon survive when a store to a pool raises SIGBUS
 *
 * A store raises SIGBUS if the memory is bad, or if the disk is full and the file system writes
 * changed blocks elsewhere. A guard runs a function, and returns false if that function raises
 * SIGBUS: the daemon then finds out why, and can go on using the pool. Stores by a provider of
 * libfabric cannot be interrupted: a fault in one of them ends the daemon, with a message that the
 * initiator gets.
 */
#ifndef POOL_FAULT_H
#define POOL_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Install the handler of SIGBUS. Call once. */
void fault_init(void);

/* Set the memory of the pool, until the next call; NULL: none. Faults elsewhere are not caught. */
void fault_watch(const void *base, size_t size);

/*
 * Run body(arg) under a guard. If a store to the pool raises SIGBUS, a jump leaves the function at
 * once, so it must hold no lock and no memory that it has to release. Returns false in that case.
 * A guard costs next to nothing. Guards must not be nested.
 */
bool fault_guard(void (*body)(void *arg), void *arg);

#endif
