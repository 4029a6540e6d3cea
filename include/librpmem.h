/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * librpmem.h - the calls of librpmem
 *
 * A program keeps a pool in its own memory and makes ranges of it durable on another machine, the
 * target:
 *
 *	unsigned nlanes = 4;
 *	RPMEMpool *rpp = rpmem_create("user@host", "mirror.set", pool, size, &nlanes, &attr);
 *
 *	strcpy(pool + 4096, "hello");
 *	rpmem_persist(rpp, 4096, 6, 0, 0);	<- durable at the target if it returned 0
 *	rpmem_close(rpp);
 *
 * "user@host" is reached by ssh, which starts the daemon rpmemd there; "mirror.set" is a pool set
 * (a file that lists the parts of a pool) on that machine, below the folder that its administrator
 * has chosen. Data travels over a separate connection, which is not encrypted.
 *
 * Units. Offsets and lengths are in bytes, from the start of the pool, and need no alignment.
 *
 * Errors. A call that fails returns NULL or -1, unless its comment says otherwise, and sets errno
 * to a positive number; its outputs are unchanged. rpmem_errormsg() returns the message, which
 * names the target, the pool set and the step. Calls that succeed do not change errno. Invalid
 * arguments give EINVAL and change nothing. A connection that is lost (ECONNRESET), a target that
 * does not answer in time (ETIMEDOUT) or that breaks the protocol (EPROTO) ends the handle: every
 * later call on it fails with that errno, and the program can only call rpmem_close(), or
 * holdfast_remote_reconnect() of librpmem/holdfast.h.
 *
 * Threads. A pool is opened with a number of lanes (independent streams of requests). Threads may
 * work at the same time on different lanes of one pool; one lane belongs to one thread at a time.
 * While a thread is in rpmem_set_attr(), others may work; while a thread is in rpmem_close(), no
 * other thread may use the pool.
 *
 * Processes. Between rpmem_create() or rpmem_open() and rpmem_close() the library runs a child
 * process, ssh, which wait(2) may report, and a thread with all signals blocked. A forked child
 * cannot use its parent's handles.
 *
 * Environment. Ignored in processes that run with more rights than their user has:
 *
 *	RPMEM_SSH		the program to run instead of ssh
 *	RPMEM_CMD		command to run at the target instead of rpmemd; several, separated
 *				by "|", are used in turn
 *	RPMEM_ENABLE_VERBS	0 forbids the provider verbs
 *	RPMEM_ENABLE_SOCKETS	0 forbids the provider tcp
 *	RPMEM_PROVIDER		verbs or tcp: use this provider or fail
 *	RPMEM_MAX_NLANES	the most lanes that a pool may get
 *	RPMEM_WORK_QUEUE_SIZE	how many messages of a lane may be in flight
 *	RPMEM_TIMEOUT_MS	how long to wait for the target, in ms; 30000 if unset
 *	RPMEM_POLL_US		longest time to poll before sleeping, in us; if unset, 50, and
 *				again when an answer is expected
 *	RPMEM_LOG_LEVEL, RPMEM_LOG_FILE
 *				1 to 4: write a log, 1 errors only, 4 everything; and its file
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

/* The version of this interface, for rpmem_check_version(). */
#define RPMEM_MAJOR_VERSION 1
#define RPMEM_MINOR_VERSION 3

/* Other implementations use these macros to mark all calls as deprecated. This one does not. */
#define RPMEM_DEPR_STR "librpmem is deprecated"
#define RPMEM_DEPR_ATTR

#define RPMEM_POOL_HDR_SIG_LEN    8
#define RPMEM_POOL_HDR_UUID_LEN   16
#define RPMEM_POOL_USER_FLAGS_LEN 16

/* The smallest pool, and the smallest part of a pool set at the target, in bytes. */
#define RPMEM_MIN_POOL ((size_t)(1024 * 8))
#define RPMEM_MIN_PART ((size_t)(1024 * 1024 * 2))

/* The handle of an open pool. */
typedef struct rpmem_pool RPMEMpool;

/*
 * The attributes in the header of a pool. The library stores them without checks, except that
 * `incompat_features` must agree with the options of the pool set. All zeros stand for a pool
 * without headers.
 */
struct rpmem_pool_attr {
	char signature[RPMEM_POOL_HDR_SIG_LEN];
	uint32_t major; /* version of the format of the pool's contents */
	uint32_t compat_features;
	uint32_t incompat_features;
	uint32_t ro_compat_features;
	unsigned char poolset_uuid[RPMEM_POOL_HDR_UUID_LEN];
	unsigned char uuid[RPMEM_POOL_HDR_UUID_LEN];      /* UUID of the first part */
	unsigned char next_uuid[RPMEM_POOL_HDR_UUID_LEN]; /* UUID of the next replica */
	unsigned char prev_uuid[RPMEM_POOL_HDR_UUID_LEN]; /* UUID of the previous replica */
	unsigned char user_flags[RPMEM_POOL_USER_FLAGS_LEN];
};

/*
 * Pools: make, open and close them, and change their attributes.
 */

