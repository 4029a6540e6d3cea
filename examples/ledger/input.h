/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * input.h - reads a file descriptor, either line by line or in pieces as they arrive
 *
 * Zero-initialize all but `fd`. Functions that return int return a number of bytes, 0 at the end
 * of the input, or a negated errno. Data they point to is valid until the next call.
 */
#ifndef LEDGER_INPUT_H
#define LEDGER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_MAX 65536

struct input {
	int fd;
	bool ended;
	uint64_t offset; /* number of bytes taken so far */
	size_t from, to; /* range of bytes in `buffer` that were read, but not yet taken */
	char buffer[INPUT_MAX];
};

/* Finds the bytes that have arrived, at least one, without taking them out of the input. */
int input_peek(struct input *in, const char **data);

/* Take `length` of the bytes that have arrived. */
void input_take(struct input *in, size_t length);

/*
 * Take a line with its newline, which the last line may lack. A line longer than INPUT_MAX comes
 * in several pieces.
 */
int input_line(struct input *in, const char **line);

/* Returns whether input_line() would have to wait for more input. */
bool input_would_wait(const struct input *in);

#endif
