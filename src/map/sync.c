/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/sync.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/log.h"
#include "map/place.h"
#include "map/registry.h"

struct range sync_whole_pages(uintptr_t addr, size_t len)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = len > UINTPTR_MAX - addr ? UINTPTR_MAX : addr + len;

	return (struct range){addr & -page, end > -page ? -page : (end + page - 1) & -page};
}

/*
 * The file at an address, and the offset in it, from the kernel's own list. The library keeps no
 * names and no descriptors of its own for this: closing one would drop the program's POSIX locks.
 */
static const char *file_at(uintptr_t address, uint64_t *offset, char name[256])
{
	FILE *maps = fopen("/proc/self/maps", "re");
	uintptr_t from, to;
	uint64_t start;

	strcpy(name, "unknown file");
	*offset = 0;
	if (!maps)
		return name;
	for (char line[512]; fgets(line, sizeof(line), maps);) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*s %" SCNx64 " %*s %*s %255[^\n]",
			    &from, &to, &start, name) == 4 &&
			from <= address && address < to) {
			*offset = start + (address - from);
			break;
		}
		strcpy(name, "unknown file");
	}
	fclose(maps);
	return name;
}

NORETURN static void write_back_failed(struct range range, int error)
{
	char name[256], sentence[640];
	uint64_t offset;
	const char *file = file_at(range.from, &offset, name);

	errno = error;
	int length = snprintf(sentence, sizeof(sentence),
		"holdfast: stores to %s are not durable: writing back bytes %" PRIu64 " to %" PRIu64
		", mapped at %#" PRIxPTR ", failed: %m; the program is ended\n",
		file, offset, offset + (range.to - range.from), range.from);
	if (length > (int)sizeof(sentence) - 1)
		length = (int)sizeof(sentence) - 1;
	log_error("%.*s", length - 1, sentence);
	/* Nobody is left to tell if this fails. */
	ssize_t written = write(STDERR_FILENO, sentence, (size_t)length);
	(void)written;
	abort();
}

static void sync_in_map(struct map *map, struct range range)
{
	uintptr_t start = (uintptr_t)map->addr, end = start + place_whole_pages(map->length);
	int result;

	if (range.from < start)
		range.from = start;
	if (range.to > end)
		range.to = end;
	do
		result = msync((void *)range.from, range.to - range.from, MS_SYNC);
	while (result && errno == EINTR);
	if (result)
		write_back_failed(range, errno);
	log_debug(
		"wrote back %zu bytes at %#" PRIxPTR, (size_t)(range.to - range.from), range.from);
}

void sync_pages(struct range range)
{
	for (struct map *map; (map = registry_pin(range.from, range.to));) {
		uintptr_t end = (uintptr_t)map->addr + place_whole_pages(map->length);
		sync_in_map(map, range);
		registry_unpin(map);
		if (end >= range.to)
			break;
		range.from = end;
	}
}
