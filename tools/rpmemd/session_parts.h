/* SPDX-License-Identifier: BSD-3-Clause */
/* session_parts.h - what the files of a session share: its state, and the way to its requests */
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
	struct jobs *jobs; /* requests that take time; NULL before the first */
	int signals;       /* signalfd for the signals that end the daemon */
	int64_t heard;     /* time when the initiator last sent something, in ms */
	int64_t lost;      /* time when a lane was lost; 0: none was */
	bool pinged;       /* a ping was sent and nothing heard since */
	uint32_t pings;
	uint32_t questions;
	int refusal;     /* negative errno: refuse every request with it; 0: do not */
	const char *why; /* the error message of `refusal` */
};

/*
 * Execute one message of the initiator, and send its reply if it has one. 0, or -errno with an
 * error message if the connection must end.
 */
int session_dispatch(struct session *session, const struct control_head *head, const uint8_t *body);

/* Send the replies of jobs that are done. 0, or -errno with an error message if it cannot. */
int session_answer_jobs(struct session *session);

/* End the thread of the jobs, after the job in progress. */
void session_end_jobs(struct session *session);

#endif
