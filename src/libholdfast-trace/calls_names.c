/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_names.c - calls that create, rename, truncate and write files of a watched directory
 *
 * They are executed, and then recorded. If no directory is watched they only call the C library.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

/*
 * The C library's functions. A handler of a signal may call these, so they are looked up at the
 * beginning.
 */
static int (*next_openat)(int, const char *, int, ...);
static FILE *(*next_fopen)(const char *, const char *);
static ssize_t (*next_write)(int, const void *, size_t);
static ssize_t (*next_pwrite)(int, const void *, size_t, off_t);

__attribute__((constructor(102))) static void find_next(void)
{
	next_openat = (int (*)(int, const char *, int, ...))next_function("openat");
	next_fopen = (FILE * (*)(const char *, const char *)) next_function("fopen");
	next_write = (ssize_t(*)(int, const void *, size_t))next_function("write");
	next_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))next_function("pwrite");
}

/* ---- opening */

/* The state before a call that may create or truncate a file, for comparison afterwards. */
struct opening {
	unsigned name, file; /* name's number, and the file it led to before */
	uint64_t size;
};

static void before_opening(struct opening *opening, int directory, const char *path)
{
	*opening = (struct opening){0};
	names_begin();
	opening->name = names_find(directory, path);
	if (opening->name)
		opening->file = names_file(directory, path, &opening->size);
}

static void after_opening(const struct opening *opening, int fd, bool truncates, struct call call)
{
	int saved = errno;
	unsigned file = fd >= 0 && opening->name ? maps_register(fd) : 0;

	if (file && !opening->file)
		names_set(opening->name, 0, file, call);
	else if (file && truncates)
		names_truncate(file, ring->names[opening->name - 1], opening->size, 0, call);
	names_end();
	errno = saved;
}

static int open_at(int directory, const char *path, int flags, mode_t mode, struct call call)
{
	struct opening opening;

	if (!names_are_watched() || !(flags & (O_CREAT | O_TRUNC)))
		return next_openat ? next_openat(directory, path, flags, mode)
				   : (int)syscall(SYS_openat, directory, path, flags, mode);
	before_opening(&opening, directory, path);
	int fd = (int)syscall(SYS_openat, directory, path, flags, mode);
	after_opening(&opening, fd, flags & O_TRUNC, call);
	return fd;
}

#define MODE(flags, last)                                                                          \
	mode_t mode = 0;                                                                           \
	if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                   \
		va_list ap;                                                                        \
		va_start(ap, last);                                                                \
		mode = va_arg(ap, mode_t);                                                         \
		va_end(ap);                                                                        \
	}

EXPORT int open(const char *path, int flags, ...)
{
	MODE(flags, flags)
	return open_at(AT_FDCWD, path, flags, mode, CALLER);
}

EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));

EXPORT int openat(int directory, const char *path, int flags, ...)
{
	MODE(flags, flags)
	return open_at(directory, path, flags, mode, CALLER);
}

EXPORT int openat64(int directory, const char *path, int flags, ...)
	__attribute__((alias("openat")));

EXPORT int creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode, CALLER);
}

EXPORT int creat64(const char *path, mode_t mode) __attribute__((alias("creat")));

EXPORT FILE *fopen(const char *path, const char *how)
{
	struct call call = CALLER;
	struct opening opening;
	if (!next_fopen)
		find_next();

	if (!names_are_watched() || how[0] == 'r')
		return next_fopen(path, how);
	before_opening(&opening, AT_FDCWD, path);
	FILE *file = next_fopen(path, how);
	after_opening(&opening, file ? fileno(file) : -1, how[0] == 'w', call);
	return file;
}

EXPORT FILE *fopen64(const char *path, const char *how) __attribute__((alias("fopen")));

/* ---- names */

/* Records what stdio has written to the file so far. It writes the rest later. */
static void look_by_name(int directory, const char *path, unsigned file, struct call call)
{
	int fd = (int)syscall(SYS_openat, directory, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	names_look(file, fd, call);
	syscall(SYS_close, fd);
}

static int rename_at(int from_directory, const char *from, int to_directory, const char *to,
	unsigned flags, struct call call)
{
	uint64_t size;

	if (!names_are_watched())
		return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
	names_begin();
	unsigned old = names_find(from_directory, from), new = names_find(to_directory, to);
	unsigned file = old ? names_file(from_directory, from, &size) : 0;
	unsigned there = new ? names_file(to_directory, to, &size) : 0;
	if (file)
		look_by_name(from_directory, from, file, call);
	int result = (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
	int saved = errno;
	if (!result && file && new &&file != there)
		names_set(new, old, file, call);
	else if (!result && file && !new)
		names_set(old, 0, 0, call);
	if (!result && ((new && !file) || flags))
		__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
	names_end();
	errno = saved;
	return result;
}

EXPORT int rename(const char *from, const char *to)
{
	return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0, CALLER);
}

EXPORT int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
	return rename_at(from_directory, from, to_directory, to, 0, CALLER);
}

