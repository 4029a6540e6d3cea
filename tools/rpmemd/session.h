/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * session.h - serve one initiator over standard input and output, from the greeting to the end of
 * the connection
 */
#ifndef RPMEMD_SESSION_H
#define RPMEMD_SESSION_H

struct config;

/*
 * Serve until the initiator closes the connection, goes away, or does not answer. Returns the exit
 * status of rpmemd: 0, or 1 if the initiator has not closed its pool, or has violated the protocol.
 */
int session_run(const struct config *config);

/*
 * Serve in a daemon that failed to start: greet the initiator, and refuse every request with the
 * error `rc`, a negative errno, and a message.
 */
int session_refuse(int rc, const char *sentence);

#endif
