/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/sigbus.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/racecheck.h"
#include "libpmem2/base.h"

struct guard {
	uintptr_t from, to;
	uintptr_t fault;    /* where the access failed: offset in the guarded range */
	bool was_blocked;   /* SIGBUS was blocked before the guard */
	bool has_deferred;  /* a SIGBUS arrived, and SIGBUS was blocked before the guard */
	siginfo_t deferred; /* the signal that arrived */
	sigset_t mask;      /* signal mask of the thread before the guard */
	sigjmp_buf escape;
};

/*
 * A slot for a guard that is running. A thread runs one guard at a time. The signal handler
 * searches the slots for the guard of its thread. A thread-local variable would not do, because
 * its first use by a thread may allocate memory. Only the owner accesses `guard`; `owner` is 0 if
 * the slot is free.
 */
struct seat {
	atomic_uintptr_t owner; /* pthread_self() */
	struct guard *guard;
};

/*
 * An action for SIGBUS that the program has set. Never changed or freed, since handlers read it
 * without a lock.
 */
struct known {
	struct sigaction action;
	struct known *next;
};

static struct known by_default = {.action = {.sa_handler = SIG_DFL}};

/*
 * The number of functions that the library can install as its SIGBUS handler; all do the same. It
 * needs several of them: if the program installs a handler over the library's, it remembers the
 * library's function to pass signals on to it. When the library then installs its own handler over
 * that of the program, it must use another function: otherwise the two would pass a signal on to
 * each other for ever, and the program's first handler would be lost. The last function is used
 * again if there are more levels: no program nests deeper.
 */
#define LEVELS 4

static struct {
	pthread_mutex_t lock;
	pthread_cond_t left; /* signalled when a slot for a guard becomes free */
	struct seat seats[SIGBUS_GUARDS];
	unsigned users;
	struct known *known; /* the program's actions for SIGBUS that were ever seen: a few */
	/*
	 * previous[i] is the program's action to which number i of the library's handler functions
	 * passes signals on.
	 */
	_Atomic(struct known *) previous[LEVELS];
	int level;         /* index of the handler function that is installed, or will be next */
	bool is_installed; /* false if the program has replaced the library's handler */
} sigbus = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.left = PTHREAD_COND_INITIALIZER,
};

static struct seat *seat_of(uintptr_t owner)
{
	for (size_t i = 0; i < SIGBUS_GUARDS; i++)
		if (atomic_load_explicit(&sigbus.seats[i].owner, memory_order_relaxed) == owner)
			return &sigbus.seats[i];
	return NULL;
}

/* The signal handler of the library. */

/*
 * True if an access by this thread raised the signal, so that repeating the access would raise it
 * again.
 */
static bool is_fault(const siginfo_t *info)
{
	switch (info->si_code) {
	case BUS_ADRALN:
	case BUS_ADRERR:
	case BUS_OBJERR:
	case BUS_MCEERR_AR:
		return true;
	default: /* a process sent the signal, or it reports a bad page that nobody has accessed */
		return false;
	}
}

/* True if the fault may be in the guarded range. A machine check reports a page, not a byte. */
static bool is_within(const struct guard *guard, const siginfo_t *info)
{
	uintptr_t address = (uintptr_t)info->si_addr, unit = 1;

	if (info->si_code == BUS_MCEERR_AR && info->si_addr_lsb > 0 && info->si_addr_lsb < 63)
		unit = (uintptr_t)1 << info->si_addr_lsb;
	address &= -unit;
	return address < guard->to && address + (unit - 1) >= guard->from;
}

/* Send the signal to this thread again. If the thread blocks it, the signal becomes pending. */
static void requeue(siginfo_t *info)
{
	syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)syscall(SYS_gettid), SIGBUS, info);
}

/* End the process by the default action, with the details of this signal in the core file. */
static void end_process(siginfo_t *info)
{
	sigaction(SIGBUS, &by_default.action, NULL);
	requeue(info);
}

/*
 * Returns the program's action. An action that is for one signal only (SA_RESETHAND) is then
 * replaced by the default.
 */
static struct sigaction take_previous(int level)
{
	struct known *previous = atomic_load(&sigbus.previous[level]);

	while (previous->action.sa_flags & SA_RESETHAND)
		if (atomic_compare_exchange_weak(&sigbus.previous[level], &previous, &by_default))
			break;
	return previous->action;
}

