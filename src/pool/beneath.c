/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

/* Attempts of openat2(2), which fails with EAGAIN if files were renamed during its check. */
#define TRIES 64

static int check_name(const char *name)
{
	if (!*name)
		return err_set(-EINVAL, "the name of the pool set is empty");
	if (*name == '/')
		return err_set(-EINVAL,
			"pool set \"%.200s\": the name must be relative to the directory of pool sets",
			name);
	for (const char *at = name; *at;) {
		size_t length = strcspn(at, "/");
		if (length == 2 && !strncmp(at, "..", 2))
			return err_set(-EINVAL,
				"pool set \"%.200s\": the name may not have \"..\" in it", name);
		at += length;
		at += strspn(at, "/");
	}
	return 0;
}

static int failed(const char *directory, const char *name)
{
	if (errno == EXDEV || errno == ELOOP)
		return err_set(-EINVAL, "pool set \"%.200s\": a symbolic link leads out of %.200s",
			name, directory);
	int error = err_sys("cannot open pool set \"%.200s\" in %.200s", name, directory);
	return error == -ENOTDIR ? -EINVAL : error;
}

static int open_root(const char *directory)
{
	int root = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0)
		return root;
	int error = err_sys("cannot open the directory of pool sets %.200s", directory);
	/*
	 * The whole directory is missing. Report this as EREMOTEIO: ENOENT would mean that only
	 * the pool set is missing.
	 */
	return error == -ENOENT || error == -ENOTDIR ? -EREMOTEIO : error;
}

/* Open by openat2(2). -ENOSYS if the kernel lacks it, or if a system call filter says so. */
static int open_by_kernel(int root, const char *name, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int tries = 0; tries < TRIES; tries++) {
		fd = syscall(SYS_openat2, root, name, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return (int)fd;
}

/* Open one component of a path below `dir`, and close `dir`. -1 with errno on failure. */
static int step(int dir, const char *component, int flags)
{
	int fd = openat(dir, component, flags | O_NOFOLLOW | O_CLOEXEC);
	int saved = errno;

	close(dir);
	errno = saved;
	return fd;
}

/* Open the path component by component. Overwrites `name`. */
static int walk(int root, char *name, int flags)
{
	char *rest = NULL, *component = strtok_r(name, "/", &rest);
	int dir = fcntl(root, F_DUPFD_CLOEXEC, 0);

	while (component && dir >= 0) {
		char *next = strtok_r(NULL, "/", &rest);
		dir = step(dir, component, next ? O_PATH | O_DIRECTORY : flags);
		component = next;
	}
	return dir;
}

static int open_walking(int root, const char *name, int flags)
{
	char *copy = strdup(name);

	if (!copy)
		return -1;
	int fd = walk(root, copy, flags), saved = errno;
	free(copy);
	errno = saved;
	return fd;
}

int beneath_open_by_hand(const char *directory, const char *name, int flags)
{
	int error = check_name(name);

	if (error)
		return error;
	int root = open_root(directory);
	if (root < 0)
		return root;
	int fd = open_walking(root, name, flags);
	int result = fd < 0 ? failed(directory, name) : fd;
	close(root);
	return result;
}

int beneath_open(const char *directory, const char *name, int flags)
{
	int error = check_name(name);

	if (error)
		return error;
	int root = open_root(directory);
	if (root < 0)
		return root;
	int fd = open_by_kernel(root, name, flags);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == E2BIG))
		fd = open_walking(root, name, flags);
	int result = fd < 0 ? failed(directory, name) : fd;
	close(root);
	return result;
}

int beneath_open_parent(const char *directory, const char *name, const char **last)
{
	const char *slash = strrchr(name, '/');

	*last = slash ? slash + 1 : name;
	int error = check_name(name);
	if (error)
		return error;
	if (!**last || !strcmp(*last, "."))
		return err_set(
			-EINVAL, "pool set \"%.200s\": the name is that of a directory", name);
	if (!slash)
		return open_root(directory);
	char *parent = strndup(name, (size_t)(slash - name));
	if (!parent)
		return err_set(-ENOMEM, "out of memory for the name of a pool set");
	int fd = beneath_open(directory, parent, O_PATH | O_DIRECTORY);
	free(parent);
	return fd;
}
