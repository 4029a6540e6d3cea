/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * told-once.h - a kernel that reports each write-back error once, to the first msync(2) that asks
 *
 * The test defines msync(2) itself. What fails, and who waits where, lies in memory that forked
 * children share, as the kernel's own state does.
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
	atomic_int pending[FILES]; /* the error of each file that nobody has heard yet */
	atomic_uint calls;
	atomic_bool holds; /* the next msync with an error meets the test at both barriers */
	atomic_bool holds_any;
	pthread_barrier_t answered, released;
} * kernel;

/* The mappings of this process, and the file of each. */
static struct {
	uintptr_t from, to;
	unsigned file;
} views[VIEWS];
static unsigned view_count;

static unsigned file_count;

static void kernel_open(void)
{
	pthread_barrierattr_t shared;

	kernel = mmap(
		NULL, sizeof(*kernel), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kernel == MAP_FAILED)
		bail("no shared memory: %m");
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&kernel->answered, &shared, 2);
	pthread_barrier_init(&kernel->released, &shared, 2);
}

static void kernel_maps(const void *addr, size_t length, unsigned file)
{
	if (view_count == VIEWS)
		bail("too many maps for this test");
	views[view_count].from = (uintptr_t)addr;
	views[view_count].to = (uintptr_t)addr + length;
	views[view_count++].file = file;
}

/* The latest view of an address counts. */
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
	pthread_testcancel(); /* as msync(2) is a cancellation point */
	if (!error)
		return (int)syscall(SYS_msync, addr, length, flags);
	errno = error;
	return -1;
}

/* The kernel has lost some page of the file. */
__attribute__((unused)) static void lose(unsigned file, int error)
{
	atomic_store(&kernel->pending[file], error);
}

/* A file in memory, whose msync(2) costs nothing. */
__attribute__((unused)) static int new_file(size_t size, unsigned *file)
{
	int fd = memfd_create("told-once", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		bail("no file in memory: %m");
	if (file_count == FILES)
		bail("too many files for this test");
	*file = file_count++;
	return fd;
}

/* How a process ended: the number of its signal, or its exit status negated. */
__attribute__((unused)) static int ending_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("no child: %m");
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* A child, silent, that ends after some time whatever happens. */
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
