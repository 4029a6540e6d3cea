/* SPDX-License-Identifier: BSD-3-Clause */
/* source.c - tests sources from descriptors and anonymous sources: pmem2_source_*() */
#include <errno.h>
#include <sys/socket.h>

#include "api/fixture.h"

static void refused(int fd, int want, const char *what)
{
	struct pmem2_source *src = UNTOUCHED;

	is_int(pmem2_source_from_fd(&src, fd), want, "pmem2_source_from_fd: %s is refused", what);
	ok(!src, "pmem2_source_from_fd: the source is NULL after %s was refused", what);
}

static void wrong_descriptors(void)
{
	int fds[2], closed = file_of(1, O_RDWR);

	close(closed);
	refused(-1, PMEM2_E_INVALID_FILE_HANDLE, "descriptor -1");
	refused(closed, PMEM2_E_INVALID_FILE_HANDLE, "a closed descriptor");
	int writable = file_of(1, O_WRONLY);
	refused(writable, PMEM2_E_INVALID_FILE_HANDLE, "a write-only descriptor");
	has_str(pmem2_errormsg(), "writing only",
		"pmem2_source_from_fd: the message says that a descriptor is open for writing only");
	close(writable);
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY);
	refused(dir, PMEM2_E_INVALID_FILE_TYPE, "a directory");
	close(dir);
	if (pipe(fds))
		bail("cannot make a pipe: %m");
	refused(fds[0], PMEM2_E_INVALID_FILE_TYPE, "a pipe");
	close(fds[0]);
	close(fds[1]);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		bail("cannot make a socket: %m");
	refused(fds[0], PMEM2_E_INVALID_FILE_TYPE, "a socket");
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

	is_int(pmem2_source_from_fd(&src, fd), 0,
		"pmem2_source_from_fd: a regular file is accepted");
	is_int(pmem2_source_get_fd(src, &got), 0,
		"pmem2_source_get_fd: a source from a descriptor succeeds");
	is_int(got, fd,
		"pmem2_source_get_fd: it returns the descriptor from which the source was made");
	is_int(pmem2_source_size(src, &value), 0,
		"pmem2_source_size: a source from a file succeeds");
	is_int(value, 12345, "pmem2_source_size: it returns the size of the file in bytes");
	is_int(ftruncate(fd, 54321), 0, "ftruncate: the test makes the file longer");
	is_int(pmem2_source_size(src, &value), 0,
		"pmem2_source_size: a source from a file that has grown succeeds");
	is_int(value, 54321, "pmem2_source_size: it returns the new size of a file that has grown");
	is_int(pmem2_source_alignment(src, &value), 0,
		"pmem2_source_alignment: it succeeds for a source from a file");
	is_int(value, page_size(),
		"pmem2_source_alignment: the alignment of a file is the page size");
	close(fd);
	value = 1;
	is_int(pmem2_source_size(src, &value), PMEM2_E_INVALID_FILE_HANDLE,
		"pmem2_source_size: a closed descriptor is refused");
	is_int(value, 1, "pmem2_source_size: after a failure the output is unchanged");
	is_int(pmem2_source_delete(&src), 0,
		"pmem2_source_delete: it succeeds for a source from a file");
	ok(!src, "pmem2_source_delete: the pointer becomes NULL");
	is_int(pmem2_source_delete(&src), 0, "pmem2_source_delete: a pointer to NULL is accepted");

	fd = file_of(1, O_RDONLY);
	is_int(pmem2_source_from_fd(&src, fd), 0,
		"pmem2_source_from_fd: a read-only file is accepted");
	pmem2_source_delete(&src);
	close(fd);
	fd = open("/proc/self/exe", O_PATH);
	is_int(pmem2_source_from_fd(&src, fd), 0,
		"pmem2_source_from_fd: an O_PATH descriptor is accepted");
	pmem2_source_delete(&src);
	close(fd);
}

static void anonymous_sources(void)
{
	struct pmem2_source *src;
	size_t value = 1;
	int fd = 77;

	is_int(pmem2_source_from_anon(&src, 0), 0,
		"pmem2_source_from_anon: a size of 0 is accepted");
	is_int(pmem2_source_size(src, &value), 0,
		"pmem2_source_size: it succeeds for an empty anonymous source");
	is_int(value, 0, "pmem2_source_size: the size of an empty anonymous source is 0");
	pmem2_source_delete(&src);
	is_int(pmem2_source_from_anon(&src, 12345), 0,
		"pmem2_source_from_anon: a size of 12345 is accepted");
	is_int(pmem2_source_size(src, &value), 0,
		"pmem2_source_size: it succeeds for an anonymous source");
	is_int(value, 12345,
		"pmem2_source_size: the size of an anonymous source is the requested one");
	is_int(pmem2_source_alignment(src, &value), 0,
		"pmem2_source_alignment: it succeeds for an anonymous source");
	is_int(value, page_size(),
		"pmem2_source_alignment: the alignment of an anonymous source is the page size");
	is_int(pmem2_source_get_fd(src, &fd), PMEM2_E_FILE_DESCRIPTOR_NOT_SET,
		"pmem2_source_get_fd: it fails for an anonymous source");
	is_int(fd, 77, "pmem2_source_get_fd: the output is unchanged on failure");
	pmem2_source_delete(&src);
}

static void nulls(void)
{
	struct pmem2_source *src;
	size_t value;
	int fd;

	pmem2_source_from_anon(&src, 1);
	is_int(pmem2_source_from_fd(NULL, 0), -EINVAL, "pmem2_source_from_fd: NULL is refused");
	has_str(pmem2_errormsg(), "pmem2_source_from_fd: src is NULL",
		"pmem2_source_from_fd: the message names the call and the argument");
	is_int(pmem2_source_from_anon(NULL, 1), -EINVAL, "pmem2_source_from_anon: NULL is refused");
	is_int(pmem2_source_delete(NULL), -EINVAL, "pmem2_source_delete: NULL is refused");
	is_int(pmem2_source_size(NULL, &value), -EINVAL,
		"pmem2_source_size: NULL for the source is refused");
	is_int(pmem2_source_size(src, NULL), -EINVAL,
		"pmem2_source_size: NULL for the output is refused");
	is_int(pmem2_source_alignment(NULL, &value), -EINVAL,
		"pmem2_source_alignment: NULL for the source is refused");
	is_int(pmem2_source_alignment(src, NULL), -EINVAL,
		"pmem2_source_alignment: NULL for the output is refused");
	is_int(pmem2_source_get_fd(NULL, &fd), -EINVAL,
		"pmem2_source_get_fd: NULL for the source is refused");
	is_int(pmem2_source_get_fd(src, NULL), -EINVAL,
		"pmem2_source_get_fd: NULL for the output is refused");
	pmem2_source_delete(&src);
}

int main(void)
{
	is_str(pmem2_errormsg(), "", "pmem2_errormsg: it is empty before the first failure");
	wrong_descriptors();
	file_sources();
	anonymous_sources();
	nulls();
	return tap_done();
}
