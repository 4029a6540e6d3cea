/* SPDX-License-Identifier: BSD-3-Clause */
/* session.h - serve one initiator over standard input and output, from its greeting to its end */
#ifndef RPMEMD_SESSION_H
#define RPMEMD_SESSION_H

struct config;

/*
 * Serve until the initiator closes, goes away, or does not answer. Returns the exit status: 0, or
 * 1 if a pool was not closed by its initiator, or the protocol was broken.
 */
int session_run(const struct config *config);

/*
 * For a daemon that cannot work: greet, and refuse every request with `rc`, negative, and a
 * message.
 */
int session_refuse(int rc, const char *sentence);

#endif
