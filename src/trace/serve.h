/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * serve.h - the place in a checker program at which the program is forked, once for each image of
 * the files after a crash; its first answer names this place to the tool
 */
#ifndef TRACE_SERVE_H
#define TRACE_SERVE_H

enum fork_place {
	FORK_AT_MAIN,    /* before main() of a program that does not use holdfast_crash_ready() */
	FORK_WHEN_READY, /* in holdfast_crash_ready() */
	/* before main(), although holdfast_crash_ready() is used, for one of these reasons: */
	FORK_NEVER_READY, /* without an image, the checker ended before it called that function */
	FORK_NOT_ALONE,   /* the checker had threads or children, which fork(2) loses */
};

#endif