static void pass_on(int level, int number, siginfo_t *info, void *context)
{
	struct sigaction action = take_previous(level);

	if (action.sa_handler == SIG_IGN && !is_fault(info))
		return;
	/* A process cannot ignore a fault: the access would be repeated and fault for ever. */
	if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN)
		end_process(info);
	else if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(number, info, context);
	else
		action.sa_handler(number);
}

static void on_sigbus(int level, int number, siginfo_t *info, void *context)
{
	struct seat *seat = seat_of((uintptr_t)pthread_self());
	struct guard *guard = seat ? seat->guard : NULL;
	int saved = errno;

	if (guard && is_fault(info) && is_within(guard, info)) {
		uintptr_t address = (uintptr_t)info->si_addr;
		guard->fault = address > guard->from ? address - guard->from : 0;
		siglongjmp(guard->escape, 1);
	}
	if (guard && guard->was_blocked && !is_fault(info)) {
		guard->deferred = *info;
		guard->has_deferred = true;
	} else {
		pass_on(level, number, info, context);
	}
	errno = saved;
}

#define HANDLER(level)                                                                             \
	static void on_sigbus_##level(int number, siginfo_t *info, void *context)                  \
	{                                                                                          \
		on_sigbus(level, number, info, context);                                           \
	}
HANDLER(0)
HANDLER(1)
HANDLER(2)
HANDLER(3)

static void (*const handlers[LEVELS])(int, siginfo_t *, void *) = {
	on_sigbus_0, on_sigbus_1, on_sigbus_2, on_sigbus_3};

/* Install and uninstall the library's handler. The caller holds the lock. */

/* The index of the library's handler function that this action installs; -1 for other handlers. */
static int level_of(const struct sigaction *action)
{
	if (action->sa_flags & SA_SIGINFO)
		for (int level = 0; level < LEVELS; level++)
			if (action->sa_sigaction == handlers[level])
				return level;
	return -1;
}

static bool is_same(const struct sigaction *a, const struct sigaction *b)
{
	if (a->sa_flags != b->sa_flags || a->sa_handler != b->sa_handler)
		return false;
	for (int signal = 1; signal < NSIG; signal++)
		if (sigismember(&a->sa_mask, signal) != sigismember(&b->sa_mask, signal))
			return false;
	return true;
}

static struct known *remember(const struct sigaction *action)
{
	struct known *known = sigbus.known;

	while (known && !is_same(&known->action, action))
		known = known->next;
	if (known)
		return known;
	known = malloc(sizeof(*known));
	if (!known)
		return NULL;
	*known = (struct known){.action = *action, .next = sigbus.known};
	sigbus.known = known;
	return known;
}

/*
 * The program has installed a handler over the library's, and may pass signals on to the
 * library's.
 */
static void was_replaced(void)
{
	if (sigbus.is_installed && sigbus.level < LEVELS - 1)
		sigbus.level++;
	sigbus.is_installed = false;
}

/*
 * Install the library's handler in place of the action `now`, keeping the alternate stack and the
 * blocked signals that the program chose for its own handler. *was becomes the action that was
 * really replaced.
 */
static int install_over(const struct sigaction *now, struct sigaction *was)
{
	struct known *known = remember(now);
	struct sigaction ours = *now;

	if (!known)
		return err_set(-ENOMEM, "out of memory to remember a handler of SIGBUS");
	ours.sa_sigaction = handlers[sigbus.level];
	ours.sa_flags &= SA_ONSTACK | SA_NODEFER | SA_RESTART;
	ours.sa_flags |= SA_SIGINFO;
	/* Store this first: the handler may have to pass a signal on at once. */
	atomic_store(&sigbus.previous[sigbus.level], known);
	if (sigaction(SIGBUS, &ours, was))
		return err_sys("cannot install a handler of SIGBUS");
	return 0;
}

/* Repeats if the program installs another handler between the query and the change. */
static int install(void)
{
	struct sigaction now, was;

	if (sigaction(SIGBUS, NULL, &now))
		return err_sys("cannot query the handler of SIGBUS");
	if (level_of(&now) >= 0)
		return 0;
	was_replaced();
	for (;;) {
		int error = install_over(&now, &was);
		if (error)
			return error;
		if (is_same(&was, &now) || level_of(&was) >= 0)
			break;
		now = was;
	}
	sigbus.is_installed = true;
	return 0;
}

