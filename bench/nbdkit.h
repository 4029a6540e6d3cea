/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * nbdkit.h - another way to remote durability: libnbd, and nbdkit with a file on tmpfs
 *
 * Both use tcp over the loopback interface, as our pools do. Durable writes have the flag FUA.
 * nbdkit runs on the processors that place.h chooses.
 */
#ifndef BENCH_NBDKIT_H
#define BENCH_NBDKIT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Start nbdkit on a file in `folder`, and connect. If that fails because nbdkit is missing, prints
 * a reason and returns false.
 */
bool nbdkit_start(const char *folder, size_t size);
void nbdkit_stop(void);

/*
 * nbdkit_persist() makes `count` durable writes, a page apart, all in flight at once.
 * nbdkit_read() reads `length` bytes.
 */
void nbdkit_persist(size_t length, size_t count);
void nbdkit_read(size_t length);

#endif
