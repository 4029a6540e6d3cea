/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * told-once.h - simulates a kernel that reports each write-back error once, to the first msync(2)
 *
 * It replaces libc's msync(). Pending errors and barriers are in memory that forked children share
 * with their parent, as real processes share the state of the kernel.
 */
#ifndef TEST_API_TOLD_ONCE_H
#define TEST_API_TOLD_ONCE_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define FILES 32
#define VIEWS 64

static struct kernel {
	atomic_int pending[FILES]; /* for each file, the errno that msync() will report; or 0 */
	atomic_uint calls;         /* of msync() */
	atomic_bool holds;         /* the next failed msync() waits for the test at both barriers */
	atomic_bool holds_any;     /* the next msync() waits for the test at both barriers */
	pthread_barrier_t answered, released;
} * kernel;

/* The mappings of this process: the addresses [from, to), and the number of the mapped file. */
static struct {
	uintptr_t from, to;
	unsigned file;
} views[VIEWS];
static unsigned view_count;

static unsigned file_count; /* number of files so far */

static void kernel_open(void)
{
	pthread_barrierattr_t shared;

	kernel = mmap(
		NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kernel == MAP_FAILED)
		bail("cannot map shared memory: %m");
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&kernel->answered, &shared, 2);
	pthread_barrier_init(&kernel->released, &shared, 2);
}

/* Tells the simulated kernel that this range of addresses is now a mapping of the file. */
static void kernel_maps(const void *addr, size_t length, unsigned file)
{
	if (view_count == VIEWS)
		bail("too many maps for this test");
	views[view_count].from = (uintptr_t)addr;
	views[view_count].to = (uintptr_t)addr + length;
	views[view_count++].file = file;
}

/*
 * Returns the pending error of the file that was last mapped at `addr`, and clears it. Returns 0 if
 * there is no error or no file.
 */
static int kernel_answer(uintptr_t addr)
{
	for (unsigned i = view_count; i-- > 0;)
		if (addr >= views[i].from && addr < views[i].to)
			return atomic_exchange(&kernel->pending[views[i].file], 0);
	return 0;
}

int msync(void *addr, size_t length, int flags)
{
	int error = kernel_answer((uintptr_t)addr);

	atomic_fetch_add(&kernel->calls, 1);
	if ((error && atomic_exchange(&kernel->holds, false)) ||
		atomic_exchange(&kernel->holds_any, false)) {
		pthread_barrier_wait(&kernel->answered);
		pthread_barrier_wait(&kernel->released);
	}
	pthread_testcancel(); /* msync(2) is a cancellation point, too */
	if (!error)
		return (int)syscall(SYS_msync, addr, length, flags);
	errno = error;
	return -1;
}

/*
 * Makes the next msync(2) of the file fail with `error`, as if the kernel had failed to write a
 * page of the file to its disk.
 */
__attribute__((unused)) static void lose(unsigned file, int error)
{
	atomic_store(&kernel->pending[file], error);
}

/*
 * Creates a file in memory, as the real msync(2) of such a file is fast. Returns its descriptor,
 * and stores to `*file` the number by which lose() refers to the file.
 */
__attribute__((unused)) static int new_file(size_t size, unsigned *file)
{
	int fd = memfd_create("told-once", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		bail("cannot make a file in memory: %m");
	if (file_count == FILES)
		bail("too many files for this test");
	*file = file_count++;
	return fd;
}

/*
 * Waits for a child. Returns the number of the signal that ended the child, or its negated exit
 * status.
 */
__attribute__((unused)) static int ending_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("cannot fork, or wait for a child: %m");
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* Forks a child that prints nothing. SIGALRM ends the child if it runs for more than 60 seconds. */
__attribute__((unused)) static pid_t fork_silent(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
		_exit(99);
	alarm(60);
	return 0;
}

#endif
