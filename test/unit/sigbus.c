/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sigbus.c - guards against bad memory, together with the program's own handlers of SIGBUS
 *
 * A guard is a call of sigbus_guard(): it runs a function, and returns an error if that touches
 * bad memory. A bad page is simulated by a page of a mapping behind the end of its file: the
 * kernel raises SIGBUS for both. Tests that end the process or change its handlers run in a child.
 */
#include "map/sigbus.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpmem2/base.h"
#include "tap.h"
#include "unit/badpage.h"

static size_t page;

/* Functions that the tests run in a guard. */

static __thread volatile char sink;

static void touch(void *at)
{
	sink = *(volatile char *)at;
}

static void store(void *at)
{
	*(volatile char *)at = 1;
}

static void raise_sigbus(void *unused)
{
	raise(SIGBUS);
}

static bool is_default(void)
{
	struct sigaction now;

	sigaction(SIGBUS, NULL, &now);
	return now.sa_handler == SIG_DFL;
}

/* Runs `body` in a child. Returns its exit status, or the negated signal that ended it. */
static int child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0});
		body();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void ends(void (*body)(void), const char *what)
{
	if (under_valgrind())
		skip(what, "valgrind handles the fault itself");
	else if (emulator())
		skip(what, "an emulator does not end with the signal of its program");
	else
		is_int(child(body), -SIGBUS, "%s", what);
}

/* Ends a child process with this exit status if `truth` is false. */
static void must(bool truth, int status)
{
	if (!truth)
		_exit(status);
}

static void faults(void)
{
	char *bad = bad_pages(1, 2);
	size_t fault = 99;

	is_int(sigbus_guard(bad, 3 * page, touch, bad + 5, &fault), 0,
		"sigbus_guard: a load from a good page succeeds");
	is_int(fault, 99,
		"sigbus_guard: the argument for the fault's offset is unchanged if there was no fault");
	is_int(sigbus_guard(bad, 3 * page, touch, bad + page + 8, &fault), PMEM2_E_IO_FAIL,
		"sigbus_guard: a load from a bad page is an error");
	is_int(fault, page + 8, "sigbus_guard: the offset of a load's fault is returned");
	is_int(sigbus_guard(bad, 3 * page, store, bad + 2 * page, &fault), PMEM2_E_IO_FAIL,
		"sigbus_guard: a store to a bad page is an error");
	is_int(fault, 2 * page, "sigbus_guard: the offset of a store's fault is returned");
	ok(is_default(),
		"sigbus_guard: the library's handler of SIGBUS is removed when the guard ends");
	munmap(bad, 3 * page);
}

/* Many threads fault at the same time: each must get its own error, with its own offset. */
#define THREADS 80
#define ROUNDS  50

static void *many_faults(void *number)
{
	size_t n = (size_t)number, fault, wrong = 0;
	char *bad = bad_pages(1, 1);

	for (size_t i = 0; i < ROUNDS; i++) {
		fault = 0;
		if (sigbus_guard(bad, 2 * page, touch, bad + page + n + i, &fault) !=
				PMEM2_E_IO_FAIL ||
			fault != page + n + i)
			wrong++;
		wrong += sigbus_guard(bad, 2 * page, touch, bad + n, &fault) != 0;
	}
	munmap(bad, 2 * page);
	return (void *)wrong;
}

static void threads(void)
{
	pthread_t ids[THREADS];
	size_t wrong = 0;
	void *result;

	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, many_faults, (void *)i);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(ids[i], &result);
		wrong += (size_t)result;
	}
	is_int(wrong, 0,
		"sigbus_guard: each of %d threads gets the error of its own fault, although there are fewer guards than threads",
		THREADS);
	ok(is_default(),
		"sigbus_guard: the library's handler of SIGBUS is removed when the guards of many threads have ended");
}

/*
 * A SIGBUS handler of the program, which replaces the bad page `own_page` by a good one, and
 * returns.
 */

