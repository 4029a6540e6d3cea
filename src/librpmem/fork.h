/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork.h - keep a pool with the process that has opened it
 *
 * A child of fork(2) has copies of the descriptors that lead to ssh. As long as one of them is
 * open, ssh does not notice the parent's end, and the target keeps the pool open. So a fork
 * handler closes them in the child.
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
 * The descriptors that lead to one ssh. The caller provides the struct and keeps it while listed.
 */
struct fork_entry {
	int fds[3];
	struct fork_entry *next;
};

/* Get the number of this process. Installs the fork handlers the first time. 0 or -ENOMEM. */
int fork_own(struct fork_owner *owner);

/* 0; -ENOTCONN, with an error message, if this process is not the owner. */
int fork_check(const struct fork_owner *owner);

/*
 * No other thread forks between fork_hold() and fork_release(). A child has listed either all
 * descriptors that are made or closed in between, or no such descriptor. Signals are blocked,
 * since a handler may fork.
 */
void fork_hold(sigset_t *before);
void fork_release(const sigset_t *before);

/*
 * Call them between fork_hold() and fork_release(). Removing an entry of another process has no
 * effect.
 */
void fork_list(struct fork_entry *entry);
void fork_unlist(struct fork_entry *entry);

/* Points to the process's number; 0 in a child that has no pool yet. Constant once it has one. */
extern const _Atomic unsigned *fork_number;

static inline bool fork_is_owner(const struct fork_owner *owner)
{
	return likely(atomic_load_explicit(fork_number, memory_order_relaxed) == owner->number);
}

#endif
