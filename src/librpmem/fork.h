/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork.h - let only the process that opened a pool use it, and not children made by fork(2)
 *
 * A child of fork(2) has copies of the descriptors that lead to ssh. As long as one of them is
 * open, ssh does not notice the parent's end, and the target keeps the pool open. So a fork
 * handler closes the copies in the child.
 *
 * Each process has a number that differs from those of all its ancestors. A handle keeps the
 * number of the process that has opened it. The number lies in memory that the kernel clears in a
 * child, so that a child made without fork handlers (_Fork(3), clone(2)) has another number, too.
 */
#ifndef LIBRPMEM_FORK_H
#define LIBRPMEM_FORK_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

struct fork_owner {
	unsigned number;
	pid_t pid;
};

/*
 * The three descriptors that connect this process with one ssh process. The caller provides the
 * struct and keeps it as long as it is in the list.
 */
struct fork_entry {
	int fds[3];
	struct fork_entry *next;
};

/*
 * Store the number of this process in *owner. The first call installs the fork handlers. Returns 0
 * or -ENOMEM.
 */
int fork_own(struct fork_owner *owner);

/* Returns 0 if this process is the owner; else -ENOTCONN, with an error message. */
int fork_check(const struct fork_owner *owner);

/*
 * Keep all other threads from forking between fork_hold() and fork_release(). So if descriptors
 * are made or closed in between, a child's list has either all of these changes or none. Signals
 * are blocked meanwhile, since a signal handler may fork.
 */
void fork_hold(sigset_t *before);
void fork_release(const sigset_t *before);

/*
 * Add descriptors to the list, or remove them. Call these functions between fork_hold() and
 * fork_release(). To remove an entry that another process has listed has no effect.
 */
void fork_list(struct fork_entry *entry);
void fork_unlist(struct fork_entry *entry);

/*
 * Points to the number of this process, which is 0 in a child process that has not opened a pool
 * yet. The pointer does not change once the process has opened a pool.
 */
extern const _Atomic unsigned *fork_number;

static inline bool fork_is_owner(const struct fork_owner *owner)
{
	return likely(atomic_load_explicit(fork_number, memory_order_relaxed) == owner->number);
}

#endif