static char *volatile own_page; /* volatile: must be stored before the page is touched */
static volatile sig_atomic_t handled, handler_code;
static sigset_t handler_mask;
static void *volatile handler_stack;

static void repair(int number, siginfo_t *info, void *context)
{
	handled++;
	handler_code = info->si_code;
	/*
	 * The address of a local variable would not show which stack is in use: gcc 14's address
	 * sanitizer keeps variables in memory of its own.
	 */
	handler_stack = __builtin_frame_address(0);
	pthread_sigmask(SIG_BLOCK, NULL, &handler_mask);
	if (info->si_addr >= (void *)own_page && (char *)info->si_addr < own_page + page)
		mmap(own_page, page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void count(int number)
{
	handled++;
}

static void set_handler(void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};

	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGBUS, &action, NULL);
}

/*
 * Touches the bad page own_page in a guard of another range, so that the program's handler is
 * called.
 */
static int touch_own(char *guarded)
{
	size_t fault;

	return sigbus_guard(guarded, page, touch, own_page, &fault);
}

static void own_fault(void)
{
	struct sigaction now;

	own_page = bad_pages(0, 1);
	set_handler(repair, SA_RESTART);
	must(touch_own(bad_pages(0, 1)) == 0, 1);
	must(handled == 1 && handler_code == BUS_ADRERR, 2);
	must(sigismember(&handler_mask, SIGUSR1) && sigismember(&handler_mask, SIGBUS), 3);
	sigaction(SIGBUS, NULL, &now);
	must(now.sa_sigaction == repair && now.sa_flags & SA_RESTART, 4);
	must(sigismember(&now.sa_mask, SIGUSR1) == 1, 5);
}

static atomic_bool in_guard, go_on;

static void wait_in_guard(void *unused)
{
	atomic_store(&in_guard, true);
	while (!atomic_load(&go_on))
		usleep(100);
}

/* A thread that stays in a guard until `go_on` is set. */
static void *guarded_thread(void *at)
{
	size_t fault;

	sigbus_guard(at, page, wait_in_guard, NULL, &fault);
	return NULL;
}

static pthread_t start_guarded_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, guarded_thread, bad_pages(0, 1));
	while (!atomic_load(&in_guard))
		usleep(100);
	return thread;
}

static void end_guarded_thread(pthread_t thread)
{
	atomic_store(&go_on, true);
	pthread_join(thread, NULL);
	atomic_store(&go_on, false);
	atomic_store(&in_guard, false);
}

static void own_fault_on_another_thread(void)
{
	own_page = bad_pages(0, 1);
	set_handler(repair, 0);
	pthread_t thread = start_guarded_thread();
	touch(own_page);
	must(handled == 1, 1);
	end_guarded_thread(thread);
	own_page = bad_pages(0, 1);
	touch(own_page);
	must(handled == 2, 2);
}

static void without_siginfo(void)
{
	size_t fault;

	signal(SIGBUS, count);
	must(sigbus_guard(NULL, page, raise_sigbus, NULL, &fault) == 0, 1);
	must(handled == 1, 2);
}

static void sent_to_a_handler(void)
{
	size_t fault;

	own_page = bad_pages(0, 1);
	set_handler(repair, 0);
	must(sigbus_guard(own_page, page, raise_sigbus, NULL, &fault) == 0, 1);
	must(handled == 1 && handler_code == SI_TKILL, 2);
}

static void on_its_stack(void)
{
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	own_page = bad_pages(0, 1);
	sigaltstack(&stack, NULL);
	set_handler(repair, SA_ONSTACK | SA_NODEFER);
	must(touch_own(bad_pages(0, 1)) == 0, 1);
	must(handler_stack >= stack.ss_sp && (char *)handler_stack < (char *)stack.ss_sp + 65536,
		2);
#ifndef __SANITIZE_THREAD__ /* the thread sanitizer blocks all signals in every handler */
	must(!sigismember(&handler_mask, SIGBUS), 3);
#endif
}

