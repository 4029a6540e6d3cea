/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * channel.h - the initiator's end of the control channel: ssh with a daemon at its other end
 *
 * A caller that waits for a reply reads by itself what arrives: replies, its own and those of other
 * callers, pings, which it answers, and the end of the stream. Of several callers one reads, and
 * wakes the others. While nobody waits, a thread of the channel (the monitor), with all signals
 * blocked, reads: so pings are answered and the end is noticed even while no call is being made.
 *
 * The first failure ends the channel for good: its error and message are kept, and `hangup_fd`
 * becomes readable, for threads that wait for something else. A refusal by the target does not end
 * the channel.
 */
#ifndef LIBRPMEM_CHANNEL_H
#define LIBRPMEM_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "librpmem/settings.h"
#include "librpmem/target.h"
#include "stream/stream.h"
#include "wire/buf.h"
#include "wire/counters.h"

struct channel;

/* The function that answers the target's question for the counters. Any thread calls it. */
struct channel_counters {
	void (*sum)(const void *context, struct wire_counters *counters);
	const void *context;
};

/*
 * Start the daemon and exchange greetings. `name` is the beginning of every error message and must
 * live as long as the channel. -ECONNRESET, -EPROTO, -EPROTONOSUPPORT, -ETIMEDOUT, -ENOMEM...
 */
int channel_open(struct channel **channel, const char *name, const struct target *target,
	const struct settings *settings);

/*
 * Send a request and wait for its reply. Returns 0, with *reply at the reply's fields, which are
 * valid until the next call; or a negative errno: that of the target's refusal, or of the
 * channel's end. Callers take turns. `step` names the request in error messages: "create".
 */
int channel_call(struct channel *channel, uint32_t type, const struct writer *body,
	const char *step, struct reader *reply);

/*
 * Send a request, and take its reply later, so that several requests are under way. One thread
 * only, and no channel_call() until all replies are taken. `length` is that of the reply's own
 * fields. channel_answer() takes the reply to the oldest request: *reply is at its fields, and
 * valid until the next channel_ask(). They return what channel_call() does.
 */
int channel_ask(struct channel *channel, uint32_t type, const struct writer *body, size_t length);
int channel_answer(struct channel *channel, const char *step, struct reader *reply);

/* The number of replies that have not been taken. */
unsigned channel_unanswered(struct channel *channel);

/* 0, or the negative errno with which the channel ended. Any thread may call it; takes no lock. */
int channel_error(const struct channel *channel);

/* True if the channel has ended or ends within a moment. For callers that have seen a failure. */
bool channel_has_ended(const struct channel *channel);

/* Returns the error that ended the channel, with its error message. */
int channel_failure(struct channel *channel);

/* An eventfd: readable once the channel has ended. */
int channel_hangup_fd(const struct channel *channel);

/* The minor version of the protocol in the target's greeting. */
unsigned channel_minor(const struct channel *channel);

/* The protocol version in the target's greeting, such as "1.1". */
const char *channel_version(const struct channel *channel);

/*
 * Call it before the target has a reason to ask. Without it the target is told that nothing was
 * counted. The context must be valid until the channel is closed.
 */
void channel_set_counters(struct channel *channel, const struct channel_counters *counters);

/* Make the hangup_fd readable, to wake all threads that wait for the data path. */
void channel_hang_up(struct channel *channel);

/* This channel as the stream that carries lanes. One client at a time uses it. */
struct stream_pipe channel_pipe(struct channel *channel);

/* The target does not answer on the data path: so channel_close() will not wait for it, either. */
void channel_give_up(struct channel *channel);

/*
 * End ssh; by a signal if it does not end by itself in time. No thread may be in a call. Until
 * channel_close(), the client of lanes in this channel may be closed, and nothing else. A second
 * call changes nothing.
 */
void channel_stop(struct channel *channel);
bool channel_is_stopped(const struct channel *channel);

/* Stop the channel and free it. */
void channel_close(struct channel *channel);

/* In a child of the process that has opened the channel: free the memory, and do nothing else. */
void channel_abandon(struct channel *channel);

#endif
