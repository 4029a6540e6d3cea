/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session_parts.h - declarations that session.c and requests.c share: the state of a session, and
 * functions that execute requests
 */
#ifndef RPMEMD_SESSION_PARTS_H
#define RPMEMD_SESSION_PARTS_H

#include "config.h"
#include "control_io.h"
#include "jobs.h"
#include "service.h"

struct session {
	const struct config *config;
	struct control_io io;
	struct service service;
	struct jobs *jobs; /* requests that take long; NULL before the first one */
	int signals;       /* signalfd for the signals that end the daemon */
	int64_t heard;     /* when the initiator last sent something, in ms */
	int64_t lost;      /* when the first lane was lost, in ms; 0: never */
	bool pinged;       /* true if the initiator has sent nothing since a ping was sent */
	uint32_t pings;
	uint32_t questions;
	int refusal;     /* negative errno with which to refuse all requests; 0: none */
	const char *why; /* the error message of `refusal` */
};

/*
 * Execute one message of the initiator, and send the reply, if the message needs one. Returns 0, or
 * -errno with an error message if the connection must end.
 */
int session_dispatch(struct session *session, const struct control_head *head, const uint8_t *body);

/*
 * Send the replies of finished jobs. Returns 0, or -errno with an error message if sending fails.
 */
int session_answer_jobs(struct session *session);

/* End the thread that executes jobs, after its current job. */
void session_end_jobs(struct session *session);

#endif
