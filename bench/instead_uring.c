/* SPDX-License-Identifier: BSD-3-Clause */
/* instead_uring.c - a write and an fsync of data that io_uring links: one system call for both */
#include "instead.h"

#ifdef HAVE_LIBURING
#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <string.h>

#define APART ((size_t)64 << 10)

static struct io_uring ring;
static int fd;

const char *uring_open(void)
{
	int code = io_uring_queue_init(8, &ring, 0);

	if (code == -ENOSYS || code == -EPERM)
		return "this kernel does not let programs use io_uring";
	if (code)
		errx(1, "io_uring: %s", strerror(-code));
	fd = instead_file("uring");
	return NULL;
}

void uring_commit(size_t slot, const void *bytes, size_t len)
{
	struct io_uring_sqe *write = io_uring_get_sqe(&ring), *sync = io_uring_get_sqe(&ring);

	io_uring_prep_write(write, fd, bytes, (unsigned)len, slot * APART);
	write->flags |= IOSQE_IO_LINK;
	io_uring_prep_fsync(sync, fd, IORING_FSYNC_DATASYNC);
	if (io_uring_submit_and_wait(&ring, 2) < 0)
		errx(1, "io_uring: not submitted");
	for (int i = 0; i < 2; i++) {
		struct io_uring_cqe *done;
		if (io_uring_wait_cqe(&ring, &done) || done->res < 0)
			errx(1, "io_uring: write or fsync failed");
		io_uring_cqe_seen(&ring, done);
	}
}
#else
const char *uring_open(void)
{
	return "liburing-dev was absent when this was built";
}

void uring_commit(size_t slot, const void *bytes, size_t len)
{
	(void)slot;
	(void)bytes;
	(void)len;
}
#endif
