/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librpmem/holdfast.h - what Holdfast's librpmem offers beyond the calls of librpmem.h
 *
 * These functions have a symbol version of their own: a program that uses one does not start with a
 * librpmem that lacks it. Each struct begins with its size; later versions may add members at the
 * end, and values to the enums.
 */
#ifndef LIBRPMEM_HOLDFAST_H
#define LIBRPMEM_HOLDFAST_H 1

#include <stddef.h>
#include <stdint.h>

#include <libpmem2/base.h>
#include <libpmem2/explain.h>
#include <libpmem2/times.h>
#include <librpmem.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The provider that carries the data. */
enum holdfast_provider {
	HOLDFAST_PROVIDER_NONE,
	HOLDFAST_PROVIDER_VERBS, /* RDMA */
	HOLDFAST_PROVIDER_TCP,
	HOLDFAST_PROVIDER_SSH = 4 /* inside the ssh connection that starts the daemon */
};

/*
 * How a range becomes durable at the target with the flag RELAXED. Without this flag the method is
 * always MESSAGE.
 */
enum holdfast_method {
	HOLDFAST_METHOD_NONE,
	HOLDFAST_METHOD_MESSAGE, /* data sent in a message; the target's CPU stores and flushes */
	HOLDFAST_METHOD_WRITE_MESSAGE,  /* remote write (RMA), then a message that asks to flush */
	HOLDFAST_METHOD_WRITE_READ,     /* remote write, then a remote read that proves it done */
	HOLDFAST_METHOD_WRITE_DELIVERED /* remote write; durable once delivered */
};

/* Facts about an open pool. */
struct holdfast_remote {
	size_t struct_size;
	enum holdfast_provider provider;
	enum holdfast_method method;
	enum pmem2_granularity
		granularity; /* granularity of the pool at the target: the coarsest of its parts */
	unsigned nlanes;
	unsigned round_trip_ns; /* the shortest measured round trip of a small message */
	unsigned port;          /* port of the data connection, at the target */
	const char *address;    /* address of the data connection: numeric, or the host's name */
	size_t pool_size;       /* size at the target, in bytes: at least what was asked for */
	size_t header_size;     /* bytes of the header, where no persist may begin; 4096 or 0 */
};

/*
 * Get the facts about an open pool. The caller must free *remote with holdfast_remote_free().
 * Returns 0, or -1 and errno: EINVAL if an argument is NULL, EBUSY while another thread connects
 * the pool again, ENOMEM.
 */
int holdfast_remote_info(RPMEMpool *rpp, struct holdfast_remote **remote);
void holdfast_remote_free(struct holdfast_remote **remote);

/*
 * Start a persist, and wait for it later: persists on several pools or lanes then run side by side,
 * in one thread.
 *
 * holdfast_remote_persist_start() takes the arguments of rpmem_persist(), and returns when the
 * bytes are on their way; it waits only if they are more than may be on their way at a time. Until
 * holdfast_remote_persist_wait() has returned, the bytes must not change, and other calls on the
 * lane fail with EBUSY, also a second start.
 *
 * holdfast_remote_persist_wait() returns what rpmem_persist() would return, after a wait of at most
 * RPMEM_TIMEOUT_MS without progress; EINVAL if no persist was started on the lane.
 *
 * rpmem_close() may be called meanwhile: a thread in holdfast_remote_persist_wait() gets ECANCELED.
 * If a persist was started and nobody waits for it, rpmem_close() closes the pool and returns -1
 * with ECANCELED, because these bytes may not be durable.
 */
int holdfast_remote_persist_start(
	RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags);
int holdfast_remote_persist_wait(RPMEMpool *rpp, unsigned lane);

/* Counters of the calls on all lanes of a pool, since it was opened. */
struct holdfast_remote_counts {
	size_t struct_size;
	uint64_t flushes; /* ranges of at least one byte that were flushed or persisted */
	uint64_t bytes;   /* bytes that were flushed or persisted */
	uint64_t drains;  /* drains and persists that have succeeded */
	uint64_t reads, read_bytes;
	/* messages, writes and reads that were posted again, or waited for room in a queue */
	uint64_t retries;
	uint64_t failures;              /* calls that failed at the target, or on the connection */
	uint64_t reconnects;            /* reconnects that have succeeded */
	uint64_t times[HOLDFAST_TIMES]; /* how many drains took how long: see libpmem2/times.h */
};

