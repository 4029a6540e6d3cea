/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * channel_parts.h - the struct of a channel, and functions used between its files: channel.c opens
 * and closes it and makes calls, channel_send.c sends, channel_read.c reads and waits
 */
#ifndef LIBRPMEM_CHANNEL_PARTS_H
#define LIBRPMEM_CHANNEL_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "base/err.h"
#include "librpmem/answers.h"
#include "librpmem/channel.h"
#include "librpmem/ssh.h"
#include "librpmem/ssh_stderr.h"
#include "wire/control.h"
#include "wire/frames.h"

/* A caller that waits. It is in the list of its channel, on its own stack. */
struct waiter {
	struct waiter *next;
	bool (*done)(void *argument);
	void *argument;
	pthread_cond_t news; /* `done` is true, the channel has ended, or nobody reads */
};

/*
 * Locks, in this order: `turn`, held by the caller that has sent a request and waits for the
 * reply; `sending`, held while a whole frame is sent; `lock`, which guards the members after it.
 *
 * The *reader* is the thread that has set `reading`. Only the reader reads from ssh, and accesses
 * `frames`. As long as there are waiters, one of them is the reader or has been woken to become it.
 * A reader never waits for `sending`: the thread that holds it may wait for the target, which may
 * wait for the reader. So what the target asks is answered when `sending` is free.
 */
struct channel {
	const char *name;
	struct ssh ssh;
	int timeout_ms;
	int hangup_fd, stop_fd;
	int wake_fd; /* an eventfd that wakes the monitor */
	pthread_t monitor;
	struct frames frames;
	struct ssh_stderr said; /* only the monitor thread accesses it */
	unsigned minor;         /* constant after the greeting, as is the next member */
	char version[16];

	atomic_int error; /* negative errno; set once, after `why` */
	/* True while a ping, or a question for counters, was not answered; and its id. */
	atomic_bool ping_due, counters_due;
	_Atomic uint32_t ping_id, counters_id;
	atomic_bool left; /* threads that wait for lanes must return (channel_hang_up) */
	pthread_mutex_t turn, sending, lock;
	struct waiter *waiters;
	bool reading;
	bool hung;      /* the stream has ended: only the monitor reads, to report why */
	unsigned reads; /* how often a caller has read */
	bool greeted;
	bool given_up; /* set by channel_give_up(); only the caller accesses it and the next */
	bool stopped;
	struct channel_counters counters;
	struct answers answers;
	uint32_t last_id;
	const char *(*take)(void *client, unsigned lane, const void *bytes, size_t length);
	void *client; /* client of the lanes in this channel, if `take` is set */
	char why[ERR_SIZE];
};

/* End the channel with this error, unless it has ended before. Returns the first error. */
int channel_end(struct channel *channel, int error, const char *sentence);

/* Make an eventfd readable. */
void channel_raise(int fd);

/*
 * Send all bytes, or end the channel. Changes `parts`. The time limit is for each step. Returns how
 * often it had to wait for room, or -errno.
 */
int channel_send_all(struct channel *channel, struct iovec *parts, unsigned count);

/*
 * Send a frame, whose body is in all parts but the first one, which is for its head. Returns as
 * channel_send_all() does.
 */
int channel_send_frame(struct channel *channel, const struct control_head *head,
	struct iovec *parts, unsigned count);

/*
 * Answer what the target has asked, if nobody is sending; a thread that is sending calls this
 * afterwards. A socket takes a short frame whole, or not at all: then the answer stays due.
 */
void channel_respond(struct channel *channel);

static inline bool channel_answer_is_due(const struct channel *channel)
{
	return atomic_load(&channel->ping_due) || atomic_load(&channel->counters_due);
}

/* Wake the waiters that need not wait any more. The caller holds `lock`. */
void channel_wake_waiters(struct channel *channel);

/*
 * Wait until done() is true, which is called with `lock` held. Returns 0; -ETIMEDOUT, without an
 * error message; or the error with which the channel has ended.
 */
int channel_await(struct channel *channel, bool (*done)(void *argument), void *argument);

/* The function of the monitor thread, with the channel as its argument. */
void *channel_monitor(void *channel);

#endif