static void only_once(void)
{
	own_page = bad_pages(0, 1);
	set_handler(repair, SA_RESETHAND);
	must(touch_own(bad_pages(0, 1)) == 0, 1);
	must(handled == 1 && is_default(), 2);
	own_page = bad_pages(0, 1);
	touch_own(bad_pages(0, 1));
	_exit(3);
}

static sigjmp_buf way_out;

static void jump(int number, siginfo_t *info, void *context)
{
	siglongjmp(way_out, 1);
}

/*
 * A program's handler must not jump out of a guard (longjmp). If it does, the thread's next guard
 * must work all the same.
 */
static void jumps_out(void)
{
	char *bad = bad_pages(0, 1);
	size_t fault;

	own_page = bad_pages(0, 1);
	set_handler(jump, 0);
	if (!sigsetjmp(way_out, 1))
		touch_own(bad);
	must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 1);
	must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 2);
}

/*
 * A second handler, which the program installs while a guard runs. It calls the handler that was
 * installed before, the library's.
 */

static struct sigaction replaced;
static volatile sig_atomic_t passed_on;

static void second(int number, siginfo_t *info, void *context)
{
	passed_on++;
	must(passed_on < 100, 99); /* fails if two handlers call each other without end */
	if (replaced.sa_flags & SA_SIGINFO)
		replaced.sa_sigaction(number, info, context);
	else
		_exit(98);
}

static void install_second(void *unused)
{
	struct sigaction action = {.sa_sigaction = second, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, &replaced);
}

static void install_and_touch(void *at)
{
	install_second(NULL);
	touch(at);
}

static void installed_meanwhile(void)
{
	char *bad = bad_pages(0, 1);
	struct sigaction now;
	size_t fault;

	set_handler(repair, 0);
	must(sigbus_guard(bad, page, install_and_touch, bad, &fault) == PMEM2_E_IO_FAIL, 1);
	must(passed_on == 1, 2);
	sigaction(SIGBUS, NULL, &now);
	must(now.sa_sigaction == second, 3);
	/*
	 * At a fault in a guard, the library's handler calls the program's second handler, and this
	 * one calls the library's again.
	 */
	own_page = bad_pages(0, 1);
	must(touch_own(bad) == 0, 4);
	must(passed_on == 2 && handled == 1, 5);
	must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 6);
	must(passed_on == 2, 7);
	/*
	 * Outside of guards, the program's second handler is installed, and is called by the
	 * kernel.
	 */
	own_page = bad_pages(0, 1);
	touch(own_page);
	must(passed_on == 3 && handled == 2, 8);
	/*
	 * The program removes its second handler: it installs again the handler that the second one
	 * had replaced, which is the library's. The library's handler must still call the program's
	 * first handler, and still serve guards.
	 */
	sigaction(SIGBUS, &replaced, NULL);
	own_page = bad_pages(0, 1);
	touch(own_page);
	must(handled == 3, 9);
	must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 10);
	sigaction(SIGBUS, NULL, &now);
	must(now.sa_sigaction == repair, 11);
}

static void meanwhile_and_unknown_to_all(void)
{
	char *bad = bad_pages(0, 1);
	size_t fault;

	sigbus_guard(bad, page, install_second, NULL, &fault);
	own_page = bad_pages(0, 1);
	touch_own(bad);
}

/* Tests programs without a handler of SIGBUS, with its default action or SIG_IGN. */

static void fault_elsewhere(void)
{
	own_page = bad_pages(0, 1);
	touch_own(bad_pages(0, 1));
}

static void fault_on_another_thread(void)
{
	start_guarded_thread();
	touch(bad_pages(0, 1));
}

static void sent_by_default(void)
{
	size_t fault;

	sigbus_guard(NULL, page, raise_sigbus, NULL, &fault);
}

static void ignored(void)
{
	size_t fault;

	signal(SIGBUS, SIG_IGN);
	must(sigbus_guard(NULL, page, raise_sigbus, NULL, &fault) == 0, 1);
	_exit(7);
}

