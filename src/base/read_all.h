/* SPDX-License-Identifier: BSD-3-Clause */
/* read_all.h - read a file until its end */
#ifndef BASE_READ_ALL_H
#define BASE_READ_ALL_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads from `fd` until the end of the file or until `room` bytes are read, in as many calls of
 * read(2) as it takes: one call may return less, and the file may grow meanwhile. Returns the
 * number of bytes, or -1 with errno set, as read(2) does. A result of `room` may mean that there is
 * more.
 */
ssize_t read_all(int fd, char *text, size_t room);

#endif
