/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault.h - survive stores to the pool that fail
 *
 * A store raises SIGBUS if the memory is bad, or if the disk is full and the file system writes
 * changed blocks elsewhere. A guard runs a function, and returns false if that function raises
 * SIGBUS: the daemon then finds out why, and the pool goes on. Stores by a provider of libfabric
 * cannot be interrupted: a fault in one of them ends the daemon, with a message that the initiator
 * gets.
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
 * Run body(arg). It may be left by a jump at any store to the pool, and so must hold nothing that
 * has to be released. Returns false if it was left. Costs next to nothing. Guards must not be
 * nested.
 */
bool fault_guard(void (*body)(void *arg), void *arg);

#endif
