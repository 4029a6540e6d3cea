/* SPDX-License-Identifier: BSD-3-Clause */
/* random.h - random numbers that are the same in each run: xorshift64 (Marsaglia, 2003) */
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Returns the next random number, and replaces *state by it. *state must not be 0. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Writes random bytes. Writes words, as some tests fill megabytes under valgrind or a sanitizer. */
static inline void random_fill(char *to, size_t length, uint64_t *state)
{
	for (size_t i = 0; i < length; i += sizeof(*state)) {
		uint64_t word = random_next(state);
		size_t rest = length - i;

		memcpy(to + i, &word, rest < sizeof(word) ? rest : sizeof(word));
	}
}

#endif
