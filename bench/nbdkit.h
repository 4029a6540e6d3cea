/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nbdkit.h - a user's other choice for remote durability: libnbd, and nbdkit's file on tmpfs
 *
 * Over tcp on the loopback, as ours; a durable write has FUA. nbdkit runs where place.h says.
 */
#ifndef BENCH_NBDKIT_H
#define BENCH_NBDKIT_H

#include <stdbool.h>
#include <stddef.h>

/* Start nbdkit on a file in `folder`, and connect; false, after a line that says why, if absent. */
bool nbdkit_start(const char *folder, size_t size);
void nbdkit_stop(void);

/* Write durably: `count` writes, a page apart, all in flight at once. Or read. */
void nbdkit_persist(size_t length, size_t count);
void nbdkit_read(size_t length);

#endif
