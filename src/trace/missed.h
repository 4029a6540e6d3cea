/* SPDX-License-Identifier: BSD-3-Clause */
/* missed.h - ways in which a program acts that the recorder notices, but cannot follow */
#ifndef TRACE_MISSED_H
#define TRACE_MISSED_H

enum missed {
	MISSED_NAMESPACE, /* a library was loaded into another namespace, by dlmopen(3) */
	MISSED_MOVE,      /* a file or directory was moved into the watched directory */
	MISSED_SPECIAL,   /* a symbolic link or special file was made in the watched directory */
	MISSED_ROOM,   /* a name is too long, or there are too many names, files or directories */
	MISSED_CUT,    /* a file was made shorter, but not empty */
	MISSED_ASYNC,  /* the program writes asynchronously: io_uring, libaio, aio_write(3) */
	MISSED_GROWTH, /* a file grew, and the recorder has not seen by which call */
	MISSED_REMOTE, /* a store to a pool on another machine, which is not recorded */
	MISSED_WAYS,
};

#endif
