/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/senders.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

#define LIST_SIZE  1024
#define LIST_BYTES ((size_t)16 << 20)
#define PIECE_MAX  ((size_t)1 << 20) /* longer ranges are divided among several lanes */
#define DRAIN_SIZE ((size_t)4 << 20) /* a lane drains after this many bytes */
#define STACK_SIZE ((size_t)256 << 10)

struct range {
	uint64_t offset;
	size_t length;
};

struct sender {
	struct senders *all;
	pthread_t thread;
	unsigned lane;
	size_t undrained; /* bytes sent since the lane's last drain */
};

/* All members except `pool` and `senders` are guarded by `lock`. */
struct senders {
	RPMEMpool *pool;
	pthread_mutex_t lock;
	pthread_cond_t work; /* signalled when a range is added or the list ends */
	pthread_cond_t news; /* signalled when the list has room or all is drained */
	struct range list[LIST_SIZE];
	unsigned first, count;
	size_t bytes;  /* in the list */
	unsigned idle; /* number of threads that have drained and now wait */
	bool finishing, ending;
	uint64_t done;
	int error;
	char why[ERR_SIZE];
	unsigned started; /* threads */
	struct sender senders[];
};

/* Keep the first failure. The caller does not hold the lock. */
static void fail(struct senders *all, int rc)
{
	pthread_mutex_lock(&all->lock);
	if (!all->error) {
		all->error = rc;
		snprintf(all->why, sizeof(all->why), "%s", err_get());
		pthread_cond_broadcast(&all->work);
		pthread_cond_signal(&all->news);
	}
	pthread_mutex_unlock(&all->lock);
}

/*
 * Take the next range from the list, and wait for one while the list is empty. Returns false if all
 * ranges are to be drained and this thread has sent some that are not drained yet: the caller must
 * drain these and call this function again. Returns false also if the threads are to end, or if one
 * of them has failed.
 */
static bool next(struct sender *sender, struct range *range)
{
	struct senders *all = sender->all;
	bool got = false, may_wait = !sender->undrained;

	pthread_mutex_lock(&all->lock);
	while (!all->ending && !all->error && !all->count && (may_wait || !all->finishing)) {
		all->idle += may_wait;
		pthread_cond_signal(&all->news);
		pthread_cond_wait(&all->work, &all->lock);
		all->idle -= may_wait;
	}
	if (!all->ending && !all->error && all->count) {
		*range = all->list[all->first];
		all->first = (all->first + 1) % LIST_SIZE;
		all->count--;
		all->bytes -= range->length;
		got = true;
		pthread_cond_signal(&all->news);
	}
	pthread_mutex_unlock(&all->lock);
	return got;
}

static int drain(struct sender *sender)
{
	struct senders *all = sender->all;
	int rc = lanes_drain(all->pool->lanes, sender->lane);

	if (rc)
		return pool_judge(all->pool, rc);
	pthread_mutex_lock(&all->lock);
	all->done += sender->undrained;
	pthread_mutex_unlock(&all->lock);
	sender->undrained = 0;
	return 0;
}

static int send_range(struct sender *sender, const struct range *range)
{
	struct senders *all = sender->all;
	int rc = lanes_flush(all->pool->lanes, sender->lane, range->offset, range->length, true);

	if (rc)
		return pool_judge(all->pool, rc);
	sender->undrained += range->length;
	return sender->undrained < DRAIN_SIZE ? 0 : drain(sender);
}

static void *work(void *argument)
{
	struct sender *sender = argument;
	struct range range;
	int rc = 0;

	while (!rc) {
		if (next(sender, &range))
			rc = send_range(sender, &range);
		else if (sender->undrained)
			rc = drain(sender);
		else
			break;
	}
	if (rc)
		fail(sender->all, rc);
	return NULL;
}

static int start(struct senders *all, unsigned count)
{
	pthread_attr_t attributes;
	sigset_t signals, before;
	int error = pthread_attr_init(&attributes);

	if (!error) {
		pthread_attr_setstacksize(&attributes, STACK_SIZE);
		sigfillset(&signals);
		pthread_sigmask(SIG_SETMASK, &signals, &before);
		for (unsigned i = 0; i < count && !error; i++) {
			struct sender *sender = &all->senders[i];
			*sender = (struct sender){.all = all, .lane = i};
			error = pthread_create(&sender->thread, &attributes, work, sender);
			all->started += !error;
		}
		pthread_sigmask(SIG_SETMASK, &before, NULL);
		pthread_attr_destroy(&attributes);
	}
	if (!error)
		return 0;
	errno = error;
	return err_sys("%s: cannot start a thread for a lane", all->pool->session->name);
}

int senders_open(struct senders **senders, RPMEMpool *pool)
{
	struct senders *all = calloc(1, sizeof(*all) + pool->nlanes * sizeof(struct sender));

	if (!all)
		return err_set(-ENOMEM, "%s: out of memory", pool->session->name);
	all->pool = pool;
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->work, NULL);
	pthread_cond_init(&all->news, NULL);
	int rc = start(all, pool->nlanes);
	if (rc)
		senders_close(all);
	else
		*senders = all;
	return rc;
}

/* Returns the first failure. The caller holds the lock. */
static int failure(struct senders *all)
{
	return all->error ? err_set(all->error, "%s", all->why) : 0;
}

static int add_piece(struct senders *all, uint64_t offset, size_t length)
{
	pthread_mutex_lock(&all->lock);
	while ((all->count == LIST_SIZE || all->bytes >= LIST_BYTES) && !all->error)
		pthread_cond_wait(&all->news, &all->lock);
	int rc = failure(all);
	if (!rc) {
		all->list[(all->first + all->count++) % LIST_SIZE] = (struct range){offset, length};
		all->bytes += length;
		pthread_cond_signal(&all->work);
	}
	pthread_mutex_unlock(&all->lock);
	return rc;
}

int senders_add(struct senders *senders, uint64_t offset, size_t length)
{
	int rc = 0;

	while (length && !rc) {
		size_t piece = length < PIECE_MAX ? length : PIECE_MAX;
		rc = add_piece(senders, offset, piece);
		offset += piece;
		length -= piece;
	}
	return rc;
}

int senders_finish(struct senders *senders)
{
	pthread_mutex_lock(&senders->lock);
	senders->finishing = true;
	pthread_cond_broadcast(&senders->work);
	while (!senders->error && (senders->count || senders->idle < senders->started))
		pthread_cond_wait(&senders->news, &senders->lock);
	int rc = failure(senders);
	pthread_mutex_unlock(&senders->lock);
	return rc;
}

uint64_t senders_done(struct senders *senders)
{
	pthread_mutex_lock(&senders->lock);
	uint64_t done = senders->done;
	pthread_mutex_unlock(&senders->lock);
	return done;
}

void senders_close(struct senders *senders)
{
	pthread_mutex_lock(&senders->lock);
	senders->ending = true;
	pthread_cond_broadcast(&senders->work);
	pthread_mutex_unlock(&senders->lock);
	for (unsigned i = 0; i < senders->started; i++)
		pthread_join(senders->senders[i].thread, NULL);
	pthread_cond_destroy(&senders->news);
	pthread_cond_destroy(&senders->work);
	pthread_mutex_destroy(&senders->lock);
	free(senders);
}
