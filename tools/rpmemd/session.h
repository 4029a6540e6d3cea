/* SPDX-License-Identifier: BSD-3-Clause */
/* session.h - one initiator, over standard input and output, from its greeting to its end */
#ifndef RPMEMD_SESSION_H
#define RPMEMD_SESSION_H

struct config;

/*
 * Serve until the initiator closes, goes away, or does not answer. Returns the exit status: 0, or 1
 * where a pool was open that nobody had closed, or the protocol was broken.
 */
int session_run(const struct config *config);

/* The daemon cannot work: greet, and refuse every request with `rc`, negative, and the sentence. */
int session_refuse(int rc, const char *sentence);

#endif
