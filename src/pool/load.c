/* SPDX-License-Identifier: BSD-3-Clause */
/* load.c - read pool sets from their files */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/read_all.h"
#include "pool/beneath.h"
#include "pool/set.h"

static int read_set(int fd, const char *name, struct pool_set **set)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys("cannot stat pool set %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(-EINVAL, "%s is not a pool set: it is not a regular file", name);
	char *text = malloc(POOL_SET_TEXT + 1);
	if (!text)
		return err_set(-ENOMEM, "out of memory for pool set %s", name);
	/*
	 * Read one byte more than a set may have, so that the parser reports a file that is too
	 * long.
	 */
	ssize_t length = read_all(fd, text, POOL_SET_TEXT + 1);
	int error = length < 0 ? err_sys("cannot read pool set %s", name)
			       : pool_set_parse(text, (size_t)length, name, set);
	free(text);
	return error;
}

int pool_set_load(const char *directory, const char *name, struct pool_set **set)
{
	/* Opening a FIFO or a device by mistake must not block or have other effects. */
	int fd = beneath_open(directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return fd;
	int error = read_set(fd, name, set);
	close(fd);
	return error;
}

int pool_set_unlink(const char *directory, const char *name)
{
	const char *last;
	int parent = beneath_open_parent(directory, name, &last);

	if (parent < 0)
		return parent;
	int error = unlinkat(parent, last, 0) ? err_sys("cannot remove pool set %s", name) : 0;
	close(parent);
	return error;
}
