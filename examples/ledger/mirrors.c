/* SPDX-License-Identifier: BSD-3-Clause */
/* mirrors.c - commits to all mirrors side by side, and a thread for each mirror that has failed */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "copy.h"
#include "log.h"
#include "mirror.h"
#include "mirrors.h"

/*
 * Times between two tries to connect again, in ms: the first is short, and each next one twice as
 * long.
 */
#define NAP_MS      100
#define NAP_MS_MAX  5000
#define PATIENCE_MS 2000 /* ms to wait for a thread to end, before leaving it running */

/*
 * States of a member: one mirror and its copy of the log (copy.h). IN: commits go to the mirror;
 * the log's thread uses the copy. OUT: the mirror has failed, and no commit goes to it; the
 * member's own thread uses the copy, and changes the state to BACK when the mirror has all
 * committed records, or to GONE if that is impossible.
 */
enum { NEVER, IN, OUT, BACK, GONE };

struct member {
	struct mirrors *all;
	struct copy copy;
	atomic_int state;
	bool has_thread; /* not joined yet */
	bool failed;     /* the mirror has failed in the current commit */
	bool ended;      /* the thread is at its end, and can be joined; guarded by the lock */
	uint64_t left_at;
	pthread_t thread;
};

struct mirrors {
	unsigned count, required;
	pthread_mutex_t lock;
	pthread_cond_t ending; /* signals that `ends` or a member's `ended` has become true */
	/* Guarded by the lock. */
	bool ends;
	uint64_t committed; /* end of the records that are durable in the log's file */
	size_t size;        /* size of the log's file */
	int fd;
	struct member member[];
};

int mirrors_new(
	struct mirrors **mirrors, const char *const *names, unsigned count, unsigned required)
{
	struct mirrors *new = calloc(1, sizeof(*new) + count * sizeof(new->member[0]));
	pthread_condattr_t monotonic;
	int ret = 0;

	if (!new) {
		warn("calloc");
		return -ENOMEM;
	}
	new->required = required;
	pthread_mutex_init(&new->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&new->ending, &monotonic);
	pthread_condattr_destroy(&monotonic);
	for (; !ret && new->count < count; new->count += !ret) {
		new->member[new->count].all = new;
		ret = mirror_new(&new->member[new->count].copy.mirror, names[new->count]);
	}
	if (ret)
		mirrors_free(&new);
	else
		*mirrors = new;
	return ret;
}

