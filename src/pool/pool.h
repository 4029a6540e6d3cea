/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.h - a pool on this machine: locked, and its parts mapped side by side
 *
 * Byte 0 of the pool is the first byte of its first part, which is its header unless the pool has
 * no headers. The rest is contiguous: the headers of other parts are left out.
 *
 * Functions return 0, or -errno with an error message:
 *
 * -EINVAL	the set, its parts and the peer's request do not match; or the pool was in use
 *		when the medium lost data
 * -ENOENT	there is no such set, or no pool: its first part is missing, in a directory that
 *		exists
 * -EREMOTEIO	something else is missing
 * -EEXIST	a part has a header already
 * -EACCES	no permission for a part
 * -EBUSY	another process has a part open
 * -EFBIG	more bytes asked for than the set has
 * -EBADMSG	a header is damaged
 * -EIO	bad blocks, or an error of the device
 * -ENOSPC, -ENOMEM and so on	errors of system calls
 *
 * Call cpu_init() and map_init() before. A pool is for one thread, except for functions that say
 * otherwise: any number of threads may call those until pool_close() or pool_discard().
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "libpmem2/base.h"
#include "pool/header.h"
#include "pool/set.h"

#define POOL_MINIMUM ((size_t)8192)

struct pool;

/*
 * Make all parts, or none: a failure removes new files and leaves existing ones as they were.
 * For a set without headers `attr` must be NULL or all zeros; for a set with headers it must not.
 * `size` is what the peer asks for; parts in directories are made to fit. The set may be freed
 * afterwards.
 */
int pool_create(const struct pool_set *set, size_t size, const struct rpmem_pool_attr *attr,
	struct pool **pool);

/*
 * Open a pool. A pool in directories grows to `size`, as far as the set allows. Bytes that a
 * process which used the pool before has left in the page cache or in CPU caches are written to
 * the media, or dropped.
 */
int pool_open(const struct pool_set *set, size_t size, struct pool **pool);

/*
 * Open a pool only for reading: nothing of it is changed, and other processes can open it at the
 * same time. -EBUSY if another process has it open for writing. Close it by pool_close().
 */
int pool_look(const struct pool_set *set, struct pool **pool);

/*
 * For a pool that pool_look() has opened: make pool_read() read what is on the media and not what
 * is in a cache. Pages of files are written back and dropped from the page cache; CPU caches of
 * DAX devices are flushed. -EIO and so on if a write-back fails.
 */
int pool_drop_caches(const struct pool *pool);

/* Unmap, unlock and free the pool, even if an error is returned. */
int pool_close(struct pool *pool);

/*
 * Undo pool_create(): files that it has made are removed, and files that existed before are as
 * they were. Keeps the error message.
 */
void pool_discard(struct pool *pool);

#define POOL_REMOVE_FORCE    1U /* skip parts that are missing or cannot be removed */
#define POOL_REMOVE_SET_FILE 2U /* also remove the set file, if no part is left */

/*
 * Remove the parts of the set in the file `name` below `directory`: files, and the first 2 MiB of
 * DAX devices. Nothing is removed before all parts are locked and checked. If removing one part
 * fails after that, the others are removed, and the error message names the parts that are left.
 * Two errors are returned even with force, and nothing is removed then: -EBUSY, and -EREMOTEIO for
 * a missing directory.
 */
int pool_remove(const char *directory, const char *name, unsigned flags);

/*
 * Do what pool_remove() does, and remove the state file (state.h) first. `folder` is the
 * configured folder of states, or NULL if the state file is beside the pool set. If the state file
 * cannot be removed, no part is removed, even with force. If some parts cannot be removed, the
 * state file is kept, even one that another process makes at the same time.
 */
int pool_remove_with_state(
	const char *folder, const char *directory, const char *name, unsigned flags);

/*
 * Change the attributes in all headers, durably. NULL stands for attributes that are all zeros.
 * -EINVAL if the pool has no headers and the attributes are not zeros.
 */
int pool_set_attributes(struct pool *pool, const struct rpmem_pool_attr *attr);

/* Get the attributes. False, and zeros, if the pool has no headers. */
bool pool_attributes(const struct pool *pool, struct rpmem_pool_attr *attr);

void *pool_base(const struct pool *pool);
size_t pool_size(const struct pool *pool);

/* Bytes at the pool's beginning that the peer must not change: the header's page, or 0. */
size_t pool_guard(const struct pool *pool);

/*
 * The coarsest granularity of the pool's parts. PMEM_IS_PMEM_FORCE in the environment overrides
 * it: with 1, PAGE counts as CACHE_LINE; with 0, any granularity counts as PAGE.
 */
enum pmem2_granularity pool_granularity(const struct pool *pool);

/* True if all parts are DAX devices: an RDMA card may then access the memory itself. */
bool pool_is_device(const struct pool *pool);

/* True if a part is a DAX device: its CPU caches must be flushed, whatever the granularity is. */
bool pool_has_device(const struct pool *pool);

/*
 * True if a store to any part finds room, even on a full disk. If false, a store may raise SIGBUS,
 * and a network adapter must not be given the memory.
 */
bool pool_has_room(const struct pool *pool);

/*
 * Write bytes to the pool and make them durable, after a store to the pool's mapping has failed.
 * On failure the error message has the reason and the path of the part. Any thread may call this
 * function and pool_read(), pool_in_files() and pool_deep_sync().
 */
int pool_store(const struct pool *pool, size_t offset, const void *from, size_t length);

/*
 * Copy bytes of the pool, all within it. Files are read by pread(2): so bad memory is an error and
 * not a signal, and pages that are only read do not become part of this process's memory.
 */
int pool_read(const struct pool *pool, size_t offset, void *to, size_t length);

/*
 * Find the next bytes, from `offset` on and before offset + *length, that lie in files. Returns
 * their offset and sets *length to their number, or to 0 if there are no more.
 */
size_t pool_in_files(const struct pool *pool, size_t offset, size_t *length);

/*
 * Write [offset, offset + length) through to the media, part by part: pages are written back, DAX
 * devices flushed out of CPU and memory controller. Fails also if another write-back of a part has
 * failed since file_sync_epoch() returned `since` (map/file_sync.h). -EINVAL for a range that is
 * not within the pool.
 */
int pool_deep_sync(const struct pool *pool, size_t offset, size_t length, uint64_t since);

#endif
