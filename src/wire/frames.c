/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/*
 * Number of unused bytes before the buffer. With them, the bytes behind the head of the first
 * frame are aligned to 8 bytes.
 */
#define UNUSED (8 - CONTROL_HEAD_SIZE % 8)

int frames_init(struct frames *frames)
{
	uint8_t *block = malloc(UNUSED + CONTROL_FRAME_MAX);

	frames->taken = frames->filled = 0;
	frames->bytes = block ? block + UNUSED : NULL;
	return block ? 0 : err_set(-ENOMEM, "out of memory for the control channel");
}

void frames_fini(struct frames *frames)
{
	if (frames->bytes)
		free(frames->bytes - UNUSED);
	frames->bytes = NULL;
}

void *frames_room(struct frames *frames, size_t *size)
{
	if (frames->taken)
		memmove(frames->bytes, frames->bytes + frames->taken,
			frames->filled - frames->taken);
	frames->filled -= frames->taken;
	frames->taken = 0;
	*size = CONTROL_FRAME_MAX - frames->filled;
	return frames->bytes + frames->filled;
}

void frames_fill(struct frames *frames, size_t length)
{
	frames->filled += length;
}

/*
 * Report a malformed greeting, showing its first bytes in readable form. These may be the output
 * of a login script, or the zeros that an older daemon sends.
 */
static int not_a_greeting(const uint8_t *bytes, size_t length, const char *peer)
{
	char text[64];
	size_t used = 0;

	for (size_t i = 0; i < length && i < 12; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
			bytes[i] >= ' ' && bytes[i] <= '~' ? "%c" : "\\%03o", bytes[i]);
	return err_set(-EPROTO, "%s does not speak Holdfast's protocol: it begins with \"%s\"",
		peer, text);
}

int frames_greeting(struct frames *frames, const char *peer, unsigned *minor)
{
	static const char magic[] = "HOLDFAST";
	size_t there = frames->filled - frames->taken;
	const uint8_t *at = frames->bytes + frames->taken;

	if (memcmp(at, magic, there < 8 ? there : 8))
		return not_a_greeting(at, there, peer);
	if (there < CONTROL_GREETING_SIZE)
		return 0;
	frames->taken += CONTROL_GREETING_SIZE;
	int rc = control_get_greeting(at, peer, minor);
	return rc ? rc : 1;
}

int frames_next(struct frames *frames, struct control_head *head, const uint8_t **body)
{
	size_t there = frames->filled - frames->taken;
	const uint8_t *at = frames->bytes + frames->taken;

	if (there < CONTROL_HEAD_SIZE)
		return 0;
	int rc = control_get_head(at, head);
	if (rc)
		return rc;
	if (there < CONTROL_HEAD_SIZE + head->length)
		return 0;
	*body = at + CONTROL_HEAD_SIZE;
	frames->taken += CONTROL_HEAD_SIZE + head->length;
	return 1;
}
