/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * misuse_ring.c - a program with a process that is killed while it records a store
 *
 * The program itself writes to the recorder's ring, as the recorder does: a signal would hardly
 * ever come at the right moment.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misuse.h"
#include "trace/ring.h"

#define SLOTS 3 /* number of slots in the ring for a record that is never finished */

/*
 * Maps the recorder's ring by system calls: the recorder would treat a file that is mapped by
 * mmap(3) as a file under test.
 */
static struct ring *open_ring(void)
{
	const char *directory = getenv("HOLDFAST_CRASH_TRACE");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/ring", directory ? directory : ".");
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	long ring = syscall(
		SYS_mmap, NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	if (fd < 0 || ring < 0)
		exit(3);
	return (struct ring *)ring;
}

static _Noreturn void begin_record(void)
{
	struct ring *ring = open_ring();
	unsigned number = __atomic_add_fetch(&ring->threads, 1, __ATOMIC_RELAXED);
	struct ring_claim *claim = ring_claim_of(ring, number);

	claim->thread = (uint32_t)syscall(SYS_gettid);
	ring_take(ring, claim, SLOTS);
	raise(SIGKILL);
	_exit(3);
}

/*
 * Kills one process in the middle of a record. The other process continues, and fills the ring more
 * than once.
 */
int dies_in_record(void)
{
	volatile char *mapped = map();
	int status;

	put(mapped, 1);
	pid_t child = fork();
	if (!child)
		begin_record();
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		return 3;
	for (unsigned i = 0; i < RING_SLOTS / 3; i++)
		put(mapped, (char)(i % 2));
	put(mapped + 64, 1);
	return 0;
}
