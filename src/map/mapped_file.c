/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/mapped_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Returns a pointer past the next field and the spaces behind it. */
static char *next_field(char *at)
{
	at += strcspn(at, " \n");
	return at + strspn(at, " ");
}

/*
 * Parse a line of /proc/PID/maps: "from-to permissions offset major:minor inode path". All numbers
 * but the inode are hexadecimal. sscanf(3) would take 2 KiB of stack.
 */
static bool parse_line(char *line, struct mapped_file *mapped)
{
	char *at;

	mapped->at.from = strtoull(line, &at, 16);
	if (*at != '-')
		return false;
	mapped->at.to = strtoull(at + 1, &at, 16);
	at = next_field(next_field(at));
	mapped->offset = strtoull(at, NULL, 16);
	at = next_field(at);
	unsigned major = (unsigned)strtoul(at, &at, 16);
	unsigned minor = *at == ':' ? (unsigned)strtoul(at + 1, &at, 16) : 0;
	mapped->file.device = makedev(major, minor);
	at = next_field(at);
	mapped->file.inode = strtoull(at, &at, 10);
	mapped->path = at + strspn(at, " ");
	at[strcspn(at, "\n")] = '\0';
	return true;
}

/* Skip the end of a line that did not fit into the buffer: it is a part of the path. */
static void skip_rest(FILE *maps)
{
	int c;

	do
		c = getc(maps);
	while (c != '\n' && c != EOF);
}

static bool clip(struct mapped_file *mapped, struct range range)
{
	if (mapped->at.to <= range.from || mapped->at.from >= range.to)
		return false;
	if (mapped->at.from < range.from) {
		mapped->offset += range.from - mapped->at.from;
		mapped->at.from = range.from;
	}
	if (mapped->at.to > range.to)
		mapped->at.to = range.to;
	return true;
}

static int walk(const char *list, struct range range, mapped_file_visit *visit, void *context)
{
	FILE *maps = fopen(list, "re");
	struct mapped_file mapped;
	char line[512];

	if (!maps)
		return -errno;
	while (fgets(line, sizeof(line), maps)) {
		if (!strchr(line, '\n'))
			skip_rest(maps);
		if (parse_line(line, &mapped) && clip(&mapped, range) && visit(&mapped, context))
			break;
	}
	int error = ferror(maps) ? -EIO : 0;
	fclose(maps);
	return error;
}

int mapped_files_walk(struct range range, mapped_file_visit *visit, void *context)
{
	return walk("/proc/self/maps", range, visit, context);
}

/* The file of the mappings visited so far; is_several: they map more than one file. */
struct one_file {
	struct file_id file;
	bool is_several;
};

static bool take_id(const struct mapped_file *mapped, void *context)
{
	struct one_file *one = context;

	if (!file_id_is_known(one->file))
		one->file = mapped->file;
	one->is_several = !file_id_equals(one->file, mapped->file);
	return one->is_several;
}

int mapped_file_id(pid_t pid, struct range range, struct file_id *file)
{
	struct one_file one = {{0, 0}, false};
	char list[32] = "/proc/self/maps";

	if (pid)
		snprintf(list, sizeof(list), "/proc/%d/maps", (int)pid);
	int error = walk(list, range, take_id, &one);
	if (error)
		return error;
	if (one.is_several)
		return -EXDEV;
	if (!file_id_is_known(one.file))
		return -ENOENT;
	*file = one.file;
	return 0;
}
