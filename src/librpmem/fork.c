/* SPDX-License-Identifier: BSD-3-Clause */
#include "librpmem/fork.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int trouble; /* result of install(): 0 or a negative errno */

/*
 * Processes that open pools get numbers. This is the highest number that this process or one of its
 * ancestors has taken.
 */
static atomic_uint last;
static _Atomic unsigned without_page;
static _Atomic unsigned *number = &without_page;
const _Atomic unsigned *fork_number = &without_page;

/*
 * Guards `list`, the list of descriptors that lead to ssh. Held while such descriptors are made or
 * closed, and during fork.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct fork_entry *list;

static void before_fork(void)
{
	pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
	for (struct fork_entry *entry = list; entry; entry = entry->next)
		for (int i = 0; i < 3; i++)
			close(entry->fds[i]);
	list = NULL;
	atomic_store_explicit(number, 0, memory_order_relaxed);
	pthread_mutex_unlock(&lock);
}

/*
 * Make the memory for the number of this process, which the kernel clears in children. Kernels
 * before 4.14 cannot clear it: then only the fork handlers reset the number.
 */
static void install(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory != MAP_FAILED) {
		madvise(memory, page, MADV_WIPEONFORK);
		number = memory;
		fork_number = number;
	}
	trouble = -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int fork_own(struct fork_owner *owner)
{
	unsigned none = 0, next;

	pthread_once(&once, install);
	if (trouble)
		return err_set(trouble, "out of memory for a fork handler");
	if (!atomic_load(number)) {
		next = atomic_fetch_add(&last, 1) + 1;
		atomic_compare_exchange_strong(number, &none, next);
	}
	*owner = (struct fork_owner){atomic_load(number), getpid()};
	return 0;
}

int fork_check(const struct fork_owner *owner)
{
	if (fork_is_owner(owner))
		return 0;
	return err_set(
		-ENOTCONN, "only process %d, which opened this pool, can use it", (int)owner->pid);
}

void fork_hold(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
	pthread_mutex_lock(&lock);
}

void fork_release(const sigset_t *before)
{
	pthread_mutex_unlock(&lock);
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

void fork_list(struct fork_entry *entry)
{
	entry->next = list;
	list = entry;
}

void fork_unlist(struct fork_entry *entry)
{
	for (struct fork_entry **at = &list; *at; at = &(*at)->next)
		if (*at == entry) {
			*at = entry->next;
			return;
		}
}
