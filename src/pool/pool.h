/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pool.h - a pool on this machine: locked, and its parts mapped side by side
 *
 * Byte 0 of the pool is the first byte of its first part, whose header it begins with unless the
 * pool has none; what follows is contiguous, although the headers of other parts are left out.
 *
 * Functions return 0 or -errno with a sentence:
 *
 * -EINVAL	the set, its parts and what the peer asks do not go together; or the pool was in use
 *		when the medium lost data
 * -ENOENT	there is no such set, or no pool: its first part is missing, in a directory that is
 *		there			-EREMOTEIO	something else is missing
 * -EEXIST	a part has a header already
 * -EACCES	no right to a part		-EBUSY	somebody else has it open
 * -EFBIG	more bytes asked for than there are
 * -EBADMSG	a header is damaged		-EIO	bad blocks, or the device said so
 * -ENOSPC, -ENOMEM and so on		of the system calls
 *
 * Before all of them: cpu_init() and map_init(). A pool is for one thread, but for those that say
 * otherwise, which any number may call until pool_close() or pool_discard().
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
 * Make all parts, or none: a failure leaves no file behind that was not there, and those that were
 * as they were. `attr` NULL, or all zeros, is for sets without headers, and only for them. `size`
 * is what the peer asks for; parts in directories are made to fit. The set may be freed.
 */
int pool_create(const struct pool_set *set, size_t size, const struct rpmem_pool_attr *attr,
	struct pool **pool);

/* A pool in directories grows to `size`, as far as the set allows. */
int pool_open(const struct pool_set *set, size_t size, struct pool **pool);

/*
 * Only look at a pool: nothing of it is changed, and it is not kept from being opened. It is mapped
 * for reading. -EBUSY if somebody has it open. pool_close() ends it.
 */
int pool_look(const struct pool_set *set, struct pool **pool);

/* Unmap and unlock. The pool is gone even if it fails. */
int pool_close(struct pool *pool);

/* Undo pool_create(): nothing is left of the pool but what was there before. Keeps the sentence. */
void pool_discard(struct pool *pool);

#define POOL_REMOVE_FORCE    1U /* what is missing or cannot be removed is not an error */
#define POOL_REMOVE_SET_FILE 2U /* and then the set file, if nothing of the pool is left */

/*
 * Remove the parts of the set in the file `name` below `directory`: files, and the first 2 MiB of
 * DAX devices. Nothing is removed before all parts are locked and checked. A failure after that
 * leaves a part behind; the others are removed, and the sentence names what is left. By force too,
 * -EBUSY is a failure, and nothing is removed then; so is -EREMOTEIO, a directory that is missing.
 */
int pool_remove(const char *directory, const char *name, unsigned flags);

/* Of all headers, durably; NULL: zeros. -EINVAL for others than zeros, without headers. */
int pool_set_attributes(struct pool *pool, const struct rpmem_pool_attr *attr);

/* False, and zeros, if the pool has no headers. */
bool pool_attributes(const struct pool *pool, struct rpmem_pool_attr *attr);

void *pool_base(const struct pool *pool);
size_t pool_size(const struct pool *pool);

/* Bytes at the beginning that are not the peer's: the header's page, or 0. */
size_t pool_guard(const struct pool *pool);

/*
 * The weakest of its parts'. PMEM_IS_PMEM_FORCE in the environment, 1 or 0, makes PAGE count as
 * CACHE_LINE, or anything as PAGE.
 */
enum pmem2_granularity pool_granularity(const struct pool *pool);

/* All parts are DAX devices: an RDMA card may be given the memory itself. */
bool pool_is_device(const struct pool *pool);

/* Is a part a DAX device? CPU caches have to be flushed for it, whatever the granularity. */
bool pool_has_device(const struct pool *pool);

/*
 * Whether a store to any part finds room, even on a full disk. If not, it may raise SIGBUS: an
 * adapter must not be given the memory.
 */
bool pool_has_room(const struct pool *pool);

/*
 * Any thread, all three. Store bytes that could not be stored to where the pool is mapped: 0, and
 * they are durable, or why not, with the path of the part.
 */
int pool_store(const struct pool *pool, size_t offset, const void *from, size_t length);

/*
 * The next bytes from `offset` on, and before offset + *length, that lie in files: their offset,
 * with *length their number, or 0 if there are no more.
 */
size_t pool_in_files(const struct pool *pool, size_t offset, size_t *length);

/*
 * Push [offset, offset + length) on to the media, part by part: pages are written back, DAX
 * devices flushed out of CPU and memory controller. -EINVAL for a range that is not the pool's.
 * Write-backs of a part that failed later than `since` count (map/file_sync.h).
 */
int pool_deep_sync(const struct pool *pool, size_t offset, size_t length, uint64_t since);

#endif
