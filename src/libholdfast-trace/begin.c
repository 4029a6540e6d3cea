/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * begin.c - attach the program to the ring (the recorder's shared memory) when it starts, and keep
 * it attached across fork(2)
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

struct ring *ring;
TLS unsigned own_number;

static int directory = -1;
static struct stat directory_stat;
static const char *directory_path; /* copied, because the program may change its environment */

static void *(*next_memmove)(void *, const void *, size_t);
static void *(*next_memset)(void *, int, size_t);

/*
 * Stores the kernel's id of the calling thread in the ring, at the number that the recorder has
 * given the thread. Stores 0 if the program is in another namespace of process ids than the tool.
 */
static void sign_claim(unsigned number)
{
	struct stat found;
	uint32_t thread = (uint32_t)syscall(SYS_gettid);

	if (syscall(SYS_newfstatat, AT_FDCWD, "/proc/self/ns/pid", &found, 0) ||
		found.st_ino != ring->namespace)
		thread = 0;
	__atomic_store_n(&ring_claim_of(ring, number)->thread, thread, __ATOMIC_RELAXED);
}

unsigned thread_number(void)
{
	if (unlikely(!own_number)) {
		own_number = __atomic_add_fetch(&ring->threads, 1, __ATOMIC_RELAXED);
		if (own_number > UINT16_MAX)
			own_number = UINT16_MAX;
		sign_claim(own_number);
	}
	return own_number;
}

void *next_function(const char *name)
{
	static const char *const libraries[] = {"libpmem.so.1", "libpmem2.so.1"};
	void *found = dlsym(RTLD_NEXT, name);

	/*
	 * RTLD_NEXT does not find functions of a library that the program has loaded with
	 * dlopen(3): look in these libraries.
	 */
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
	mirrors_after_fork();
	probes_after_fork();
}

/*
 * Moves the descriptor to a high number, because programs may rely on getting the lowest free one.
 */
static int out_of_the_way(int fd)
{
	int high = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 700);

	if (high < 0)
		return fd;
	syscall(SYS_close, fd);
	return high;
}

static bool is_directory(int fd)
{
	struct stat stat;

	return fd >= 0 && !fstat(fd, &stat) && stat.st_dev == directory_stat.st_dev &&
	       stat.st_ino == directory_stat.st_ino;
}

static int open_directory(void)
{
	int fd = (int)syscall(
		SYS_openat, AT_FDCWD, directory_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -1 : out_of_the_way(fd);
}

int trace_directory(void)
{
	if (is_directory(directory))
		return directory;
	/*
	 * Do not close the old descriptor: the program may have closed it, and opened another file
	 * that got the same number.
	 */
	directory = open_directory();
	return is_directory(directory) ? directory : -1;
}

static struct ring *attach(void)
{
	int fd = (int)syscall(SYS_openat, directory, "ring", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	struct ring *found = (struct ring *)syscall(SYS_mmap, NULL, sizeof(struct ring),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0L);
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
	directory_path = strdup(path);
	directory = directory_path ? open_directory() : -1;
	if (directory < 0 || fstat(directory, &directory_stat))
		return;
	ring = attach();
	if (!ring)
		return;
	output_begin();
	__atomic_fetch_add(&ring->attached, 1, __ATOMIC_RELAXED);
	pthread_atfork(NULL, NULL, in_child);
	probes_begin();
}
