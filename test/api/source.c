/* SPDX-License-Identifier: BSD-3-Clause */
/* source.c - sources from descriptors and from nothing */
#include <errno.h>
#include <sys/socket.h>

#include "api/fixture.h"

static void refused(int fd, int want, const char *what)
{
	struct pmem2_source *src = UNTOUCHED;

	is_int(pmem2_source_from_fd(&src, fd), want, "%s: refused", what);
	ok(!src, "%s: the source becomes NULL", what);
}

static void wrong_descriptors(void)
{
	int fds[2], closed = file_of(1, O_RDWR);

	close(closed);
	refused(-1, PMEM2_E_INVALID_FILE_HANDLE, "-1");
	refused(closed, PMEM2_E_INVALID_FILE_HANDLE, "closed");
	int writable = file_of(1, O_WRONLY);
	refused(writable, PMEM2_E_INVALID_FILE_HANDLE, "write-only");
	has_str(pmem2_errormsg(), "writing only", "and the message says so");
	close(writable);
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	refused(dir, PMEM2_E_INVALID_FILE_TYPE, "directory");
	close(dir);
	if (pipe(fds))
		bail("no pipe: %m");
	refused(fds[0], PMEM2_E_INVALID_FILE_TYPE, "pipe");
	close(fds[0]);
	close(fds[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		bail("no socket: %m");
	refused(fds[0], PMEM2_E_INVALID_FILE_TYPE, "socket");
	close(fds[0]);
	close(fds[1]);
	int null = open("/dev/null", O_RDWR);
	refused(null, PMEM2_E_INVALID_FILE_TYPE, "/dev/null");
	close(null);
}

static void file_sources(void)
{
	struct pmem2_source *src;
	size_t value = 0;
	int fd = file_of(12345, O_RDWR), got = -1;

	is_int(pmem2_source_from_fd(&src, fd), 0, "a regular file");
	is_int(pmem2_source_get_fd(src, &got), 0, "its descriptor");
	is_int(got, fd, "is the one that was given");
	is_int(pmem2_source_size(src, &value), 0, "its size");
	is_int(value, 12345, "in bytes");
	is_int(ftruncate(fd, 54321), 0, "after it has grown");
	is_int(pmem2_source_size(src, &value), 0, "the size");
	is_int(value, 54321, "is the new one");
	is_int(pmem2_source_alignment(src, &value), 0, "its alignment");
	is_int(value, page_size(), "is a page");
	close(fd);
	value = 1;
	is_int(pmem2_source_size(src, &value), PMEM2_E_INVALID_FILE_HANDLE, "once closed: no size");
	is_int(value, 1, "the output is left alone");
	is_int(pmem2_source_delete(&src), 0, "deleting it");
	ok(!src, "leaves NULL");
	is_int(pmem2_source_delete(&src), 0, "deleting nothing is fine");

	fd = file_of(1, O_RDONLY);
	is_int(pmem2_source_from_fd(&src, fd), 0, "a read-only file");
	pmem2_source_delete(&src);
	close(fd);
	fd = open("/proc/self/exe", O_PATH);
	is_int(pmem2_source_from_fd(&src, fd), 0, "an O_PATH descriptor");
	pmem2_source_delete(&src);
	close(fd);
}

static void anonymous_sources(void)
{
	struct pmem2_source *src;
	size_t value = 1;
	int fd = 77;

	is_int(pmem2_source_from_anon(&src, 0), 0, "no anonymous bytes");
	is_int(pmem2_source_size(src, &value), 0, "their size");
	is_int(value, 0, "is 0");
	pmem2_source_delete(&src);
	is_int(pmem2_source_from_anon(&src, 12345), 0, "some anonymous bytes");
	is_int(pmem2_source_size(src, &value), 0, "their size");
	is_int(value, 12345, "is what was asked for");
	is_int(pmem2_source_alignment(src, &value), 0, "their alignment");
	is_int(value, page_size(), "is a page");
	is_int(pmem2_source_get_fd(src, &fd), PMEM2_E_FILE_DESCRIPTOR_NOT_SET, "no descriptor");
	is_int(fd, 77, "the output is left alone");
	pmem2_source_delete(&src);
}

static void nulls(void)
{
	struct pmem2_source *src;
	size_t value;
	int fd;

	pmem2_source_from_anon(&src, 1);
	is_int(pmem2_source_from_fd(NULL, 0), -EINVAL, "from_fd(NULL)");
	has_str(pmem2_errormsg(), "pmem2_source_from_fd: src is NULL", "named in the message");
	is_int(pmem2_source_from_anon(NULL, 1), -EINVAL, "from_anon(NULL)");
	is_int(pmem2_source_delete(NULL), -EINVAL, "delete(NULL)");
	is_int(pmem2_source_size(NULL, &value), -EINVAL, "size(NULL, ...)");
	is_int(pmem2_source_size(src, NULL), -EINVAL, "size(..., NULL)");
	is_int(pmem2_source_alignment(NULL, &value), -EINVAL, "alignment(NULL, ...)");
	is_int(pmem2_source_alignment(src, NULL), -EINVAL, "alignment(..., NULL)");
	is_int(pmem2_source_get_fd(NULL, &fd), -EINVAL, "get_fd(NULL, ...)");
	is_int(pmem2_source_get_fd(src, NULL), -EINVAL, "get_fd(..., NULL)");
	pmem2_source_delete(&src);
}

int main(void)
{
	is_str(pmem2_errormsg(), "", "no message before the first failure");
	wrong_descriptors();
	file_sources();
	anonymous_sources();
	nulls();
	return tap_done();
}
