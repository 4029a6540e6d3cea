/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * channel.h - the control channel, as the initiator has it: a daemon at the other end of ssh
 *
 * A thread of its own, with all signals blocked, reads what comes: replies for whoever asked,
 * pings, which it answers, and the end. It is how the end is noticed while nobody
 * asks for anything.
 *
 * The first trouble ends the channel for good: it stays as its error, with a sentence, and
 * `hangup_fd` becomes readable, for those who wait for something else. A refusal by the target
 * does not end it.
 */
#ifndef LIBRPMEM_CHANNEL_H
#define LIBRPMEM_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "librpmem/settings.h"
#include "librpmem/target.h"
#include "wire/buf.h"

struct channel;

/*
 * Start the daemon and exchange greetings. `name` begins every sentence and must stay as long as
 * the channel. -ECONNRESET, -EPROTO, -EPROTONOSUPPORT, -ETIMEDOUT, -ENOMEM...
 */
int channel_open(struct channel **channel, const char *name, const struct target *target,
	const struct settings *settings);

/*
 * Send a request and wait for its reply. 0, and *reply is at what follows its result, and is good
 * until the next call; or a negative errno: what the target refuses it with, or the channel's end.
 * Callers take turns. `step` is for the sentence: "create".
 */
int channel_call(struct channel *channel, uint32_t type, const struct writer *body,
	const char *step, struct reader *reply);

/* 0, or the negative errno with which it ended. Any thread, at any time; takes no lock. */
int channel_error(const struct channel *channel);

/* Has the channel ended, or does it end within a moment? For callers that know of trouble. */
bool channel_has_ended(const struct channel *channel);

/* The error with its sentence. */
int channel_failure(struct channel *channel);

/* An eventfd: readable once the channel has ended. */
int channel_hangup_fd(const struct channel *channel);

/* "1.0", as the target has greeted. */
const char *channel_version(const struct channel *channel);

/* The target does not answer where else it should: channel_close() is not to wait for it again. */
void channel_give_up(struct channel *channel);

/* End ssh, within the deadline if it does not do so by itself. Nobody may be in a call. */
void channel_close(struct channel *channel);

/* Free its memory, in a child of the process that has opened it, and nothing else. */
void channel_abandon(struct channel *channel);

#endif
