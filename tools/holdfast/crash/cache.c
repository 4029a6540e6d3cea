/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * cache.c - keep lists of raw instructions (probes.h) by build-id in the user's cache directory
 *
 * A cache file is used only if it is complete, and if the program has the listed bytes at the
 * listed addresses, so that a wrong file cannot cause probes at wrong places. A file is always
 * replaced as a whole. It is not an error if a file cannot be written: only the next run takes
 * longer.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes.h"

/*
 * Makes the cache directory, and the directories above it. Returns false if the directory is not
 * known or cannot be made.
 */
static bool cache_directory(char *path, size_t size)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int length = -1;

	if (cache && *cache == '/')
		length = snprintf(path, size, "%s/holdfast/raw", cache);
	else if (home && *home == '/')
		length = snprintf(path, size, "%s/.cache/holdfast/raw", home);
	if (length < 0 || (size_t)length >= size)
		return false;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	mkdir(path, 0700);
	return !access(path, X_OK);
}

static bool cache_name(const unsigned char *id, uint32_t length, char *path, size_t size)
{
	if (!length || !cache_directory(path, size - 2 * PROBE_BUILD_ID - 16))
		return false;
	char *at = path + strlen(path);
	*at++ = '/';
	for (uint32_t i = 0; i < length; i++, at += 2)
		snprintf(at, 3, "%02x", id[i]);
	return true;
}

static bool is_of(const struct probe_list *list, size_t size, const struct binary *binary)
{
	if (size < sizeof(*list) || list->magic != PROBE_MAGIC ||
		list->id_length != binary->id_length ||
		memcmp(list->id, binary->id, binary->id_length) ||
		size != probe_list_size(list->count) ||
		list->sum != probe_sum(list->sites, list->count))
		return false;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct probe_site *site = &list->sites[i];
		const unsigned char *code = binary_code(binary, site->address, site->length);
		if (site->length > RAW_LONGEST || !code ||
			memcmp(code, site->bytes, site->length) ||
			(i && site->address <= list->sites[i - 1].address))
			return false;
	}
	return true;
}

struct probe_list *cache_load(const struct binary *binary)
{
	char path[PATH_MAX];
	struct stat stat;
	struct probe_list *list = NULL;

	if (!cache_name(binary->id, binary->id_length, path, sizeof(path)))
		return NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &stat) && S_ISREG(stat.st_mode) && stat.st_size < 1 << 28)
		list = malloc((size_t)stat.st_size + sizeof(*list));
	if (list && (read(fd, list, (size_t)stat.st_size) != stat.st_size ||
			    !is_of(list, (size_t)stat.st_size, binary))) {
		free(list);
		list = NULL;
	}
	close(fd);
	return list;
}

void cache_save(const struct probe_list *list)
{
	char path[PATH_MAX], new[PATH_MAX + 16];
	size_t size = probe_list_size(list->count);

	if (!cache_name(list->id, list->id_length, path, sizeof(path)))
		return;
	snprintf(new, sizeof(new), "%s.XXXXXX", path);
	int fd = mkostemp(new, O_CLOEXEC);
	if (fd < 0)
		return;
	bool is_written = write(fd, list, size) == (ssize_t)size;
	if (close(fd) || !is_written || rename(new, path))
		unlink(new);
}
