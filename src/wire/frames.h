/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * frames.h - divide a stream of bytes into a greeting and frames
 *
 * The caller reads into frames_room(), reports how many bytes it read, and takes complete frames:
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
	uint8_t *bytes; /* bytes not taken yet are at [taken, filled) */
	size_t taken, filled;
};

/*
 * Returns 0, or -ENOMEM with an error message. If a frame is the only one in the buffer, its body
 * is aligned to 8 bytes.
 */
int frames_init(struct frames *frames);
void frames_fini(struct frames *frames);

/* Returns space for the next bytes; *size > 0 if all complete frames have been taken. */
void *frames_room(struct frames *frames, size_t *size);
void frames_fill(struct frames *frames, size_t length);

/*
 * Take the greeting (control_get_greeting), or the next frame. Returns 1, and *body is valid until
 * the next frames_room(); 0 if more bytes are needed; a negative errno, with an error message, if
 * the greeting or frame is malformed. A wrong greeting is recognized by its first byte.
 */
int frames_greeting(struct frames *frames, const char *peer, unsigned *minor);
int frames_next(struct frames *frames, struct control_head *head, const uint8_t **body);

#endif