void mirrors_free(struct mirrors **mirrors)
{
	struct mirrors *all = *mirrors;

	*mirrors = NULL;
	if (!all)
		return;
	for (unsigned i = 0; i < all->count; i++)
		if (all->member[i].has_thread)
			return; /* not freed: its thread may still use this memory */
	for (unsigned i = 0; i < all->count; i++)
		mirror_free(&all->member[i].copy.mirror);
	pthread_cond_destroy(&all->ending);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

static const char *name(const struct member *member)
{
	return mirror_name(member->copy.mirror);
}

static struct timespec in_ms(unsigned ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000l;
	at.tv_sec += at.tv_nsec / 1000000000;
	at.tv_nsec %= 1000000000;
	return at;
}

/*
 * The thread of a member that is OUT: it brings a mirror that has failed up to date again.
 */

/* Begins another session with the mirror, with a view of the log's file in its present size. */
static int join_again(struct member *member)
{
	struct mirrors *all = member->all;

	pthread_mutex_lock(&all->lock);
	int fd = all->fd;
	size_t size = all->size;
	pthread_mutex_unlock(&all->lock);
	return copy_join_again(&member->copy, fd, size);
}

/*
 * Sets the member's state, BACK or GONE, and returns true: the member's thread must then end. But a
 * mirror that still lacks committed records cannot be BACK. In this case the function changes
 * nothing and returns false, unless all threads must end.
 */
static bool end_with(struct member *member, int state)
{
	struct mirrors *all = member->all;

	pthread_mutex_lock(&all->lock);
	bool ends = state == GONE || member->copy.sent >= all->committed || all->ends;
	if (ends)
		member->state = state;
	pthread_mutex_unlock(&all->lock);
	return ends;
}

/*
 * Sends the mirror all committed records. If the log's file has outgrown the view, begins another
 * session instead.
 */
static int send_committed(struct member *member)
{
	struct mirrors *all = member->all;

	pthread_mutex_lock(&all->lock);
	uint64_t end = all->committed;
	int fd = all->fd;
	pthread_mutex_unlock(&all->lock);
	if (end > member->copy.size)
		return join_again(member);
	int ret = copy_reread(&member->copy, fd, end);
	return ret ? ret : copy_catch_up(&member->copy, end);
}

/* Resumes the session with the mirror or, only if that is not possible, begins another session. */
static int connect_again(struct member *member)
{
	int ret = mirror_reconnect(member->copy.mirror);

	return ret == -EOPNOTSUPP ? join_again(member) : ret;
}

static int bring_back(struct member *member)
{
	int ret = connect_again(member);

	while (!ret && !(ret = send_committed(member)))
		if (end_with(member, BACK))
			return 0;
	return ret;
}

/* Waits, and doubles the time for the next wait. Returns whether the thread must end. */
static bool nap(struct mirrors *all, unsigned *ms)
{
	struct timespec until = in_ms(*ms);
	int error = 0;

	*ms = *ms * 2 < NAP_MS_MAX ? *ms * 2 : NAP_MS_MAX;
	pthread_mutex_lock(&all->lock);
	while (!all->ends && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&all->ending, &all->lock, &until);
	bool ends = all->ends;
	pthread_mutex_unlock(&all->lock);
	return ends;
}

static void *catch_up(void *argument)
{
	struct member *member = argument;
	struct mirrors *all = member->all;
	unsigned ms = NAP_MS;

	while (!nap(all, &ms)) {
		int ret = bring_back(member);
		if (!ret)
			break;
		/* The mirror has other records than the log, or another writer uses it. */
		if (ret == -EBADMSG || ret == -ESTALE) {
			warnx("%s: no more records are sent to this mirror", name(member));
			end_with(member, GONE);
			break;
		}
	}
	pthread_mutex_lock(&all->lock);
	member->ended = true;
	pthread_cond_broadcast(&all->ending);
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

/*
 * The log's thread: it excludes mirrors that have failed from later commits, and takes them back
 * when they are up to date again.
 */

static unsigned count_in(const struct mirrors *all)
{
	unsigned count = 0;

	for (unsigned i = 0; i < all->count; i++)
		count += all->member[i].state == IN;
	return count;
}

static void fall_out(struct member *member)
{
	struct mirrors *all = member->all;

	member->state = member->copy.is_own ? OUT : GONE;
	warnx("%s: the mirror has failed; %u of %u mirrors are left, %u required", name(member),
		count_in(all), all->count, all->required);
	if (member->state == GONE || count_in(all) < all->required)
		return;
	mirror_hush(member->copy.mirror, true);
	member->left_at = member->copy.sent;
	member->ended = false;
	errno = pthread_create(&member->thread, NULL, catch_up, member);
	member->has_thread = !errno;
	if (errno)
		warn("%s: cannot start a thread that brings the mirror up to date", name(member));
}

/*
 * Lets later commits go to the mirrors that are up to date again (BACK). Their own threads have
 * ended; the log's thread uses their copies of the log from now on.
 */
static void take_back(struct mirrors *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct member *member = &all->member[i];
		if (member->state != BACK)
			continue;
		pthread_join(member->thread, NULL);
		member->has_thread = false;
		member->state = IN;
		mirror_hush(member->copy.mirror, false);
		warnx("%s: the mirror is up to date again: it has received the %ju bytes it lacked",
			name(member), (uintmax_t)(member->copy.sent - member->left_at));
	}
}

/* Runs a step of a commit on all mirrors that are IN. Returns on how many the step succeeds. */
static unsigned each(struct mirrors *all, const struct log *log,
	int (*step)(struct member *member, const struct log *log))
{
	unsigned succeeded = 0;

	for (unsigned i = 0; i < all->count; i++) {
		struct member *member = &all->member[i];
		if (member->state != IN || member->failed)
			continue;
		member->failed = step(member, log) != 0;
		succeeded += !member->failed;
	}
	return succeeded;
}

/* Excludes mirrors that have failed from later commits. Fails if fewer than required are left. */
static int judge(struct mirrors *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		struct member *member = &all->member[i];
		if (!member->failed)
			continue;
		member->failed = false;
		fall_out(member);
	}
	return count_in(all) < all->required ? -EIO : 0;
}

