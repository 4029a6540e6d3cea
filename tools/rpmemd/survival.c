/* SPDX-License-Identifier: BSD-3-Clause */
#include "survival.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device/sysfs.h"
#include "explain/explain.h"

static int open_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(copy);
	return fd;
}

enum holdfast_survival survival_of(const char *path)
{
	enum holdfast_survival found = HOLDFAST_SURVIVES_UNKNOWN;
	struct holdfast_explanation *explanation;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		fd = open_folder(path);
	if (fd >= 0 && !explain_fd(&explanation, fd, SYSFS_ROOT)) {
		found = explanation->survival;
		explain_free(explanation);
	}
	if (fd >= 0)
		close(fd);
	return found;
}
