/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sigbus.h - survive memory that cannot be read or written
 *
 * A load from a bad block of persistent memory, or a store to one, raises SIGBUS. A *guard* runs a
 * function; if an access by the function to the guarded range raises SIGBUS, the guard returns an
 * error.
 *
 * A process has one handler of SIGBUS, and the program may have set it. The library's handler is
 * installed while a guard runs on any thread. If a signal is not a fault in the guarded range of
 * the thread that gets it, the handler passes the signal on: to the program's handler, on the stack
 * and with the blocked signals that the program chose, or to the default action. When the last
 * guard ends, the program's handler is put back; if the program has installed another one
 * meanwhile, that one stays. A handler that the program installs while a guard runs gets the faults
 * of that guard first. The guard still works if this handler, as it should, passes signals that do
 * not concern it on to the handler that it replaced. The program's handler need not return.
 *
 * Locks: one, for installing the handler and for claiming a *seat*, which is a slot for a running
 * guard; not held while a guard runs. A child of fork starts without guards.
 */
#ifndef MAP_SIGBUS_H
#define MAP_SIGBUS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Maximum number of guards that run at the same time. A further guard waits until one of these
 * ends.
 */
#define SIGBUS_GUARDS 64

/* Call once, when the library is loaded. Returns 0 or -ENOMEM. */
int sigbus_init(void);

/*
 * Run body(arg) under a guard. If a load from or store to [from, from + length) fails, a jump
 * leaves the function at once, so it must hold nothing that it has to release. Returns 0;
 * PMEM2_E_IO_FAIL, without an error message, if the function was left by a jump (*fault is then
 * the offset of the failed access in the range); -ENOMEM or another -errno, with an error message,
 * if the function was not run at all. Guards must not be nested.
 */
int sigbus_guard(
	const void *from, size_t length, void (*body)(void *arg), void *arg, size_t *fault);

#endif
