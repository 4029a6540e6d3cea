/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_open.c - calls that open files of a watched directory, and so may create or truncate them
 *
 * These calls are executed, and then recorded. If no directory is watched, they are only executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

/*
 * The C library's functions. They are looked up early, because a signal handler of the program may
 * call them.
 */
static int (*next_openat)(int, const char *, int, ...);
static FILE *(*next_fopen)(const char *, const char *);
static int (*next_fclose)(FILE *);
static FILE *(*next_freopen)(const char *, const char *, FILE *);
static int (*next_mkostemps)(char *, int, int);

__attribute__((constructor(102))) static void find_next(void)
{
	next_openat = (int (*)(int, const char *, int, ...))next_function("openat");
	next_fopen = (FILE * (*)(const char *, const char *)) next_function("fopen");
	next_fclose = (int (*)(FILE *))next_function("fclose");
	next_freopen = (FILE * (*)(const char *, const char *, FILE *)) next_function("freopen");
	next_mkostemps = (int (*)(char *, int, int))next_function("mkostemps");
}

/*
 * The state of a name before a call that may create or truncate its file, to be compared with the
 * state afterwards.
 */
struct opening {
	unsigned name;
	struct named was;
};

static void before_opening(struct opening *opening, int directory, const char *path)
{
	*opening = (struct opening){0};
	names_begin();
	opening->name = names_find(directory, path);
	if (opening->name)
		opening->was = names_what(directory, path, AT_SYMLINK_NOFOLLOW);
}

static void after_opening(const struct opening *opening, int fd, bool truncates, struct call call)
{
	int saved = errno;

	if (fd >= 0 && opening->name && !opening->was.is_there)
		names_forget(files_number(fd)); /* a new file may have a removed file's inode */
	unsigned file = fd >= 0 && opening->name ? files_register(fd) : 0;
	if (file && !opening->was.file)
		names_set(opening->name, file, 0, 0, file, call);
	else if (file && truncates)
		names_truncate(file, ring->names[opening->name - 1], opening->was.size, 0, call);
	names_end();
	errno = saved;
}

/*
 * Opens a file without a name (O_TMPFILE) in a watched directory. Later, linkat(2) may give it a
 * name.
 */
static int open_nameless(int directory, const char *path, int flags, mode_t mode)
{
	struct stat stat;

	names_begin();
	int fd = (int)syscall(SYS_openat, (long)directory, path, (long)flags, (long)mode);
	int saved = errno;
	if (fd >= 0 && !fstatat(directory, path, &stat, 0) && names_directory(&stat)) {
		names_forget(files_number(fd));
		files_register(fd);
	}
	names_end();
	errno = saved;
	return fd;
}

static int open_at(int directory, const char *path, int flags, mode_t mode, struct call call)
{
	struct opening opening;

	if (names_are_watched() && (flags & O_TMPFILE) == O_TMPFILE)
		return open_nameless(directory, path, flags, mode);
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

/* The same functions under the names that they have in programs built with -D_FORTIFY_SOURCE. */
EXPORT int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0, CALLER);
}

EXPORT int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));

EXPORT int __openat_2(int directory, const char *path, int flags)
{
	return open_at(directory, path, flags, 0, CALLER);
}

EXPORT int __openat64_2(int directory, const char *path, int flags)
	__attribute__((alias("__openat_2")));

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

/*
 * If the file is in a watched directory, makes stdio write the rest of its buffer, and records the
 * bytes that stdio has written to the file. Otherwise a later comparison would find these bytes,
 * and the trace would name the call that made the comparison as their origin.
 */
EXPORT int fclose(FILE *stream)
{
	struct call call = CALLER;
	int fd = names_are_watched() && stream ? fileno(stream) : -1;
	struct stat stat;

	if (!next_fclose)
		find_next();
	bool may_write = fd >= 0 && (syscall(SYS_fcntl, fd, (long)F_GETFL) & O_ACCMODE) != O_RDONLY;
	unsigned file =
		may_write && !fstat(fd, &stat) && S_ISREG(stat.st_mode) ? files_known(&stat) : 0;
	if (file && !fflush(stream)) {
		names_begin();
		names_look(file, fd, call);
		names_end();
	}
	return next_fclose(stream);
}

EXPORT FILE *freopen(const char *path, const char *how, FILE *stream)
{
	struct call call = CALLER;
	struct opening opening;

	if (!next_freopen)
		find_next();
	if (!names_are_watched() || !path || how[0] == 'r')
		return next_freopen(path, how, stream);
	fflush(stream);
	before_opening(&opening, AT_FDCWD, path);
	FILE *file = next_freopen(path, how, stream);
	after_opening(&opening, file ? fileno(file) : -1, how[0] == 'w', call);
	return file;
}

EXPORT FILE *freopen64(const char *path, const char *how, FILE *stream)
	__attribute__((alias("freopen")));

/* ---- calls that make up a name for a new file */

static int make_file(char *path, int suffix, int flags, struct call call)
{
	struct opening opening = {0};

	if (!next_mkostemps)
		find_next();
	if (!names_are_watched())
		return next_mkostemps(path, suffix, flags);
	names_begin();
	int fd = next_mkostemps(path, suffix, flags), saved = errno;
	if (fd >= 0)
		opening.name = names_find(AT_FDCWD, path);
	errno = saved;
	after_opening(&opening, fd, false, call);
	return fd;
}

EXPORT int mkstemp(char *path)
{
	return make_file(path, 0, 0, CALLER);
}

EXPORT int mkstemp64(char *path) __attribute__((alias("mkstemp")));

EXPORT int mkostemp(char *path, int flags)
{
	return make_file(path, 0, flags, CALLER);
}

EXPORT int mkostemp64(char *path, int flags) __attribute__((alias("mkostemp")));

EXPORT int mkstemps(char *path, int suffix)
{
	return make_file(path, suffix, 0, CALLER);
}

EXPORT int mkstemps64(char *path, int suffix) __attribute__((alias("mkstemps")));

EXPORT int mkostemps(char *path, int suffix, int flags)
{
	return make_file(path, suffix, flags, CALLER);
}

EXPORT int mkostemps64(char *path, int suffix, int flags) __attribute__((alias("mkostemps")));