/*
 * Get the counters of an open pool. The caller must free *stats with holdfast_remote_stats_free().
 * Returns 0, or -1 and errno: EINVAL if an argument is NULL, ENOMEM. Any thread may call it; the
 * calls of other threads at the time may be counted in part.
 */
int holdfast_remote_stats(RPMEMpool *rpp, struct holdfast_remote_counts **stats);
void holdfast_remote_stats_free(struct holdfast_remote_counts **stats);

/*
 * Go on with a pool whose handle has ended (ECONNRESET, ETIMEDOUT, EPROTO): start ssh and the
 * daemon again, resume the session, and send all ranges that the target may lack: what was
 * flushed and not drained, what calls have failed to store since, and what a failed write-back may
 * have lost. Sends whole pages of 4096 bytes, with the content that the memory has now. When this
 * returns 0, the target has all of that durably, and the handle is usable with all of its lanes.
 *
 * While bytes are sent, the pool is marked as inconsistent, and rpmem_open() of it fails.
 *
 * Returns 0, or -1 and errno; the handle then has ended as before, and the call can be repeated:
 *
 * EINVAL	the handle is NULL
 * EBUSY	another call on the handle is in progress, or another program has the pool open
 * ESTALE	another program has stored to the pool, or it was replaced by another or an older
 *		one: every later call on the handle fails with ESTALE, this one, too
 * EUCLEAN	the session had not begun, and another program's catch-up has not ended
 * EOPNOTSUPP	the target's version is below 3.1
 * EIO, ENOSPC and so on	the target could not make the bytes durable
 *		other errors of rpmem_open()
 */
int holdfast_remote_reconnect(RPMEMpool *rpp);

/* A part of a pool set at a target. */
struct holdfast_remote_part {
	size_t struct_size;
	const char *path;                /* path at the target */
	uint64_t size;                   /* in bytes */
	enum holdfast_survival survival; /* if stores survive a power cut, as the target reports */
};

/* A pool set at a target. */
struct holdfast_remote_set {
	size_t struct_size;
	uint64_t size;               /* size of its pool, in bytes */
	int created;                 /* 1: the set has a pool, which the members below describe */
	int busy;                    /* 1: the pool is open, and the members below are unknown */
	size_t header_size;          /* 4096, or 0 for a pool without headers */
	struct rpmem_pool_attr attr; /* zeros for a pool without headers */
	enum pmem2_granularity granularity;
	unsigned max_lanes; /* maximum number of lanes that the daemon grants */
	/*
	 * The method that a client gets over each provider; HOLDFAST_METHOD_NONE if the target
	 * lacks the provider.
	 */
	enum holdfast_method method_verbs, method_tcp;
	size_t part_count; /* length of `parts`; a set may have more parts */
	const struct holdfast_remote_part *const *parts;
	const char *version;             /* version of the target's protocol: "1.1" */
	enum holdfast_survival survival; /* the worst value of `survival` of any part */
	/*
	 * The target remembers these facts of the pool, also while it is open. `generation` is the
	 * number of sessions that have stored; 0 if none has, or if the target's version is below
	 * 3.1.
	 */
	uint64_t generation;
	int unclosed;     /* 1: the last session has the pool open, or has not closed it */
	int inconsistent; /* 1: a catch-up has not ended; rpmem_open() fails with EUCLEAN */
	uint64_t inconsistent_since; /* in seconds since 1970, by the target's clock */
	uint64_t missing;            /* the most bytes that the unfinished catch-up had to send */
	uint64_t extent; /* all missing bytes are below this offset: a sync up to it is enough */
	/*
	 * If the pool is busy: the counters of the session that has it open. NULL if they are
	 * unknown, because either end of that session is of Holdfast 3.0 or it does not answer.
	 */
	const struct holdfast_remote_counts *stats;
	/* The method over ssh; HOLDFAST_METHOD_NONE if the target does not offer it. */
	enum holdfast_method method_ssh;
	/*
	 * If the pool is busy: the provider of the session that has it open. Else the provider of
	 * a client with this environment, if it can connect. HOLDFAST_PROVIDER_NONE if that is not
	 * known, without a common provider, and for a pool that is not created.
	 */
	enum holdfast_provider provider;
};

