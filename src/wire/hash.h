/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash.h - hashes of blocks, by which two machines compare their copies of a pool
 *
 * XXH3 with 128 bits detects accidental differences. It is not cryptographic: it does not detect a
 * peer that sends false hashes. Each comparison uses a random seed, so that two blocks that happen
 * to have the same hash once do not have it again.
 */
#ifndef WIRE_HASH_H
#define WIRE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 16

/* Write the hash of `length` bytes, in big-endian order. */
void hash_bytes(const void *bytes, size_t length, uint64_t seed, uint8_t hash[HASH_SIZE]);

#endif