static void ignored_fault(void)
{
	signal(SIGBUS, SIG_IGN);
	fault_elsewhere();
}

static void blocked(void)
{
	char *bad = bad_pages(0, 1);
	sigset_t mask, now;
	siginfo_t info;
	size_t fault;

	sigfillset(&mask);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 1);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	must(sigismember(&now, SIGBUS) == 1 && sigismember(&now, SIGTERM) == 1, 2);
	if (under_valgrind()) /* valgrind's own delivery of signals differs from the kernel's */
		return;
	/* A blocked SIGBUS that was pending before the guard must still be pending after it. */
	sigqueue(getpid(), SIGBUS, (union sigval){.sival_int = 77});
	must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 3);
	sigpending(&now);
	must(sigismember(&now, SIGBUS) == 1, 4);
	sigemptyset(&mask);
	sigaddset(&mask, SIGBUS);
	must(sigwaitinfo(&mask, &info) == SIGBUS && info.si_value.sival_int == 77, 5);
}

static void blocked_and_elsewhere(void)
{
	sigset_t mask;

	sigfillset(&mask);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	fault_elsewhere();
}

static void in_a_fork(void)
{
	char *bad = bad_pages(0, 1);
	size_t fault;

	start_guarded_thread();
	pid_t pid = fork();
	if (!pid) {
		must(is_default(), 1);
		must(sigbus_guard(bad, page, touch, bad, &fault) == PMEM2_E_IO_FAIL, 2);
		must(is_default(), 3);
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 50);
}

int main(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
#ifndef __aarch64__
	if (emulator())
		skip_all("in this emulator a handler cannot query which signals are blocked");
#endif
	signal(SIGBUS, SIG_DFL); /* a sanitizer may have installed its own handler */
	if (sigbus_init())
		bail("sigbus_init failed");
	faults();
	threads();
	is_int(child(own_fault), 0,
		"program's SIGBUS handler: is called for faults outside of the guarded range");
	is_int(child(own_fault_on_another_thread), 0,
		"program's SIGBUS handler: is called for the fault of a thread without a guard");
	is_int(child(without_siginfo), 0,
		"program's SIGBUS handler: is called also if installed without SA_SIGINFO");
	is_int(child(sent_to_a_handler), 0,
		"program's SIGBUS handler: is called for a signal that was sent by raise(3)");
	is_int(child(on_its_stack), 0,
		"program's SIGBUS handler: runs on the alternate stack, with SIGBUS unblocked by SA_NODEFER");
	ends(only_once,
		"program's SIGBUS handler: is called only once if installed with SA_RESETHAND");
	is_int(child(jumps_out), 0,
		"program's SIGBUS handler: after it jumped out of a guard, the thread's next guard works");
	is_int(child(installed_meanwhile), 0,
		"program's SIGBUS handler: may be installed while a guard runs");
	ends(meanwhile_and_unknown_to_all,
		"program's SIGBUS handler: if it passes a fault to the library's handler, and no third handler exists, the process ends");
	ends(fault_elsewhere,
		"no SIGBUS handler: a fault outside of the guarded range ends the process");
	ends(fault_on_another_thread,
		"no SIGBUS handler: a fault on a thread without a guard ends the process");
	ends(sent_by_default, "no SIGBUS handler: a signal sent by raise(3) ends the process");
	is_int(child(ignored), 7,
		"ignored SIGBUS: a signal sent by raise(3) is ignored in a guard");
	ends(ignored_fault,
		"ignored SIGBUS: a fault outside of the guarded range ends the process");
	if (emulator())
		skip("blocked SIGBUS: guards work, and a pending signal stays pending",
			"an emulator does not block faults");
	else
		is_int(child(blocked), 0,
			"blocked SIGBUS: guards work, and a pending signal stays pending");
	ends(blocked_and_elsewhere,
		"blocked SIGBUS: a fault outside of the guarded range ends the process");
	is_int(child(in_a_fork), 0, "fork: a child has no guards of its parent's other threads");
	return tap_done();
}