/*
 * The steps of a commit.
 */

static int start_records(struct member *member, const struct log *log)
{
	struct copy *copy = &member->copy;

	copy_refresh(copy, log);
	return mirror_start(copy->mirror, copy->sent, log->end - copy->sent, false);
}

static int wait_for_it(struct member *member, const struct log *log)
{
	(void)log;
	return mirror_wait(member->copy.mirror);
}

static int start_tail(struct member *member, const struct log *log)
{
	copy_set_tail(&member->copy, log->end);
	return mirror_start(
		member->copy.mirror, offsetof(struct log_header, tail), sizeof(uint64_t), true);
}

static int has_all(struct member *member, const struct log *log)
{
	member->copy.sent = log->end;
	return 0;
}

/* Sends missing records of this commit to a mirror that was taken back during the commit. */
static int send_rest(struct member *member, const struct log *log)
{
	if (member->copy.sent == log->end)
		return 0;
	if (member->copy.size < log->size && copy_join_again(&member->copy, log->fd, log->size))
		return -EIO;
	copy_refresh(&member->copy, log);
	return copy_catch_up(&member->copy, log->end);
}

static void publish(struct mirrors *all, const struct log *log)
{
	pthread_mutex_lock(&all->lock);
	all->committed = log->end;
	all->size = log->size;
	all->fd = log->fd;
	pthread_mutex_unlock(&all->lock);
}

void mirrors_send(struct mirrors *all, const struct log *log)
{
	each(all, log, start_records);
}

int mirrors_commit(struct mirrors *all, const struct log *log)
{
	each(all, log, wait_for_it);
	each(all, log, start_tail);
	each(all, log, wait_for_it);
	each(all, log, has_all);
	publish(all, log);
	take_back(all);
	each(all, log, send_rest);
	return judge(all);
}

/* Connecting the mirrors, growing them with the log's file, and disconnecting them. */

int mirrors_join(struct mirrors *all, struct log *log)
{
	publish(all, log);
	for (unsigned i = 0; i < all->count; i++) {
		struct member *member = &all->member[i];
		int ret = copy_join(&member->copy, log);
		/* Even a mirror that is not required must be a mirror of this log. */
		if (ret == -EBADMSG || (ret && all->required == all->count))
			return ret;
		member->state = IN;
		member->failed = ret;
	}
	return judge(all);
}

bool mirrors_has(const struct mirrors *all, unsigned number)
{
	return all->member[number].state == IN;
}

static int join_larger(struct member *member, const struct log *log)
{
	return copy_join_again(&member->copy, log->fd, log->size);
}

int mirrors_grow(struct mirrors *all, const struct log *log)
{
	publish(all, log);
	take_back(all);
	each(all, log, join_larger);
	return judge(all);
}

/*
 * Waits until the member's thread has ended. If that takes too long, leaves the thread running: it
 * may be waiting for its target.
 */
static void end_thread(struct member *member)
{
	struct mirrors *all = member->all;
	struct timespec until = in_ms(PATIENCE_MS);
	int error = 0;

	if (!member->has_thread)
		return;
	pthread_mutex_lock(&all->lock);
	while (!member->ended && error != ETIMEDOUT)
		error = pthread_cond_timedwait(&all->ending, &all->lock, &until);
	bool ended = member->ended;
	pthread_mutex_unlock(&all->lock);
	if (ended)
		pthread_join(member->thread, NULL);
	member->has_thread = !ended;
}

void mirrors_close(struct mirrors *all)
{
	pthread_mutex_lock(&all->lock);
	all->ends = true;
	pthread_cond_broadcast(&all->ending);
	pthread_mutex_unlock(&all->lock);
	for (unsigned i = 0; i < all->count; i++) {
		struct member *member = &all->member[i];
		end_thread(member);
		if (member->has_thread)
			warnx("%s: the ledger ends before this mirror is up to date again",
				name(member));
		else if (member->state != NEVER && member->copy.sent < all->committed)
			warnx("%s: the mirror lacks the last %ju bytes", name(member),
				(uintmax_t)(all->committed - member->copy.sent));
		if (!member->has_thread)
			copy_leave(&member->copy);
	}
}
