/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fabric.h - transfers to another process on this machine over libfabric's tcp, without librpmem
 *
 * Remote durability is compared with this code, which therefore does not change from release to
 * release. Both ends poll and never sleep, except that the other end of lane FABRIC_SLEEPER sleeps
 * until a message arrives. fabric_rest() stops the other end, and fabric_wake()
 * resumes it, so that it does not use a processor while something else is measured. The other end
 * runs on the processors that place.h chooses.
 */
#ifndef BENCH_FABRIC_H
#define BENCH_FABRIC_H

#include <stdbool.h>
#include <stddef.h>

#define FABRIC_LANES   16
#define FABRIC_SLEEPER FABRIC_LANES /* one more lane, only for fabric_ping() */
#define FABRIC_SIZE    ((size_t)16 << 20)

/*
 * Start the other end, a process for each lane, and connect to it. These processes end when this
 * process ends. FABRIC_SLEEPER is started in any case.
 */
void fabric_start(size_t size, unsigned lanes);
void fabric_rest(void);
void fabric_wake(unsigned lanes); /* resumes the first `lanes` lanes; the others stay stopped */

/*
 * Sends a message of `length` bytes, and waits for an answer of the same length, at most 64 bytes.
 */
void fabric_ping(unsigned lane, size_t length);
/* Write to the other end's memory, or read from it; return when that is complete. */
void fabric_write(unsigned lane, size_t length);
void fabric_read(unsigned lane, size_t length);
/*
 * Writes to the other end's memory and waits for a message that the bytes are durable. The other
 * end makes them durable with bare instructions: it flushes them or, if `copies`, copies them to
 * other memory with streaming stores.
 */
void fabric_write_durably(unsigned lane, size_t length, bool copies);

#endif
