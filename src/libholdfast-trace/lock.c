/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lock.c - locks in the ring (the recorder's shared memory), which all processes of the run share
 *
 * A lock holds the id of the thread that has taken it. If this thread is killed, other threads do
 * not wait for ever: after a while they check if it still exists.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define PATIENCE 20000u /* number of tries between two checks that the owner still exists */

/* Has the thread ended, or is it a zombie? Returns false also if that is not known. */
static bool is_gone(uint32_t thread)
{
	char path[64], text[256];

	if (syscall(SYS_access, "/proc/self/stat", (long)R_OK))
		return false;
	snprintf(path, sizeof(path), "/proc/%u/stat", thread);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	long length = syscall(SYS_read, fd, text, sizeof(text) - 1);
	syscall(SYS_close, fd);
	if (length <= 0)
		return true;
	text[length] = '\0';
	const char *state = strrchr(text, ')');
	return state && (state[2] == 'Z' || state[2] == 'X');
}

void lock_take(uint32_t *lock)
{
	uint32_t own = (uint32_t)syscall(SYS_gettid), owner = 0;

	for (unsigned tries = 1; !__atomic_compare_exchange_n(
		     lock, &owner, own, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
		tries++) {
		/*
		 * if the owner is gone, leave its id in `owner`: the next try then takes the lock
		 * from the owner, unless another thread has done so meanwhile
		 */
		if (tries % PATIENCE || !is_gone(owner))
			owner = 0;
		syscall(SYS_sched_yield);
	}
}

void lock_leave(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}
