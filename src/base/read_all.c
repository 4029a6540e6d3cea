/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/read_all.h"

#include <errno.h>
#include <unistd.h>

ssize_t read_all(int fd, char *text, size_t room)
{
	size_t have = 0;

	while (have < room) {
		ssize_t got = read(fd, text + have, room - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}