/* Put the program's action back, unless the program has installed another one meanwhile. */
static void uninstall(void)
{
	struct sigaction now;

	if (sigaction(SIGBUS, NULL, &now))
		return;
	int level = level_of(&now);
	if (level < 0) {
		was_replaced();
		return;
	}
	/*
	 * Keep previous[level]: the program may have remembered the library's handler and install
	 * it again.
	 */
	struct known *previous = atomic_load(&sigbus.previous[level]);
	if (!sigaction(SIGBUS, &previous->action, &now) && level_of(&now) < 0)
		sigaction(SIGBUS, &now, NULL);
	sigbus.is_installed = false;
}

/* Guards: run a function and survive a fault in it. */

/*
 * Find a free slot for a guard. A slot that this thread already has, because the program's handler
 * jumped out of an earlier guard, is used again.
 */
static struct seat *find_seat(void)
{
	struct seat *seat = seat_of((uintptr_t)pthread_self());

	if (seat)
		sigbus.users--;
	while (!seat && !(seat = seat_of(0)))
		pthread_cond_wait(&sigbus.left, &sigbus.lock);
	return seat;
}

static int sit_down(struct guard *guard, struct seat **seat)
{
	pthread_mutex_lock(&sigbus.lock);
	*seat = find_seat();
	int error = install();
	if (!error) {
		sigbus.users++;
		(*seat)->guard = guard;
		atomic_store(&(*seat)->owner, (uintptr_t)pthread_self());
	}
	pthread_mutex_unlock(&sigbus.lock);
	return error;
}

static void stand_up(struct seat *seat)
{
	pthread_mutex_lock(&sigbus.lock);
	atomic_store(&seat->owner, 0);
	if (!--sigbus.users)
		uninstall();
	pthread_cond_signal(&sigbus.left);
	pthread_mutex_unlock(&sigbus.lock);
}

/* If SIGBUS stayed blocked, a fault would end the process in spite of the handler. */
static void unblock(struct guard *guard)
{
	sigset_t sigbus_only;

	sigemptyset(&sigbus_only);
	sigaddset(&sigbus_only, SIGBUS);
	pthread_sigmask(SIG_BLOCK, NULL, &guard->mask);
	guard->was_blocked = sigismember(&guard->mask, SIGBUS) == 1;
	if (guard->was_blocked)
		pthread_sigmask(SIG_UNBLOCK, &sigbus_only, NULL);
}

static void block_again(struct guard *guard)
{
	if (!guard->was_blocked)
		return;
	pthread_sigmask(SIG_SETMASK, &guard->mask, NULL);
	if (guard->has_deferred)
		requeue(&guard->deferred);
}

/* sigsetjmp() may return twice: keep nothing in local variables that the second return needs. */
static bool run(struct guard *guard, void (*body)(void *arg), void *arg)
{
	if (sigsetjmp(guard->escape, 1))
		return false;
	body(arg);
	return true;
}

int sigbus_guard(const void *from, size_t length, void (*body)(void *arg), void *arg, size_t *fault)
{
	struct guard guard;
	struct seat *seat;

	guard.from = (uintptr_t)from;
	guard.to = guard.from + length;
	guard.has_deferred = false;
	int error = sit_down(&guard, &seat);
	if (error)
		return error;
	unblock(&guard);
	bool survived = run(&guard, body, arg);
	block_again(&guard);
	stand_up(seat);
	if (survived)
		return 0;
	*fault = guard.fault;
	return PMEM2_E_IO_FAIL;
}

/* Handlers for fork. */

static void before_fork(void)
{
	pthread_mutex_lock(&sigbus.lock);
}

static void after_fork_in_parent(void)
{
	pthread_mutex_unlock(&sigbus.lock);
}

/* Drop the guards of other threads, which do not exist in a forked child. */
static void after_fork_in_child(void)
{
	for (size_t i = 0; i < SIGBUS_GUARDS; i++)
		atomic_store(&sigbus.seats[i].owner, 0);
	if (sigbus.users)
		uninstall();
	sigbus.users = 0;
	sigbus.left = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	pthread_mutex_unlock(&sigbus.lock);
}

int sigbus_init(void)
{
	racecheck_ignore(&sigbus.seats, sizeof(sigbus.seats));
	racecheck_ignore(&sigbus.previous, sizeof(sigbus.previous));
	return -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
