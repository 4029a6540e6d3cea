/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kinds.h - small durable structures, each with one mistake that can be made at run time
 *
 * work() does all operations, with the mistake or without it; done() acknowledges one. check()
 * recovers, and returns why the content is wrong after `count` acknowledged operations, or NULL.
 * The lines to blame carry a comment: "NAME: lost" is the store that is lost, "NAME: early" the one
 * that relies on it.
 */
#ifndef KINDS_H
#define KINDS_H

#include <libpmem.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FILE_SIZE 16384
#define ALIGNED   _Alignas(64)

struct kind {
	const char *name;
	void (*work)(bool is_bad);
	const char *(*check)(unsigned count);
};

extern const struct kind kinds_of_order[], kinds_of_extent[]; /* the last has no name */

extern char *base; /* the mapped file, zero at first */
extern char *side; /* a second file; NULL: the kind does not need one */

static inline void done(void)
{
	puts("done");
	fflush(stdout);
}

#endif
