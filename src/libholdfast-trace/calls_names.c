/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_names.c - calls that give names to files and directories in a watched directory, or take
 * names away
 *
 * These calls are executed, and then recorded. If no directory is watched, they are only executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

/* A name in a watched directory, and the file that it leads to before a call. */
struct entry {
	unsigned name; /* 0: the name is not in a watched directory */
	struct named was;
};

static struct entry entry_of(int directory, const char *path)
{
	struct entry entry = {.name = names_find(directory, path)};

	entry.was = names_what(directory, path, AT_SYMLINK_NOFOLLOW);
	return entry;
}

/* ---- renaming */

/*
 * Records what stdio has written to the file so far; stdio may have the rest still in its buffer.
 */
static void look_by_name(int directory, const char *path, unsigned file, struct call call)
{
	int fd = (int)syscall(SYS_openat, (long)directory, path, (long)(O_RDONLY | O_CLOEXEC));

	if (fd < 0)
		return;
	names_look(file, fd, call);
	syscall(SYS_close, fd);
}

/*
 * Handles a file or directory that was moved into a watched directory. Its content is assumed to
 * be durable.
 */
static void moved_in(const struct entry *new, int directory, const char *path, struct call call)
{
	int fd = (int)syscall(SYS_openat, (long)directory, path,
		(long)(O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
	struct named now = names_what(directory, path, AT_SYMLINK_NOFOLLOW);
	unsigned file = fd >= 0 && now.is_file ? files_register(fd) : 0;

	tell_missed(MISSED_MOVE, path);
	if (file)
		names_set(new->name, file, 0, 0, file, call);
	if (fd >= 0)
		syscall(SYS_close, fd);
}

static void exchanged(const struct entry *old, const struct entry *new, struct call call)
{
	if (old->name && new->name && old->was.file &&new->was.file)
		names_set(new->name, old->was.file, old->name, new->was.file, old->was.file, call);
	else if (old->name || new->name)
		tell_missed(
			MISSED_MOVE, "a file exchanged with one outside of the watched directory");
}

static void renamed(const struct entry *old, const struct entry *new, int directory,
	const char *path, struct call call)
{
	unsigned file = old->was.file;

	if (new->name && !(old->name && file))
		moved_in(new, directory, path, call);
	else if (new->name && file != new->was.file)
		names_set(new->name, file, old->name, 0, file, call);
	else if (!new->name && old->name &&file)
		names_set(old->name, 0, 0, 0, file, call);
}

static int rename_at(int from_directory, const char *from, int to_directory, const char *to,
	unsigned flags, struct call call)
{
	if (!names_are_watched())
		return (int)syscall(SYS_renameat2, (long)from_directory, from, (long)to_directory,
			to, (long)flags);
	names_begin();
	struct entry old = entry_of(from_directory, from), new = entry_of(to_directory, to);
	if (old.name && old.was.file && old.was.is_file)
		look_by_name(from_directory, from, old.was.file, call);
	int result = (int)syscall(
		SYS_renameat2, (long)from_directory, from, (long)to_directory, to, (long)flags);
	int saved = errno;
	if (!result && flags & RENAME_EXCHANGE)
		exchanged(&old, &new, call);
	else if (!result)
		renamed(&old, &new, to_directory, to, call);
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

/* ---- removing */

static int unlink_at(int directory, const char *path, int flags, struct call call)
{
	if (!names_are_watched())
		return (int)syscall(SYS_unlinkat, (long)directory, path, (long)flags);
	names_begin();
	struct entry old = entry_of(directory, path);
	int result = (int)syscall(SYS_unlinkat, (long)directory, path, (long)flags), saved = errno;
	if (!result && old.name && old.was.file) {
		names_set(old.name, 0, 0, 0, old.was.file, call);
		if (flags & AT_REMOVEDIR)
			names_forget(old.was.file);
	}
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

EXPORT int rmdir(const char *path)
{
	return unlink_at(AT_FDCWD, path, AT_REMOVEDIR, CALLER);
}

EXPORT int remove(const char *path)
{
	struct stat stat;
	bool is_directory =
		!fstatat(AT_FDCWD, path, &stat, AT_SYMLINK_NOFOLLOW) && S_ISDIR(stat.st_mode);

	return unlink_at(AT_FDCWD, path, is_directory ? AT_REMOVEDIR : 0, CALLER);
}

/* ---- making */

static int link_at(int from_directory, const char *from, int to_directory, const char *to,
	int flags, struct call call)
{
	if (!names_are_watched())
		return (int)syscall(SYS_linkat, (long)from_directory, from, (long)to_directory, to,
			(long)flags);
	names_begin();
	struct entry new = entry_of(to_directory, to);
	struct named named = names_what(from_directory, from,
		(flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW) | (flags & AT_EMPTY_PATH));
	int result = (int)syscall(
		SYS_linkat, (long)from_directory, from, (long)to_directory, to, (long)flags);
	int saved = errno;
	if (!result && new.name && named.file)
		names_set(new.name, named.file, 0, 0, named.file, call);
	else if (!result && new.name)
		moved_in(&new, to_directory, to, call);
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

static int make_directory(int directory, const char *path, mode_t mode, struct call call)
{
	if (!names_are_watched())
		return (int)syscall(SYS_mkdirat, (long)directory, path, (long)mode);
	names_begin();
	unsigned name = names_find(directory, path);
	int result = (int)syscall(SYS_mkdirat, (long)directory, path, (long)mode), saved = errno;
	if (!result && name)
		names_add_directory(name, directory, path, call);
	names_end();
	errno = saved;
	return result;
}

EXPORT int mkdir(const char *path, mode_t mode)
{
	return make_directory(AT_FDCWD, path, mode, CALLER);
}

EXPORT int mkdirat(int directory, const char *path, mode_t mode)
{
	return make_directory(directory, path, mode, CALLER);
}

static int make_link(const char *to, int directory, const char *path)
{
	int result = (int)syscall(SYS_symlinkat, to, (long)directory, path), saved = errno;

	if (!names_are_watched() || result)
		return result;
	names_begin();
	if (names_find(directory, path))
		tell_missed(MISSED_SPECIAL, path);
	names_end();
	errno = saved;
	return result;
}

EXPORT int symlink(const char *to, const char *path)
{
	return make_link(to, AT_FDCWD, path);
}

EXPORT int symlinkat(const char *to, int directory, const char *path)
{
	return make_link(to, directory, path);
}