EXPORT int renameat2(
	int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
	return rename_at(from_directory, from, to_directory, to, flags, CALLER);
}

static int unlink_at(int directory, const char *path, int flags, struct call call)
{
	uint64_t size;

	if (!names_are_watched() || flags)
		return (int)syscall(SYS_unlinkat, directory, path, flags);
	names_begin();
	unsigned name = names_find(directory, path);
	unsigned file = name ? names_file(directory, path, &size) : 0;
	int result = (int)syscall(SYS_unlinkat, directory, path, flags), saved = errno;
	if (!result && file)
		names_set(name, 0, 0, call);
	names_end();
	errno = saved;
	return result;
}

EXPORT int unlink(const char *path)
{
	return unlink_at(AT_FDCWD, path, 0, CALLER);
}

EXPORT int unlinkat(int directory, const char *path, int flags)
{
	return unlink_at(directory, path, flags, CALLER);
}

static int link_at(int from_directory, const char *from, int to_directory, const char *to,
	int flags, struct call call)
{
	uint64_t size;

	if (!names_are_watched())
		return (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
	names_begin();
	unsigned name = names_find(to_directory, to);
	unsigned file = name ? names_file(from_directory, from, &size) : 0;
	int result = (int)syscall(SYS_linkat, from_directory, from, to_directory, to, flags);
	int saved = errno;
	if (!result && file)
		names_set(name, 0, file, call);
	names_end();
	errno = saved;
	return result;
}

EXPORT int link(const char *from, const char *to)
{
	return link_at(AT_FDCWD, from, AT_FDCWD, to, 0, CALLER);
}

EXPORT int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
	return link_at(from_directory, from, to_directory, to, flags, CALLER);
}

/* ---- sizes */

EXPORT int ftruncate(int fd, off_t size)
{
	struct call call = CALLER;
	struct stat stat;

	if (!names_are_watched() || fstat(fd, &stat))
		return (int)syscall(SYS_ftruncate, fd, size);
	names_begin();
	unsigned file = maps_known(&stat);
	if (file)
		names_look(file, fd, call);
	int result = (int)syscall(SYS_ftruncate, fd, size), saved = errno;
	if (!result && file)
		names_truncate(file, "(truncated)", (uint64_t)stat.st_size, (uint64_t)size, call);
	names_end();
	errno = saved;
	return result;
}

EXPORT int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));

EXPORT int truncate(const char *path, off_t size)
{
	if (!names_are_watched())
		return (int)syscall(SYS_truncate, path, size);
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : ftruncate(fd, size), saved = errno;
	if (fd >= 0)
		syscall(SYS_close, fd);
	errno = saved;
	return result;
}

EXPORT int truncate64(const char *path, off_t size) __attribute__((alias("truncate")));

/* ---- data */

EXPORT ssize_t write(int fd, const void *data, size_t length)
{
	struct call call = CALLER;

	if (!names_are_watched() || !maps_file(fd))
		return next_write ? next_write(fd, data, length)
				  : syscall(SYS_write, fd, data, length);
	names_begin();
	ssize_t done = syscall(SYS_write, fd, data, length);
	int saved = errno;
	if (done > 0)
		names_written(fd, data, (size_t)done,
			(uint64_t)(syscall(SYS_lseek, fd, 0L, SEEK_CUR) - done), call);
	names_end();
	errno = saved;
	return done;
}

EXPORT ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
	struct call call = CALLER;

	if (!names_are_watched() || !maps_file(fd))
		return next_pwrite ? next_pwrite(fd, data, length, at)
				   : syscall(SYS_pwrite64, fd, data, length, at);
	names_begin();
	ssize_t done = syscall(SYS_pwrite64, fd, data, length, at);
	int saved = errno;
	if (done > 0)
		names_written(fd, data, (size_t)done, (uint64_t)at, call);
	names_end();
	errno = saved;
	return done;
}

EXPORT ssize_t pwrite64(int fd, const void *data, size_t length, off_t at)
	__attribute__((alias("pwrite")));
