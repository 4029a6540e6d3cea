/* SPDX-License-Identifier: BSD-3-Clause */
/* misuse_unseen.c - programs that make data durable in ways that the recorder does not follow */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "misuse.h"

/*
 * The recorder also defines this function, so it can be called although the program is not linked
 * with librpmem.
 */
extern void *rpmem_open(const char *target, const char *pool, void *memory, size_t size,
	unsigned *lanes, void *attributes) __attribute__((weak));

int opens_remote(void)
{
	volatile char *mapped = map();
	unsigned lanes = 1;

	put(mapped, 1);
	if (rpmem_open)
		rpmem_open("host", "pool", NULL, 0, &lanes, NULL);
	put(mapped + 64, 1);
	return 0;
}

static char *map_part(int fd, size_t size, uint64_t part)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)part);

	if (mapped == MAP_FAILED)
		exit(3);
	return mapped;
}

/* Has the kernel write `from` to a file, by io_uring without a library. */
static int write_by_ring(int fd, const void *from, unsigned size, uint64_t offset)
{
	struct io_uring_params about = {0};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &about);

	if (ring < 0)
		return errno == ENOSYS || errno == EPERM ? 77 : 3;
	char *queue = map_part(
		ring, about.sq_off.array + about.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	struct io_uring_sqe *entry = (void *)map_part(ring, sizeof(*entry), IORING_OFF_SQES);
	*entry = (struct io_uring_sqe){.opcode = IORING_OP_WRITE,
		.fd = fd,
		.addr = (uintptr_t)from,
		.len = size,
		.off = offset};
	memset(queue + about.sq_off.array, 0, sizeof(unsigned));
	__atomic_store_n((unsigned *)(void *)(queue + about.sq_off.tail), 1, __ATOMIC_RELEASE);
	long done = syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
	close(ring);
	return done == 1 ? 0 : 3;
}

int rings_itself(void)
{
	volatile char *mapped = map();
	int fd = open(name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return 3;
	put(mapped, 1);
	int failed = write_by_ring(fd, "ring", 4, 1024);
	put(mapped + 64, 1);
	close(fd);
	return failed;
}
