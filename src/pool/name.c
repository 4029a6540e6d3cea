/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define MODE 0666 /* minus the umask */

/* The directory of a path, as an absolute path. The caller frees it. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

static int no_memory(void)
{
	return err_set(-ENOMEM, "out of memory for a file name");
}

static int make_named(const char *path, bool *named)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE);

	if (fd < 0)
		return err_sys("cannot make %s", path);
	*named = true;
	return fd;
}

/*
 * True if linkat(2) failed because the process lacks the privilege to link a file by its
 * descriptor. Since Linux 6.10 no privilege is needed.
 */
static bool is_unprivileged(int error)
{
	return error == ENOENT || error == EPERM || error == EINVAL;
}

static const char *name_in_proc(char name[40], int fd)
{
	snprintf(name, 40, "/proc/self/fd/%d", fd);
	return name;
}

/*
 * Check if a file without a name can get a name later, by its descriptor or by its path in /proc,
 * which may not be mounted. Returns 0, or -1 and errno; EOPNOTSUPP if it cannot. Tries to link the
 * file to a name that already exists: the kernel checks privileges before it reports EEXIST.
 */
static int check_can_be_named(int fd, const char *directory)
{
	char name[40];

	linkat(fd, "", AT_FDCWD, directory, AT_EMPTY_PATH);
	if (errno == EEXIST)
		return 0;
	if (!is_unprivileged(errno))
		return -1;
	if (!access(name_in_proc(name, fd), F_OK))
		return 0;
	errno = EOPNOTSUPP;
	return -1;
}

/*
 * Returns a descriptor, or -1 and errno; EOPNOTSUPP if the file must have a name from the start.
 */
static int make_unnamed(const char *directory)
{
	int fd = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, MODE);

	if (fd < 0 || !check_can_be_named(fd, directory))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int name_make(const char *path, bool *named)
{
	char *directory = directory_of(path);

	if (!directory)
		return no_memory();
	int fd = make_unnamed(directory);
	free(directory);
	*named = false;
	if (fd >= 0)
		return fd;
	/* Older kernels ignore O_TMPFILE but obey O_DIRECTORY, which is a part of it. */
	if (errno == EOPNOTSUPP || errno == EISDIR)
		return make_named(path, named);
	return err_sys("cannot make %s", path);
}

/* Link the file by its descriptor or, without the privilege for that, by its name in /proc. */
static int link_to(int fd, const char *path)
{
	char name[40];

	if (!linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH))
		return 0;
	if (!is_unprivileged(errno))
		return -1;
	return linkat(AT_FDCWD, name_in_proc(name, fd), AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

bool name_is_free(const char *path)
{
	bool is_free = access(path, F_OK) && errno == ENOENT;
	char *directory = is_free ? directory_of(path) : NULL;

	is_free = directory && !access(directory, F_OK);
	free(directory);
	return is_free;
}

int name_give(int fd, const char *path)
{
	return link_to(fd, path) ? err_sys("cannot make %s", path) : 0;
}

int name_keep(const char *path)
{
	char *directory = directory_of(path);

	if (!directory)
		return no_memory();
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	free(directory);
	/*
	 * The directory may be writable but not readable: then only the file's own fsync(2) is
	 * done.
	 */
	if (fd < 0)
		return errno == EACCES ? 0 : err_sys("cannot open the directory of %s", path);
	if (fsync(fd) && errno != EINVAL)
		error = err_sys("cannot write back the directory of %s", path);
	close(fd);
	return error;
}

void name_leave(struct name_place *place)
{
	if (place->dir >= 0)
		close(place->dir);
	if (place->link_dir >= 0)
		close(place->link_dir);
	free(place->last);
	free(place->link_last);
	*place = NAME_NOWHERE;
}

/* Open the directory of the path, and return the path's last component in *last. */
static int hold(const char *path, int *dir, char **last)
{
	char *directory = directory_of(path);

	*last = strdup(strrchr(path, '/') + 1);
	if (!directory || !*last) {
		free(directory);
		return no_memory();
	}
	*dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (*dir < 0)
		return err_sys("cannot open the directory of %s", path);
	if (faccessat(*dir, ".", W_OK | X_OK, AT_EACCESS))
		return err_sys("cannot remove %s", path);
	return 0;
}

static int hold_both(struct name_place *place, const char *path)
{
	char *real = realpath(path, NULL);
	struct stat st;

	if (!real)
		return err_sys("cannot look at %s", path);
	int error = hold(real, &place->dir, &place->last);
	if (!error && !lstat(path, &st) && S_ISLNK(st.st_mode))
		error = hold(path, &place->link_dir, &place->link_last);
	free(real);
	return error;
}

static int check_same(const struct name_place *place, int fd, const char *path)
{
	struct stat ours, named;

	if (fstat(fd, &ours) || fstatat(place->dir, place->last, &named, AT_SYMLINK_NOFOLLOW))
		return err_sys("cannot look at %s", path);
	if (ours.st_dev != named.st_dev || ours.st_ino != named.st_ino)
		return err_set(-ENOENT, "%s has been replaced by another file", path);
	return 0;
}

int name_find(struct name_place *place, int fd, const char *path)
{
	*place = NAME_NOWHERE;
	int error = hold_both(place, path);
	if (!error)
		error = check_same(place, fd, path);
	if (error)
		name_leave(place);
	return error;
}

int name_remove(const struct name_place *place, int fd, const char *path)
{
	int error = check_same(place, fd, path);

	if (error)
		return error;
	if (unlinkat(place->dir, place->last, 0))
		return err_sys("cannot remove %s", path);
	if (place->link_dir >= 0 && unlinkat(place->link_dir, place->link_last, 0) &&
		errno != ENOENT)
		return err_sys("cannot remove the symbolic link %s", path);
	return 0;
}

int name_take(int fd, const char *path)
{
	struct name_place place;
	int error = name_find(&place, fd, path);

	if (error)
		return error;
	error = name_remove(&place, fd, path);
	name_leave(&place);
	return error;
}
