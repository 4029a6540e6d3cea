/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_write.c - calls that write to files under test, or change their size
 *
 * These calls are executed, and then recorded. If the written bytes are also mapped, the map is
 * compared before the call with its shadow (the content as recorded so far), as before a copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define HERE INT64_C(-1) /* stands for the file position of the descriptor, in place of an offset */

/*
 * The C library's functions. They are looked up early, because a signal handler of the program may
 * call them.
 */
static ssize_t (*next_write)(int, const void *, size_t);
static ssize_t (*next_pwrite)(int, const void *, size_t, off_t);
static int (*next_posix_fallocate)(int, off_t, off_t);

__attribute__((constructor(102))) static void find_next(void)
{
	next_write = (ssize_t(*)(int, const void *, size_t))next_function("write");
	next_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))next_function("pwrite");
	next_posix_fallocate = (int (*)(int, off_t, off_t))next_function("posix_fallocate");
}

/* Facts about a write, kept from before the call until after it. */
struct writing {
	int fd;
	uint64_t at;
	bool is_durable; /* the data is durable when the call returns */
	struct call call;
};

static uint64_t position(int fd, int64_t at, bool appends)
{
	struct stat stat;

	if (appends && !fstat(fd, &stat))
		return (uint64_t)stat.st_size;
	return at == HERE ? (uint64_t)syscall(SYS_lseek, fd, 0L, (long)SEEK_CUR) : (uint64_t)at;
}

/*
 * Prepares the record of a write. Returns false if the file is not under test: then the write is
 * only executed.
 */
static bool begin(
	struct writing *writing, int fd, int64_t at, size_t length, int flags, struct call call)
{
	int saved = errno;
	unsigned file = ring ? files_number(fd) : 0;

	errno = saved;
	if (!file)
		return false;
	names_begin();
	long modes = syscall(SYS_fcntl, fd, (long)F_GETFL);
	*writing = (struct writing){.fd = fd,
		.at = position(fd, at, modes & O_APPEND || flags & RWF_APPEND),
		.is_durable = modes & O_DSYNC || flags & (RWF_DSYNC | RWF_SYNC),
		.call = call};
	names_look_before(file, writing->at, length, call);
	errno = saved;
	return true;
}

/*
 * Records the write. If `data` is NULL, the written bytes are read from the file. Returns `done`.
 */
static ssize_t end(const struct writing *writing, const void *data, ssize_t done)
{
	int saved = errno;

	if (done > 0)
		names_written(writing->fd, data, (size_t)done, writing->at, writing->is_durable,
			writing->call);
	names_end();
	errno = saved;
	return done;
}

EXPORT ssize_t write(int fd, const void *data, size_t length)
{
	struct writing writing;

	if (!begin(&writing, fd, HERE, length, 0, CALLER))
		return next_write ? next_write(fd, data, length)
				  : syscall(SYS_write, fd, data, length);
	return end(&writing, data, syscall(SYS_write, fd, data, length));
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
	struct writing writing;

	if (!begin(&writing, fd, at, length, 0, CALLER))
		return next_pwrite ? next_pwrite(fd, data, length, at)
				   : syscall(SYS_pwrite64, fd, data, length, at);
	return end(&writing, data, syscall(SYS_pwrite64, fd, data, length, at));
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t length, off_t at)
	__attribute__((alias("pwrite")));

static size_t length_of(const struct iovec *pieces, int count)
{
	size_t length = 0;

	for (int i = 0; i < count; i++)
		length += pieces[i].iov_len;
	return length;
}

static bool begin_pieces(struct writing *writing, int fd, int64_t at, const struct iovec *pieces,
	int count, int flags, struct call call)
{
	return ring && files_number(fd) &&
	       begin(writing, fd, at, length_of(pieces, count), flags, call);
}

static ssize_t write_pieces(
	int fd, const struct iovec *pieces, int count, int64_t at, int flags, struct call call)
{
	struct writing writing;
	bool is_ours = begin_pieces(&writing, fd, at, pieces, count, flags, call);
	ssize_t done = syscall(SYS_pwritev2, fd, pieces, (long)count, at, 0L, (long)flags);

	return is_ours ? end(&writing, NULL, done) : done;
}

EXPORT ssize_t writev(int fd, const struct iovec *pieces, int count)
{
	struct writing writing;
	bool is_ours = begin_pieces(&writing, fd, HERE, pieces, count, 0, CALLER);
	ssize_t done = syscall(SYS_writev, fd, pieces, (long)count);

	return is_ours ? end(&writing, NULL, done) : done;
}

EXPORT ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at)
{
	struct writing writing;
	bool is_ours = begin_pieces(&writing, fd, at, pieces, count, 0, CALLER);
	ssize_t done = syscall(SYS_pwritev, fd, pieces, (long)count, at, 0L);

	return is_ours ? end(&writing, NULL, done) : done;
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off_t at)
	__attribute__((alias("pwritev")));

