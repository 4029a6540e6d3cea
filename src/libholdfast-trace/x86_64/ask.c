/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ask.c - ask the tool for the raw instructions of an object (program or library)
 *
 * One process asks at a time, and is registered as the owner. If it dies meanwhile, the tool still
 * answers its question, though nobody reads the answer; then the next process that waits becomes
 * the owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "libholdfast-trace/x86_64/probes.h"

#define REST_NANOSECONDS 50000
#define PATIENCE         256 /* number of waits between two checks that the owner still lives */

static void rest(void)
{
	struct timespec time = {0, REST_NANOSECONDS};

	syscall(SYS_nanosleep, &time, NULL);
}

static bool is_gone(int process)
{
	return syscall(SYS_kill, (long)process, 0L) && errno == ESRCH;
}

/*
 * Waits until the state of the question is `first` or `second`. Returns false if the tool has
 * ended.
 */
static bool wait_for_state(uint32_t first, uint32_t second)
{
	for (unsigned tries = 1;; tries++) {
		uint32_t state = __atomic_load_n(&ring->probes.state, __ATOMIC_ACQUIRE);
		if (state == first || state == second)
			return true;
		if (!(tries % PATIENCE) && is_gone(ring->reader))
			return false;
		rest();
	}
}

static bool take_turn(void)
{
	uint32_t self = (uint32_t)getpid();

	for (unsigned tries = 1;; tries++) {
		uint32_t owner = 0;
		if (__atomic_compare_exchange_n(&ring->probes.owner, &owner, self, false,
			    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
		if (!(tries % PATIENCE) && is_gone(ring->reader))
			return false;
		if (!(tries % PATIENCE) && is_gone((int)owner) &&
			__atomic_compare_exchange_n(&ring->probes.owner, &owner, self, false,
				__ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
			if (__atomic_load_n(&ring->probes.state, __ATOMIC_ACQUIRE) == PROBE_ASKED)
				return wait_for_state(PROBE_ANSWERED, PROBE_REFUSED);
			return true;
		}
		rest();
	}
}

static struct probe_list *map_answer(void)
{
	struct stat stat;
	int fd = (int)syscall(SYS_openat, trace_directory(), "sites", O_RDONLY | O_CLOEXEC);
	struct probe_list *list = MAP_FAILED;

	if (fd >= 0 && !fstat(fd, &stat) && (size_t)stat.st_size >= sizeof(*list))
		list = (struct probe_list *)syscall(
			SYS_mmap, NULL, stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0L);
	if (fd >= 0)
		syscall(SYS_close, fd);
	if (list == MAP_FAILED)
		return NULL;
	if (list->magic == PROBE_MAGIC &&
		(uint64_t)stat.st_size == sizeof(*list) + list->count * sizeof(struct probe_site))
		return list;
	syscall(SYS_munmap, list, stat.st_size);
	return NULL;
}

void ask_free(struct probe_list *list)
{
	syscall(SYS_munmap, list, sizeof(*list) + list->count * sizeof(struct probe_site));
}

struct probe_list *ask(const char *object, uintptr_t address)
{
	struct probe_board *board = &ring->probes;
	struct probe_list *list = NULL;
	enum probe_reason reason = PROBE_NOT_ANSWERED;

	if (!take_turn()) {
		probes_refuse(object, 0, reason);
		return NULL;
	}
	board->process = getpid();
	board->address = address;
	__atomic_store_n(&board->state, PROBE_ASKED, __ATOMIC_RELEASE);
	bool answered = wait_for_state(PROBE_ANSWERED, PROBE_REFUSED);
	if (answered && board->state == PROBE_ANSWERED)
		list = map_answer();
	else if (answered)
		reason = (enum probe_reason)board->reason;
	__atomic_store_n(&board->owner, 0, __ATOMIC_RELEASE);
	if (!list)
		probes_refuse(object, 0, reason);
	return list;
}
