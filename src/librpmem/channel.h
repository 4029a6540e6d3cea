/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * channel.h - the initiator's end of the control channel, which is a connection by ssh to a daemon
 * on the target
 *
 * A caller that waits for a reply reads whatever arrives: its own reply, replies to other callers,
 * pings, which it answers, and the end of the stream. If several callers wait, one of them reads,
 * and wakes the others. While no caller waits, a thread of the channel reads (the monitor, with
 * all signals blocked): so pings are answered, and the end of the stream is noticed, even while no
 * call is being made.
 *
 * The first failure ends the channel for good: its error and message are kept, and `hangup_fd`
 * becomes readable, to wake threads that do not wait for a reply. A refusal by the target does not
 * end the channel.
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

/*
 * A function that sums the counters of calls on all lanes when the target asks for them. Any thread
 * may call it.
 */
struct channel_counters {
	void (*sum)(const void *context, struct wire_counters *counters);
	const void *context;
};

/*
 * Start the daemon on the target by ssh, and exchange greetings with it. `name` begins every error
 * message, and must be valid as long as the channel is open. Returns 0, or -ECONNRESET, -EPROTO,
 * -EPROTONOSUPPORT, -ETIMEDOUT, -ENOMEM or another -errno.
 */
int channel_open(struct channel **channel, const char *name, const struct target *target,
	const struct settings *settings);

/*
 * Send a request and wait for its reply. Returns 0, and sets *reply to the reply's fields, which
 * are valid until the next call; or returns -errno: the error with which the target refused the
 * request, or with which the channel has ended. Several callers take turns. `step` is the name of
 * the request in error messages, such as "create".
 */
int channel_call(struct channel *channel, uint32_t type, const struct writer *body,
	const char *step, struct reader *reply);

/*
 * channel_ask() sends a request, and channel_answer() takes the reply to the oldest request, so
 * that several requests can be under way. Only one thread may use them, and it must not use
 * channel_call() until all replies are taken. `length` is the length of the reply's own fields.
 * *reply is set to these fields, which are valid until the next channel_ask(). Both return the
 * same values as channel_call().
 */
int channel_ask(struct channel *channel, uint32_t type, const struct writer *body, size_t length);
int channel_answer(struct channel *channel, const char *step, struct reader *reply);

/* Returns the number of requests whose replies were not taken yet. */
unsigned channel_unanswered(struct channel *channel);

/*
 * Returns 0, or the negative errno with which the channel has ended. Any thread may call this; it
 * takes no lock.
 */
int channel_error(const struct channel *channel);

/*
 * Returns true if the channel has ended, or ends within a moment. For callers that have noticed a
 * failure elsewhere, such as on a lane.
 */
bool channel_has_ended(const struct channel *channel);

/* Returns the error that ended the channel, with its error message. */
int channel_failure(struct channel *channel);

/* Returns an eventfd that becomes readable when the channel ends. */
int channel_hangup_fd(const struct channel *channel);

/* Returns the minor version of the protocol, which the target has sent in its greeting. */
unsigned channel_minor(const struct channel *channel);

/* Returns the version of the protocol, such as "1.1", which the target has sent in its greeting. */
const char *channel_version(const struct channel *channel);

/*
 * Set the function that sums the counters of calls on all lanes. Call this before the target may
 * ask for counters. Without such a function, the target is told that nothing was counted. The
 * context must be valid until the channel is closed.
 */
void channel_set_counters(struct channel *channel, const struct channel_counters *counters);

/* Make `hangup_fd` readable, to wake all threads that wait for data on lanes. */
void channel_hang_up(struct channel *channel);

/* Returns this channel as a stream that carries lanes. Only one client at a time may use it. */
struct stream_pipe channel_pipe(struct channel *channel);

/*
 * Note that the target does not answer on its lanes, so that channel_close() does not wait for it.
 */
void channel_give_up(struct channel *channel);

/*
 * End ssh, by a signal if it does not end by itself in time. No thread may be in a call.
 * Afterwards, until channel_close(), only the client of lanes in this channel may be closed, and
 * nothing else done with the channel. If ssh was ended before, nothing changes.
 */
void channel_stop(struct channel *channel);
bool channel_is_stopped(const struct channel *channel);

/* End ssh, unless it has ended already, and free the channel. */
void channel_close(struct channel *channel);

/*
 * Free the channel's memory in a child process (fork) of the process that opened it, and do
 * nothing else.
 */
void channel_abandon(struct channel *channel);

#endif
