/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * compare.h - the requests of the control channel by which an initiator compares its memory with a
 * pool (doc/remote-protocol.md, "Comparing")
 *
 * The initiator asks for hashes of large blocks, and then for hashes of the pages in the blocks
 * that differ. If one page in a thousand differs, at random places, blocks of 128 KiB are the
 * cheapest: for 4 GiB, the hashes of all blocks take 0.5 MiB, and the hashes of the pages in
 * blocks that differ take another 0.5 MiB. With blocks of 64 or 256 KiB, all hashes would take
 * 1.25 MiB.
 *
 * Encoders and decoders are like those of control.h.
 */
#ifndef WIRE_COMPARE_H
#define WIRE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/buf.h"
#include "wire/hash.h"

#define COMPARE_PAGE       4096u
#define COMPARE_BLOCK      (128u << 10)
#define COMPARE_UNIT_MAX   (256u << 10) /* the largest block that can be hashed, in bytes */
#define COMPARE_RANGE_MAX  (8u << 20)   /* the longest range of one request */
#define COMPARE_HASHES_MAX (COMPARE_RANGE_MAX / COMPARE_PAGE)
#define COMPARE_ASKS_MAX   64 /* maximum number of unanswered requests for hashes */

/*
 * The request HASHES asks for the hash of each block of `unit` bytes in a range; the last block is
 * shorter if the length is not a multiple of `unit`. The reply contains the hashes, one after the
 * other.
 */
struct compare_ask {
	uint64_t offset, seed;
	uint32_t length, unit;
};

/* The reply to LOOK. */
struct compare_looked {
	uint64_t size;  /* size of the pool, in bytes */
	uint32_t guard; /* size of the header at the pool's start, or 0 */
};

/* The number of hashes in the reply. */
static inline uint32_t compare_count(const struct compare_ask *ask)
{
	return (ask->length + ask->unit - 1) / ask->unit;
}

void compare_put_ask(struct writer *out, const struct compare_ask *ask);
int compare_get_ask(const uint8_t *body, size_t length, struct compare_ask *ask);

void compare_put_looked(struct writer *out, const struct compare_looked *looked);
int compare_get_looked(struct reader *in, struct compare_looked *looked);

/* Get the hashes of a reply to `ask`. The pointer is into the reply. */
int compare_get_hashes(
	struct reader *in, const struct compare_ask *ask, const uint8_t (**hashes)[HASH_SIZE]);

#endif