EXPORT ssize_t pwritev2(int fd, const struct iovec *pieces, int count, off_t at, int flags)
{
	return write_pieces(fd, pieces, count, at, flags, CALLER);
}

EXPORT ssize_t pwritev64v2(int fd, const struct iovec *pieces, int count, off_t at, int flags)
{
	return write_pieces(fd, pieces, count, at, flags, CALLER);
}

/* ---- copies from one file to another inside the kernel */

EXPORT ssize_t copy_file_range(
	int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags)
{
	struct writing writing;
	bool is_ours = begin(&writing, to, to_at ? *to_at : HERE, length, 0, CALLER);
	ssize_t done = syscall(SYS_copy_file_range, from, from_at, to, to_at, length, (long)flags);

	return is_ours ? end(&writing, NULL, done) : done;
}

EXPORT ssize_t sendfile(int to, int from, off_t *from_at, size_t length)
{
	struct writing writing;
	bool is_ours = begin(&writing, to, HERE, length, 0, CALLER);
	ssize_t done = syscall(SYS_sendfile, to, from, from_at, length);

	return is_ours ? end(&writing, NULL, done) : done;
}

EXPORT ssize_t sendfile64(int to, int from, off64_t *from_at, size_t length)
	__attribute__((alias("sendfile")));

EXPORT ssize_t splice(
	int from, off64_t *from_at, int to, off64_t *to_at, size_t length, unsigned flags)
{
	struct writing writing;
	bool is_ours = begin(&writing, to, to_at ? *to_at : HERE, length, 0, CALLER);
	ssize_t done = syscall(SYS_splice, from, from_at, to, to_at, length, (long)flags);

	return is_ours ? end(&writing, NULL, done) : done;
}

/* ---- sizes */

static void resized(int fd, const struct stat *before, struct call call)
{
	unsigned file = files_known(before);
	struct stat now;

	if (file && names_are_watched() && !fstat(fd, &now))
		names_truncate(file, "(truncated)", (uint64_t)before->st_size,
			(uint64_t)now.st_size, call);
	maps_grow(fd);
}

EXPORT int ftruncate(int fd, off_t size)
{
	struct call call = CALLER;
	struct stat before;

	if (!ring || !files_number(fd) || fstat(fd, &before))
		return (int)syscall(SYS_ftruncate, fd, size);
	names_begin();
	if (names_are_watched())
		names_look(files_known(&before), fd, call);
	int result = (int)syscall(SYS_ftruncate, fd, size), saved = errno;
	if (!result)
		resized(fd, &before, call);
	names_end();
	errno = saved;
	return result;
}

EXPORT int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));

EXPORT int truncate(const char *path, off_t size)
{
	if (!ring || !ring->file_count)
		return (int)syscall(SYS_truncate, path, size);
	int fd = (int)syscall(SYS_openat, (long)AT_FDCWD, path, (long)(O_WRONLY | O_CLOEXEC));
	int result = fd < 0 ? -1 : ftruncate(fd, size), saved = errno;
	if (fd >= 0)
		syscall(SYS_close, fd);
	errno = saved;
	return result;
}

EXPORT int truncate64(const char *path, off_t size) __attribute__((alias("truncate")));

/*
 * Records the effects of fallocate(2): the new size, and changes of data such as holes, which are
 * found by comparing the file with its shadow, the content as recorded so far.
 */
static void allocated(int fd, int mode, const struct stat *before, struct call call)
{
	resized(fd, before, call);
	if (mode & ~FALLOC_FL_KEEP_SIZE)
		names_look(files_known(before), fd, call);
}

EXPORT int fallocate(int fd, int mode, off_t at, off_t length)
{
	struct call call = CALLER;
	struct stat before;

	if (!ring || !files_number(fd) || fstat(fd, &before))
		return (int)syscall(SYS_fallocate, fd, (long)mode, at, length);
	names_begin();
	names_look_before(files_known(&before), (uint64_t)at, SIZE_MAX, call);
	int result = (int)syscall(SYS_fallocate, fd, (long)mode, at, length), saved = errno;
	if (!result)
		allocated(fd, mode, &before, call);
	names_end();
	errno = saved;
	return result;
}

EXPORT int fallocate64(int fd, int mode, off_t at, off_t length)
	__attribute__((alias("fallocate")));

EXPORT int posix_fallocate(int fd, off_t at, off_t length)
{
	struct call call = CALLER;
	struct stat before;

	if (!next_posix_fallocate)
		return EINVAL;
	if (!ring || !files_number(fd) || fstat(fd, &before))
		return next_posix_fallocate(fd, at, length);
	names_begin();
	int error = next_posix_fallocate(fd, at, length);
	if (!error)
		allocated(fd, 0, &before, call);
	names_end();
	return error;
}

EXPORT int posix_fallocate64(int fd, off_t at, off_t length)
	__attribute__((alias("posix_fallocate")));
