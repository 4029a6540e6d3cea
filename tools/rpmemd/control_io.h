/* SPDX-License-Identifier: BSD-3-Clause */
/* control_io.h - the control channel, as the target has it: standard input and output */
#ifndef RPMEMD_CONTROL_IO_H
#define RPMEMD_CONTROL_IO_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/frames.h"

struct control_io {
	struct frames frames;
	bool greeted; /* by the initiator */
	int timeout_ms;
	uint8_t *bytes; /* of the frame that is being made */
};

/* -ENOMEM with a sentence. */
int control_io_init(struct control_io *io, int timeout_ms);
void control_io_fini(struct control_io *io);

/* They return 0, or -errno with a sentence when the initiator cannot be reached any more. */
int control_io_greet(struct control_io *io);
int control_io_ping(struct control_io *io, uint32_t id);

/* Where the reply's own part goes, after its status, which is WIRE_OK. */
struct writer control_io_reply(struct control_io *io);
int control_io_send_reply(
	struct control_io *io, const struct control_head *request, const struct writer *reply);
int control_io_refuse(struct control_io *io, const struct control_head *request,
	enum wire_status status, const char *sentence);

/* Read what is there: 1; 0 at its end; -errno with a sentence. */
int control_io_read(struct control_io *io);

/* The next request: 1; 0 if none is complete; -errno with a sentence if there will never be one. */
int control_io_next(struct control_io *io, struct control_head *head, const uint8_t **body);

#endif
