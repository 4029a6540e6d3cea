/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * channel_parts.h - the struct of a channel, and functions used between the channel's files:
 * channel.c opens it, closes it and makes calls, channel_send.c sends, channel_read.c reads and
 * waits
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

/*
 * A caller that waits. The struct is on the caller's stack, and in the channel's list of waiters.
 */
struct waiter {
	struct waiter *next;
	bool (*done)(void *argument);
	void *argument;
	pthread_cond_t news; /* signalled when `done` is true, the channel ends, or nobody reads */
};

/*
 * Locks, in this order: `turn`, held by the caller that has sent a request and waits for the
 * reply; `sending`, held while a whole frame is sent; `lock`, which guards the members after it.
 *
 * The *reader* is the thread that has set `reading`. Only the reader reads from ssh, and accesses
 * `frames`. As long as there are waiters, one of them is the reader, or has been woken to become
 * the reader. A reader never waits for the lock `sending`: the thread that holds this lock may
 * wait for the target, and the target may wait for the reader. So questions of the target are
 * answered when `sending` is free.
 */
struct channel {
	const char *name;
	struct ssh ssh;
	int timeout_ms;
	int hangup_fd, stop_fd;
	int wake_fd; /* an eventfd that wakes the monitor thread */
	pthread_t monitor;
	struct frames frames;
	struct ssh_stderr said; /* only accessed by the monitor thread */
	unsigned minor;         /* like `version`, does not change after the greeting */
	char version[16];

	atomic_int error; /* negative errno; set once, and after `why` */
	/*
	 * `ping_due` is true if the target's last ping was not answered yet, `counters_due` if its
	 * last question for counters was not. The ids are those of this ping and this question.
	 */
	atomic_bool ping_due, counters_due;
	_Atomic uint32_t ping_id, counters_id;
	atomic_bool left; /* set by channel_hang_up(): threads that wait for lanes must return */
	pthread_mutex_t turn, sending, lock;
	struct waiter *waiters;
	bool reading;
	bool hung;      /* the stream has ended: only the monitor still reads, to report why */
	unsigned reads; /* how often a caller has read; the monitor checks if it grows */
	bool greeted;
	/* the target does not answer on its lanes; like `stopped`, not used by the monitor */
	bool given_up;
	bool stopped;
	struct channel_counters counters;
	struct answers answers;
	uint32_t last_id;
	const char *(*take)(void *client, unsigned lane, const void *bytes, size_t length);
	/* argument for take(): the client whose lanes use this channel; valid if `take` is set */
	void *client;
	char why[ERR_SIZE];
};

/*
 * End the channel with this error, unless it has ended before. Returns the error with which it has
 * ended first.
 */
int channel_end(struct channel *channel, int error, const char *sentence);

/* Make an eventfd readable. */
void channel_raise(int fd);

/*
 * Send all bytes; if that fails, end the channel. Changes `parts`. The time limit applies to each
 * wait for room. Returns the number of these waits, or -errno.
 */
int channel_send_all(struct channel *channel, struct iovec *parts, unsigned count);

/*
 * Send a frame. The first element of `parts` is for the frame's head, which is `head`; the others
 * have its body. Returns the same values as channel_send_all().
 */
int channel_send_frame(struct channel *channel, const struct control_head *head,
	struct iovec *parts, unsigned count);

/*
 * Answer what the target has asked, unless a thread is sending: that thread calls this function
 * afterwards. A socket takes either all of a short frame or nothing; if it takes nothing, the
 * answer remains due.
 */
void channel_respond(struct channel *channel);

static inline bool channel_answer_is_due(const struct channel *channel)
{
	return atomic_load(&channel->ping_due) || atomic_load(&channel->counters_due);
}

/* Wake those waiters that no longer have to wait. The caller holds `lock`. */
void channel_wake_waiters(struct channel *channel);

/*
 * Wait until done() returns true; it is called with `lock` held. Returns 0; -ETIMEDOUT, without an
 * error message; or the error with which the channel has ended.
 */
int channel_await(struct channel *channel, bool (*done)(void *argument), void *argument);

/* The function of the monitor thread; its argument is the channel. */
void *channel_monitor(void *channel);

#endif
