/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sigbus.h - survive memory that cannot be read or written
 *
 * A load from a bad block of persistent memory, or a store to one, raises SIGBUS. A guard runs a
 * function and comes back with an error if it does so within the guarded range.
 *
 * Handlers of SIGBUS belong to the process, and the program may have one. Ours is there while a
 * guard runs on any thread, and passes on every signal that is not a fault of a guarded range
 * on its own thread: to the program's handler, on the stack and with the signals blocked that it
 * asked for, or to the default action. When the last guard ends, the program's is put back; if the
 * program has installed another one meanwhile, that one stays. A handler that the program installs
 * while a guard runs sees the faults of that guard first; if it passes on what it does not know to
 * the handler that it replaced, as it should, the guard still works. It may be a function that
 * never returns.
 *
 * Locks: one, for installing and for a place among the guards; not held while one runs. A child of
 * fork starts with none.
 */
#ifndef MAP_SIGBUS_H
#define MAP_SIGBUS_H

#include <stddef.h>
#include <stdint.h>

/* Guards that run at the same time; more wait until one ends. */
#define SIGBUS_GUARDS 64

/* Once, when the library is loaded. Returns 0 or -ENOMEM. */
int sigbus_init(void);

/*
 * body(arg), which may be left at any load from or store to [from, from + length), and so must
 * hold nothing that has to be given back. 0; PMEM2_E_IO_FAIL, without a sentence, if it was left,
 * and then *fault is the offset in the range; -ENOMEM or another -errno, with a sentence, if it
 * was not even run. Not to be nested.
 */
int sigbus_guard(
	const void *from, size_t length, void (*body)(void *arg), void *arg, size_t *fault);

#endif
