/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * say.h - write a message of the library to a descriptor that somebody else chose
 *
 * A message is a courtesy: a pipe that nobody reads any more, or a log that has reached the limit
 * of a file's size, must not end the program with SIGPIPE or SIGXFSZ. Neither the program's
 * handlers nor signals that came from elsewhere are touched.
 */
#ifndef BASE_SAY_H
#define BASE_SAY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* One write(2); what is not written is lost. Keeps errno. In any thread, and in signal handlers. */
void say(int fd, const char *text, size_t length);

/* For a write by other means: between these two no such signal reaches the program. */
struct say_guard {
	sigset_t before; /* the signals that were blocked */
	bool pipe_waits, size_waits;
};

void say_begin(struct say_guard *guard);

/* `error` is the errno of the write if it has failed, else 0. */
void say_end(const struct say_guard *guard, int error);

#endif
