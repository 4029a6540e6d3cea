/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/hash.h"

/*
 * Compile the code of XXH3 into this file, so that no program needs the shared library of xxHash.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

void hash_bytes(const void *bytes, size_t length, uint64_t seed, uint8_t hash[HASH_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits_withSeed(bytes, length, seed));
	memcpy(hash, canonical.digest, HASH_SIZE);
}
