/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fork.h - keep a pool with the process that has opened it
 *
 * A child of fork(2) has copies of the descriptors that lead to ssh: as long as one of them is
 * open, ssh does not hear of the parent's end, and the target keeps the pool. So a fork handler
 * closes them in the child.
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

/* The descriptors that lead to one ssh. The caller's; it stays while it is listed. */
struct fork_entry {
	int fds[3];
	struct fork_entry *next;
};

/* This process. Installs the handlers the first time: -ENOMEM if there is no memory for them. */
int fork_own(struct fork_owner *owner);

/* 0; -ENOTCONN, with a sentence, in a process that is not the owner. */
int fork_check(const struct fork_owner *owner);

/*
 * No other thread forks between the two: descriptors that are made or closed in between are all
 * listed, or all not listed, in a child. Signals are blocked, since a handler may fork.
 */
void fork_hold(sigset_t *before);
void fork_release(const sigset_t *before);

/* Between fork_hold() and fork_release(). An entry of another process may be removed: no effect. */
void fork_list(struct fork_entry *entry);
void fork_unlist(struct fork_entry *entry);

/* 0 in a child that owns nothing yet. Constant once a process owns something. */
extern const _Atomic unsigned *fork_number;

static inline bool fork_is_owner(const struct fork_owner *owner)
{
	return likely(atomic_load_explicit(fork_number, memory_order_relaxed) == owner->number);
}

#endif
