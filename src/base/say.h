/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * say.h - write a message of the library without letting a failed write end the program
 *
 * A message is not worth ending the program for: a pipe without a reader, or a log that has reached
 * the limit of a file's size, must not end it with SIGPIPE or SIGXFSZ. The program's signal
 * handlers, and such signals from other causes, are left alone.
 */
#ifndef BASE_SAY_H
#define BASE_SAY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Write a message with one write(2); bytes that this call does not write are lost. Keeps errno.
 * Any thread; async-signal-safe.
 */
void say(int fd, const char *text, size_t length);

/*
 * Between say_begin() and say_end(), a failed write of this thread sends the program neither
 * SIGPIPE nor SIGXFSZ.
 */
struct say_guard {
	sigset_t before;             /* the signals that were blocked before say_begin() */
	bool pipe_waits, size_waits; /* SIGPIPE or SIGXFSZ was pending before */
};

void say_begin(struct say_guard *guard);

/* `error` is the errno of the write if it has failed, else 0. */
void say_end(const struct say_guard *guard, int error);

#endif
