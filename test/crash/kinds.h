/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kinds.h - small durable structures, each with one mistake that can be made at run time
 *
 *	work()	does all operations, with or without the mistake
 *	done()	acknowledges an operation
 *	check()	recovers, and returns NULL if the content is right after `count` acknowledged
 *		operations, or a text that says what is wrong
 *
 * Comments mark the two stores that a report must name: "NAME: lost" is the store that is lost,
 * "NAME: early" is the store that relies on the lost store.
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
extern char *side; /* a second mapped file; NULL if the structure does not need it */

static inline void done(void)
{
	puts("done");
	fflush(stdout);
}

#endif
