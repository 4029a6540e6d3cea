/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve.h - the place in a checker program at which it is forked for each image; the program
 * reports the place to the tool in its first answer
 */
#ifndef TRACE_SERVE_H
#define TRACE_SERVE_H

enum fork_place {
	FORK_AT_MAIN,    /* before main() of a program that does not use holdfast_crash_ready() */
	FORK_WHEN_READY, /* in holdfast_crash_ready() */
	/* before main(), although the program uses holdfast_crash_ready(): */
	FORK_NEVER_READY, /* without an image, the checker ended before it called that function */
	FORK_NOT_ALONE,   /* the checker had threads or children, which fork(2) loses */
};

#endif