/*
 * Make a pool at `target` in the pool set `pool_set_name`, and open it. `target` is
 * [user@]host[:port], where the port is ssh's, and an IPv6 address with a port stands in brackets.
 * `pool_set_name` is relative to the folder of pool sets at the target.
 *
 * `pool_addr` is memory of the program, `pool_size` bytes long; both are multiples of the page
 * size. rpmem_flush() and the other calls send from this memory. It must stay mapped until
 * rpmem_close().
 *
 * *nlanes is the number of lanes that the program asks for, and becomes the number that it got:
 * fewer if the target, the provider or a limit of this process allows fewer.
 *
 * With attributes, the pool gets headers, and the first 4096 bytes belong to them: no flush,
 * persist or deep persist may begin there. With NULL, or all zeros, the pool gets no headers.
 *
 * A call that fails leaves nothing at the target.
 *
 * EINVAL		an argument is NULL, or 0, or not aligned; no target; a name that the
 *			target does not allow; a pool set that contradicts the attributes
 * ENOMEDIUM		no provider that the environment allows reaches the host
 * EMEDIUMTYPE		the two ends have no provider in common
 * ECONNRESET		ssh, or the daemon, has ended; the message contains its output
 * ETIMEDOUT, EPROTO, EPROTONOSUPPORT
 *			the target does not answer in time, or in this protocol or version
 * EFBIG, EBUSY, EEXIST, ENOENT, EACCES, EROFS, ENOSPC, EIO
 *			reported by the target: the set is too small; is in use; has a pool;
 *			does not exist; and so on
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
 * Open an existing pool; *open_attr, unless NULL, becomes the attributes in its header, or zeros if
 * the pool has no headers. Errors are those of rpmem_create(); EREMOTEIO if the pool is damaged;
 * and EUCLEAN if it is marked as inconsistent, since a catch-up or a sync of it has not ended.
 */
RPMEMpool *rpmem_open(const char *target, const char *pool_set_name, void *pool_addr,
	size_t pool_size, unsigned *nlanes, struct rpmem_pool_attr *open_attr);

/*
 * Overwrite the attributes in the header; with zeros if `attr` is NULL. Returns 0, or -1: EINVAL
 * for attributes of a pool without headers; errors of the target and of the connection.
 */
int rpmem_set_attr(RPMEMpool *rpp, const struct rpmem_pool_attr *attr);

/*
 * Close the pool and free the handle, also if the call fails. Returns 0 if the target has closed
 * the pool properly; -1 if not, or if the connection was lost before. Ranges that were flushed and
 * not drained may not be durable.
 */
int rpmem_close(RPMEMpool *rpp);

/*
 * Making ranges durable. Every range must lie within the pool; a call with a length of 0 does
 * nothing. The calls return 0 or -1:
 *
 * EINVAL		handle NULL, no such lane, an unknown flag; a range that is not within the
 *			pool, or begins in its header
 * EIO, ENOSPC		the target could not make the range durable; the handle stays usable
 * ECONNRESET, ETIMEDOUT, EPROTO
 *			the handle has ended
 */

/*
 * Flag RELAXED: 8-byte words may arrive torn, and the program must not change the range before the
 * drain. Without this flag every aligned 8-byte word arrives whole, and the program may change the
 * range as soon as the call returns.
 */
#define RPMEM_FLUSH_RELAXED   (1U << 0)
#define RPMEM_PERSIST_RELAXED (1U << 0)

/* Begin to make a range durable; rpmem_drain() completes it. One lane's flushes arrive in order. */
int rpmem_flush(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags);

/* Wait until everything flushed on the lane is durable. `flags` must be 0: reserved. */
int rpmem_drain(RPMEMpool *rpp, unsigned lane, unsigned flags);

/* Flush this range, then drain everything that was flushed on the lane. */
int rpmem_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane, unsigned flags);

/* Flush and drain as deeply as the target's machine allows: see pmem2_deep_flush(3). */
int rpmem_deep_persist(RPMEMpool *rpp, size_t offset, size_t length, unsigned lane);

/* Copy from the pool at the target into `buff`, any memory. The range may include the header. */
int rpmem_read(RPMEMpool *rpp, void *buff, size_t offset, size_t length, unsigned lane);

/*
 * Removing pools from a target.
 */

#define RPMEM_REMOVE_FORCE    0x1 /* ignore parts that are missing or cannot be removed */
#define RPMEM_REMOVE_POOL_SET 0x2 /* remove the file of the pool set, too */

/*
 * Remove the parts of a pool at the target. Returns 0, or -1: EINVAL for an unknown flag, EBUSY
 * while the pool is open, and errors of rpmem_open().
 */
int rpmem_remove(const char *target, const char *pool_set_name, int flags);

/*
 * Other calls: the version check, and the text of the last error.
 */

/* Return NULL if a program written for this version can use this library, else the reason. */
const char *rpmem_check_version(unsigned major_required, unsigned minor_required);

/* Return the message about the last failed call of this thread; "" if no call has failed. */
const char *rpmem_errormsg(void);

#ifdef __cplusplus
}
#endif

#endif
