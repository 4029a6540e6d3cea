/* SPDX-License-Identifier: BSD-3-Clause */
/* begin.c - attach to the ring when the program starts, and stay attached across fork(2) */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

struct ring *ring;
int trace_directory = -1;
TLS unsigned own_number;

static void *(*next_memmove)(void *, const void *, size_t);
static void *(*next_memset)(void *, int, size_t);

unsigned thread_number(void)
{
	if (unlikely(!own_number)) {
		own_number = __atomic_add_fetch(&ring->threads, 1, __ATOMIC_RELAXED);
		if (own_number > UINT16_MAX)
			own_number = UINT16_MAX;
	}
	return own_number;
}

void *next_function(const char *name)
{
	static const char *const libraries[] = {"libpmem.so.1", "libpmem2.so.1"};
	void *found = dlsym(RTLD_NEXT, name);

	/* Loaded by the program itself, and not for everybody. */
	for (size_t i = 0; !found && i < 2; i++) {
		void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
		if (library)
			found = dlsym(library, name);
	}
	return found;
}

void *real_memmove(void *to, const void *from, size_t length)
{
	if (likely(next_memmove != NULL))
		return next_memmove(to, from, length);
	volatile unsigned char *d = to;
	const unsigned char *s = from;
	if ((uintptr_t)to <= (uintptr_t)from)
		for (size_t i = 0; i < length; i++)
			d[i] = s[i];
	else
		while (length--)
			d[length] = s[length];
	return to;
}

void *real_memset(void *to, int byte, size_t length)
{
	if (likely(next_memset != NULL))
		return next_memset(to, byte, length);
	volatile unsigned char *d = to;
	while (length--)
		*d++ = (unsigned char)byte;
	return to;
}

static void in_child(void)
{
	own_number = 0;
	maps_after_fork();
	stack_after_fork();
}

/* Kept out of the way of programs that count on the lowest free descriptor. */
static int out_of_the_way(int fd)
{
	int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 700);

	if (high < 0)
		return fd;
	syscall(SYS_close, fd);
	return high;
}

static struct ring *attach(int directory)
{
	int fd = (int)syscall(SYS_openat, directory, "ring", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct ring *found = (struct ring *)syscall(
		SYS_mmap, NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L);
	syscall(SYS_close, fd);
	return found == MAP_FAILED || found->magic != RING_MAGIC ? NULL : found;
}

__attribute__((constructor(101))) static void begin(void)
{
	next_memmove = dlsym(RTLD_NEXT, "memmove");
	next_memset = dlsym(RTLD_NEXT, "memset");
	const char *path = secure_getenv("HOLDFAST_CRASH_TRACE");
	if (!path || !*path)
		return;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	trace_directory = out_of_the_way(fd);
	ring = attach(trace_directory);
	if (!ring)
		return;
	__atomic_fetch_add(&ring->attached, 1, __ATOMIC_RELAXED);
	pthread_atfork(NULL, NULL, in_child);
}