/*
 * Ask a target about a pool set, without opening its pool. The caller must free *set with
 * holdfast_remote_set_free(). Returns 0, or -1 and errno as rpmem_open() does.
 */
int holdfast_remote_describe(
	const char *target, const char *pool_set_name, struct holdfast_remote_set **set);
void holdfast_remote_set_free(struct holdfast_remote_set **set);

/*
 * Comparing memory with a pool at a target, its mirror: both ends hash blocks, and only what
 * differs is sent. holdfast_mirror_sync() is for a mirror that missed changes, as after a crash of
 * the program or a lost connection.
 */

/* How far a comparison has come. The sizes are in bytes. */
struct holdfast_mirror_state {
	size_t struct_size;
	uint64_t size;        /* bytes to compare: all of the memory but the header */
	uint64_t compared;    /* bytes that were compared so far */
	uint64_t different;   /* bytes in pages of 4 KiB that differed */
	uint64_t sent;        /* bytes of different pages that are durable at the target by now */
	uint64_t exchanged;   /* bytes of requests and replies that were exchanged */
	uint64_t pool_size;   /* size of the pool at the target, its header included */
	uint64_t header_size; /* bytes of the header, not compared and left as it is; 4096 or 0 */
	int inconsistent;     /* 1: when the call began, the pool was marked as inconsistent */
};

/* Flags. */
#define HOLDFAST_MIRROR_SAME_SIZE 1u /* refuse a pool that is larger than the memory */

/* All members may be 0, except for struct_size. */
struct holdfast_mirror_options {
	size_t struct_size;
	unsigned flags;
	unsigned nlanes; /* maximum number of lanes that a sync uses; 0: 4 */
	/*
	 * The library calls this function now and then, on the thread that called the library. If
	 * it returns another value than 0, the comparison or sync fails with ECANCELED.
	 */
	int (*progress)(const struct holdfast_mirror_state *state, void *argument);
	void *argument;
};

/*
 * Compare the memory at pool_addr with a pool, which is not changed. pool_addr and pool_size must
 * be multiples of the page size. Afterwards, `different` in *state says if they are equal.
 *
 * `options` may be NULL, `state` too. The caller sets state->struct_size; the call fills in *state
 * even if it fails. Returns 0, or -1 and errno: as rpmem_open(), or EOPNOTSUPP for a daemon that
 * cannot compare, EFBIG if the pool is smaller than the memory, EINVAL if it is larger and
 * HOLDFAST_MIRROR_SAME_SIZE is set, ECANCELED if `progress` asks for that.
 */
int holdfast_mirror_check(const char *target, const char *pool_set_name, const void *pool_addr,
	size_t pool_size, const struct holdfast_mirror_options *options,
	struct holdfast_mirror_state *state);

/*
 * Make a pool equal to the memory, except for the pool's header: send the pages that differ.
 * Nobody may change the memory meanwhile. When it returns 0, all is durable at the target.
 *
 * Before the first page is sent, the target marks the pool as inconsistent, durably, and removes
 * the mark in the end. rpmem_open() of a pool with the mark fails with EUCLEAN; another sync
 * removes it.
 */
int holdfast_mirror_sync(const char *target, const char *pool_set_name, const void *pool_addr,
	size_t pool_size, const struct holdfast_mirror_options *options,
	struct holdfast_mirror_state *state);

/* Return the name of an enum value: "tcp", "write+message"; "?" for an unknown value. */
const char *holdfast_provider_name(enum holdfast_provider provider);
const char *holdfast_method_name(enum holdfast_method method);

#ifdef __cplusplus
}
#endif

#endif
