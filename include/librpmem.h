/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librpmem.h - the calls of librpmem
 *
 * A program keeps a pool in memory of its own and makes ranges of it durable on another machine:
 *
 *	unsigned nlanes = 4;
 *	RPMEMpool *rpp = rpmem_create("user@host", "mirror.set", pool, size, &nlanes, &attr);
 *
 *	strcpy(pool + 4096, "hello");
 *	rpmem_persist(rpp, 4096, 6, 0, 0);	<- durable over there, if it returned 0
 *	rpmem_close(rpp);
 *
 * "user@host" is reached by ssh, which starts rpmemd there; "mirror.set" is a pool set on that
 * machine, below the folder that its administrator has chosen. Data then travels over a connection
 * of its own, which is not encrypted.
 *
 * Units. Offsets and lengths are in bytes, from the start of the pool, and need no alignment.
 *
 * Errors. A call that fails returns NULL, -1 or what it is said to, and sets errno to a positive
 * number; what it was to fill in is left as it was. rpmem_errormsg() has the sentence: it names
 * the target, the pool set and the step. Calls that succeed leave errno alone. What a caller does
 * wrong is EINVAL and changes nothing. A connection that is lost (ECONNRESET), a target that does
 * not answer in time (ETIMEDOUT) or that breaks the protocol (EPROTO) ends the handle: every call
 * on it fails with that errno from then on, and all that is left to do is rpmem_close().
 *
 * Threads. A pool is opened with a number of lanes. Threads may work at the same time on different
 * lanes of one pool; one lane belongs to one thread at a time. While a thread is in
 * rpmem_set_attr(), others may work; while one is in rpmem_close(), nobody may.
 *
 * Processes. Between rpmem_create() or rpmem_open() and rpmem_close() the program has a child,
 * ssh, which wait(2) may see, and a thread, which has all signals blocked. A forked child cannot
 * use its parent's handles.
 *
 * Environment. Ignored in processes that run with more rights than their user has:
 *
 *	RPMEM_SSH		the program instead of ssh
 *	RPMEM_CMD		the command to run over there instead of rpmemd; several, separated
 *				by "|", are taken in turn
 *	RPMEM_ENABLE_VERBS	0 forbids the provider verbs
 *	RPMEM_ENABLE_SOCKETS	0 forbids the provider tcp
 *	RPMEM_PROVIDER		verbs or tcp: that one or none
 *	RPMEM_MAX_NLANES	no more lanes than that
 *	RPMEM_WORK_QUEUE_SIZE	how many messages of a lane may be on their way
 *	RPMEM_TIMEOUT_MS	how long to wait for the target; 30000 if unset
 *	RPMEM_POLL_US		how long to poll before sleeping, at most; 50 if unset
 *	RPMEM_LOG_LEVEL, RPMEM_LOG_FILE
 *				1 to 4: say what happens, errors first; and where
 *
 * Link with -lrpmem.
 */
#ifndef LIBRPMEM_H
#define LIBRPMEM_H 1

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of these calls: rpmem_check_version(). */
#define RPMEM_MAJOR_VERSION 1
#define RPMEM_MINOR_VERSION 3

/* Other implementations of these calls are deprecated, and say so; this one is not. */
#define RPMEM_DEPR_STR "librpmem is deprecated"
#define RPMEM_DEPR_ATTR

#define RPMEM_POOL_HDR_SIG_LEN    8
#define RPMEM_POOL_HDR_UUID_LEN   16
#define RPMEM_POOL_USER_FLAGS_LEN 16

/* The smallest pool, and the smallest part of a pool set at the target, in bytes. */
#define RPMEM_MIN_POOL ((size_t)(1024 * 8))
#define RPMEM_MIN_PART ((size_t)(1024 * 1024 * 2))

/* A pool of a target, opened. */
typedef struct rpmem_pool RPMEMpool;

/*
 * The attributes in the header of a pool; the library stores it and does not judge it, except that
 * `incompat_features` must agree with the pool set's options. All zeros stand for a pool without
 * headers.
 */
struct rpmem_pool_attr {
	char signature[RPMEM_POOL_HDR_SIG_LEN];
	uint32_t major; /* of the format of what the pool holds */
	uint32_t compat_features;
	uint32_t incompat_features;
	uint32_t ro_compat_features;
	unsigned char poolset_uuid[RPMEM_POOL_HDR_UUID_LEN];
	unsigned char uuid[RPMEM_POOL_HDR_UUID_LEN];      /* of the first part */
	unsigned char next_uuid[RPMEM_POOL_HDR_UUID_LEN]; /* of the next replica */
	unsigned char prev_uuid[RPMEM_POOL_HDR_UUID_LEN]; /* of the previous one */
	unsigned char user_flags[RPMEM_POOL_USER_FLAGS_LEN];
};

/*
 * Pools.
 */

