/* SPDX-License-Identifier: BSD-3-Clause */
/* control_io.h - the target's end of the control channel: standard input and output */
#ifndef RPMEMD_CONTROL_IO_H
#define RPMEMD_CONTROL_IO_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "wire/frames.h"

struct control_io {
	struct frames frames;
	bool greeted;   /* the initiator has sent its greeting */
	unsigned minor; /* minor version of the protocol in the greeting */
	int timeout_ms;
	uint8_t *bytes;          /* the frame that is being built */
	bool is_socket;          /* standard output is a socket */
	pthread_mutex_t sending; /* held while a frame is sent, so that frames do not mix */
};

/* Initialise *io. Returns 0, or -ENOMEM with an error message. */
int control_io_init(struct control_io *io, int timeout_ms);
void control_io_fini(struct control_io *io);

/*
 * Functions that send to the initiator. They return 0, or -errno with an error message if the
 * initiator cannot be reached.
 */
int control_io_greet(struct control_io *io);
/* Send a request without a body: CONTROL_PING or CONTROL_COUNTERS. */
int control_io_ask(struct control_io *io, uint32_t type, uint32_t id);

/* Begin a reply with the status WIRE_OK. Returns a writer for the fields that follow the status. */
struct writer control_io_reply(struct control_io *io);
int control_io_send_reply(
	struct control_io *io, const struct control_head *request, const struct writer *reply);
int control_io_refuse(struct control_io *io, const struct control_head *request,
	enum wire_status status, const char *sentence);

/* Send the reply of a lane, made of at most two parts. Any thread may call this function. */
int control_io_send_message(
	struct control_io *io, unsigned lane, const struct iovec *parts, unsigned count);

/*
 * Read the bytes that have arrived. Returns 1; 0 at the end of the stream; -errno with an error
 * message.
 */
int control_io_read(struct control_io *io);

/*
 * Take the next request from the bytes that were read. Returns 1; 0 if the request is incomplete;
 * -errno with an error message if it is malformed.
 */
int control_io_next(struct control_io *io, struct control_head *head, const uint8_t **body);

#endif
