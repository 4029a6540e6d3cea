/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fuzz.h - what all fuzzers share: the function that libFuzzer calls, and a check that ends the
 * program
 *
 * must() prints the place of a condition that does not hold and aborts. libFuzzer reports the
 * abort, and keeps the input.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
