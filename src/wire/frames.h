/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frames.h - a stream of bytes, cut into a greeting and frames
 *
 * The caller reads into frames_room(), tells how much came, and takes what is complete:
 *
 *	void *room = frames_room(&frames, &size);
 *	ssize_t got = read(fd, room, size);
 *
 *	frames_fill(&frames, got);
 *	while ((rc = frames_next(&frames, &head, &body)) > 0)
 *		...
 */
#ifndef WIRE_FRAMES_H
#define WIRE_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "wire/control.h"

struct frames {
	uint8_t *bytes; /* those not yet taken: [taken, filled) */
	size_t taken, filled;
};

/* -ENOMEM with a sentence. */
int frames_init(struct frames *frames);
void frames_fini(struct frames *frames);

/* The place for the next bytes; *size > 0 if all frames that were complete have been taken. */
void *frames_room(struct frames *frames, size_t *size);
void frames_fill(struct frames *frames, size_t length);

/*
 * Take the greeting (control_get_greeting), or the next frame. 1, and *body is good until the next
 * frames_room(); 0 if it is not complete yet; a negative errno with a sentence if it never will be
 * one. A stream that begins otherwise is known by its first byte.
 */
int frames_greeting(struct frames *frames, const char *peer, unsigned *minor);
int frames_next(struct frames *frames, struct control_head *head, const uint8_t **body);

#endif