/*
 * Make a pool at `target` in the pool set `pool_set_name`, and open it. `target` is
 * [user@]host[:port], where the port is ssh's, and an IPv6 address with a port stands in brackets.
 * The name of the set is relative to the folder of pool sets over there.
 *
 * pool_addr is the program's memory, `pool_size` bytes of it: a multiple of the page size, both.
 * From there rpmem_flush() and others take what they send. It must stay until rpmem_close().
 *
 * *nlanes is how many lanes are asked for, and becomes how many there are: fewer, where the
 * target, the provider or a limit of this process allows no more.
 *
 * With attributes, the pool gets headers, and the first 4096 bytes belong to them: no flush,
 * persist or deep persist may begin there. With NULL, or all zeros, it gets none.
 *
 * Nothing is left at the target by a call that fails.
 *
 * EINVAL		an argument is NULL, or 0, or not aligned; no target; a name that the
 *			target does not allow; a pool set that does not go with the attributes
 * ENOMEDIUM		no provider that the environment allows reaches the host
 * EMEDIUMTYPE		none that both ends have
 * ECONNRESET		ssh, or the daemon, has ended; the message is what it said
 * ETIMEDOUT, EPROTO, EPROTONOSUPPORT
 *			it does not answer, in time, or in this protocol, or in this version of it
 * EFBIG, EBUSY, EEXIST, ENOENT, EACCES, EROFS, ENOSPC, EIO
 *			the target's: the set is smaller; in use; has a pool; is not there...
 * EREMOTEIO		anything else that went wrong at the target
 * ECONNABORTED, ECONNREFUSED
 *			no connection for the data
 * EMFILE, ENOMEM, EAGAIN
 *			this process has reached a limit of its own
 * ENOTSUP		FI_FORK_UNSAFE is set in the environment
 */
RPMEMpool *rpmem_create(const char *target, const char *pool_set_name, void *pool_addr,
	size_t pool_size, unsigned *nlanes, const struct rpmem_pool_attr *create_attr);

/*
 * Open a pool that is there; *open_attr, unless NULL, becomes what its header says, or zeros where
 * it has none. Errors as above, and EREMOTEIO for a pool that is damaged.
 */
RPMEMpool *rpmem_open(const char *target, const char *pool_set_name, void *pool_addr,
	size_t pool_size, unsigned *nlanes, struct rpmem_pool_attr *open_attr);

/*
 * Overwrite what the header says; with NULL, with zeros. 0, or -1: EINVAL where a pool without
 * headers is to have attributes; errors of the target and of the connection.
 */
int rpmem_set_attr(RPMEMpool *rpp, const struct rpmem_pool_attr *attr);

/*
 * End it, in any case. 0 if the target has closed the pool in good order; -1 if not, or the
 * connection was lost before. What was flushed and not drained may not be durable.
 */
int rpmem_close(RPMEMpool *rpp);

/*
 * Making ranges durable. Every range lies within the pool, and a length of 0 is nothing to do.
 * They return 0 or -1:
 *
 * EINVAL		no handle, no such lane, an unknown flag; a range that is not within the
 *			pool, or begins in its header
 * EIO, ENOSPC		the target could not make it durable; the handle is as good as before
 * ECONNRESET, ETIMEDOUT, EPROTO
 *			the handle has ended
 */

/*
 * Words may arrive torn, and the memory must not change before the drain. Without it, what was
 * stored as an aligned word of 8 bytes arrives whole, and the memory may be used at once.
 */
#define RPMEM_FLUSH_RELAXED   (1U << 0)
#define RPMEM_PERSIST_RELAXED (1U << 0)

/* Begin to. Flushes of one lane arrive in order. */
int rpmem_flush(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags);

/* Wait until all that was flushed on the lane is durable. Flags are for later. */
int rpmem_drain(RPMEMpool *rpp, unsigned lane, unsigned flags);

/* Both, for this range and all that was flushed on the lane. */
int rpmem_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags);

/* The same, as far down as the target's machine allows: pmem2_deep_flush(3). */
int rpmem_deep_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane);

/* Copy from the pool at the target, its header too, into any memory. */
int rpmem_read(RPMEMpool *rpp, void *buff, size_t offset, size_t length, unsigned lane);

/*
 * Removing pools.
 */

#define RPMEM_REMOVE_FORCE    0x1 /* a part that is missing, or cannot be removed, is accepted */
#define RPMEM_REMOVE_POOL_SET 0x2 /* remove the file of the pool set, too */

/*
 * Remove the parts of a pool at the target. 0, or -1: EINVAL for an unknown flag, EBUSY while it
 * is open, and errors as of rpmem_open().
 */
int rpmem_remove(const char *target, const char *pool_set_name, int flags);

/*
 * Other calls.
 */

/* NULL if this library can do what a program needs that was written for that version; else why. */
const char *rpmem_check_version(unsigned major_required, unsigned minor_required);

/* Why the last call that failed on this thread did; "" before any. */
const char *rpmem_errormsg(void);

#ifdef __cplusplus
}
#endif

#endif
