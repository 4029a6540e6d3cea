/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.h - what libfabric's tcp costs by itself, to a process of ours on this machine
 *
 * It is what remote durability is compared with, and so it stays as it is from release to release.
 * Both ends poll and never sleep. So that the other end takes no processor from whom it is compared
 * with, it is stopped and resumed: by fabric_rest() and fabric_wake(), outside of what is measured.
 * It runs where place.h says.
 */
#ifndef BENCH_FABRIC_H
#define BENCH_FABRIC_H

#include <stdbool.h>
#include <stddef.h>

#define FABRIC_LANES 16
#define FABRIC_SIZE  ((size_t)16 << 20)

/* Start the other end, with a thread for each lane, and connect to it; it ends with us. */
void fabric_start(size_t size, unsigned lanes);
void fabric_rest(void);
void fabric_wake(unsigned lanes); /* so many; the others go on resting */

/* A message of so many bytes, and one of as many, but of 64 at most, that answers it. */
void fabric_ping(unsigned lane, size_t length);
/* Into, or from, the other end's memory, until it is complete there, or here. */
void fabric_write(unsigned lane, size_t length);
void fabric_read(unsigned lane, size_t length);
/*
 * Written, and then made durable there by the bare instructions of this machine, which the answer
 * to a message tells: it is flushed or, if `copies`, copied on around the caches.
 */
void fabric_write_durably(unsigned lane, size_t length, bool copies);

#endif
