/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/limit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Additional mappings that one call may need: mapping or unmapping in the middle of another
 * mapping divides that one.
 */
#define SPARE 2

static ssize_t read_some(int fd, char *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/*
 * The value of vm.max_map_count; 0 if it cannot be read. Allocates no memory, since there may be
 * none.
 */
static unsigned long max_map_count(void)
{
	char text[24];
	int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read_some(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (length < 0)
		return 0;
	text[length] = '\0';
	return strtoul(text, NULL, 10);
}

static unsigned long count_mappings(void)
{
	char buffer[1024];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	unsigned long count = 0;
	ssize_t length;

	if (fd < 0)
		return 0;
	while ((length = read_some(fd, buffer, sizeof(buffer))) > 0)
		for (ssize_t i = 0; i < length; i++)
			count += buffer[i] == '\n';
	close(fd);
	return count;
}

const char *limit_hint(char hint[LIMIT_HINT])
{
	int saved = errno;

	hint[0] = '\0';
	if (saved == ENOMEM) {
		unsigned long most = max_map_count(), count = most ? count_mappings() : 0;
		if (count && count + SPARE >= most)
			snprintf(hint, LIMIT_HINT,
				": the process has %lu mappings, and vm.max_map_count allows %lu",
				count, most);
	}
	errno = saved;
	return hint;
}
