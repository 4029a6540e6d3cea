/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/badlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "device/sysfs.h"

#define SECTOR 512u

/*
 * The kernel shows the list as one page of text, at least 4096 bytes. A list that does not fit
 * ends in the middle of a line.
 */
#define SHORTEST_PAGE 4096

int badlist_add(struct badblocks *blocks, uint64_t offset, uint64_t length)
{
	if (blocks->count == blocks->room) {
		size_t room = blocks->room ? 2 * blocks->room : 16;
		struct pmem2_badblock *list =
			reallocarray(blocks->list, room, sizeof(*blocks->list));
		if (!list)
			return err_set(-ENOMEM, "out of memory for %zu bad blocks", room);
		blocks->list = list;
		blocks->room = room;
	}
	blocks->list[blocks->count++] = (struct pmem2_badblock){offset, length};
	return 0;
}

/*
 * Parse a number of sectors and convert it to bytes. Returns false if it is malformed or larger
 * than any file.
 */
static bool parse_sectors(const char **text, uint64_t *bytes)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	unsigned long long sectors = strtoull(*text, &end, 10);
	if (errno || sectors > INT64_MAX / SECTOR)
		return false;
	*text = end;
	*bytes = sectors * SECTOR;
	return true;
}

/* Parse a line of the list of bad blocks: "FIRST_SECTOR NUMBER_OF_SECTORS". */
static int parse_line(struct badblocks *blocks, const char *line)
{
	uint64_t offset, length;

	if (!parse_sectors(&line, &offset) || *line++ != ' ' || !parse_sectors(&line, &length) ||
		*line || !length || length > INT64_MAX - offset)
		return -EBADMSG;
	return badlist_add(blocks, offset, length);
}

static int parse(struct badblocks *blocks, char *text)
{
	bool is_page = strlen(text) >= SHORTEST_PAGE - 1;
	int error = 0;

	for (char *line = text, *end; !error && *line; line = end) {
		end = strchr(line, '\n');
		if (!end && is_page) {
			log_warning("there may be more bad blocks than the kernel shows at once");
			break;
		}
		if (end)
			*end++ = '\0';
		else
			end = line + strlen(line);
		if (*line)
			error = parse_line(blocks, line);
	}
	return error;
}

int badlist_read(struct badblocks *blocks, int dir)
{
	char *text;
	int error = sysfs_read_text(dir, "badblocks", &text);

	if (error)
		return error;
	error = parse(blocks, text);
	free(text);
	return error;
}

void badlist_clip(struct badblocks *blocks, uint64_t from, uint64_t length)
{
	uint64_t to = length > UINT64_MAX - from ? UINT64_MAX : from + length;
	size_t kept = 0;

	for (size_t i = 0; i < blocks->count; i++) {
		uint64_t start = blocks->list[i].offset, end = start + blocks->list[i].length;
		if (start < from)
			start = from;
		if (end > to)
			end = to;
		if (start < end)
			blocks->list[kept++] = (struct pmem2_badblock){start - from, end - start};
	}
	blocks->count = kept;
}

/*
 * Returns the end of the bad block that contains the byte at `offset`, or `offset` if no bad block
 * does.
 */
static uint64_t covered_to(const struct badblocks *blocks, uint64_t offset)
{
	for (size_t i = 0; i < blocks->count; i++)
		if (blocks->list[i].offset <= offset &&
			offset - blocks->list[i].offset < blocks->list[i].length)
			return blocks->list[i].offset + blocks->list[i].length;
	return offset;
}

bool badlist_covers(const struct badblocks *blocks, uint64_t offset, uint64_t length)
{
	uint64_t end = offset + length;

	while (offset < end) {
		uint64_t next = covered_to(blocks, offset);
		if (next == offset)
			return false;
		offset = next;
	}
	return true;
}
