/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/*
 * Replaces octal escapes: in mountinfo the kernel writes blanks, newlines and backslashes as \ooo.
 */
void mounts_resolve(char *text)
{
	char *to = text;

	for (const char *from = text; *from; to++) {
		if (*from == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* Take the next field of a line: one blank separates two fields, and a field may be empty. */
static char *next(char **rest)
{
	return strsep(rest, " ");
}

/*
 * Parse the numbers at the beginning of a line. Does not use sscanf(3), which needs more stack
 * than callers may have.
 */
static bool parse_numbers(const char *line, struct mount *mount)
{
	char *end;

	mount->id = (int)strtol(line, &end, 10);
	if (end == line)
		return false;
	strtol(end, &end, 10); /* skip the id of the parent mount */
	unsigned long major_number = strtoul(end, &end, 10);
	if (*end != ':')
		return false;
	unsigned long minor_number = strtoul(end + 1, &end, 10);
	mount->device = makedev((unsigned)major_number, (unsigned)minor_number);
	return *end == ' ';
}

/*
 * Parse a line such as: 36 35 98:0 /root /point rw,noatime master:1 - ext4 /dev/root
 * rw,errors=continue
 */
static bool parse(char *line, struct mount *mount)
{
	char *rest = line, *field;

	line[strcspn(line, "\n")] = '\0';
	if (!parse_numbers(line, mount))
		return false;
	for (int i = 0; i < 4; i++)
		next(&rest);
	mount->point = next(&rest);
	mount->options = next(&rest);
	do
		field = next(&rest);
	while (field && strcmp(field, "-"));
	mount->type = next(&rest);
	mount->source = next(&rest);
	mount->super_options = next(&rest);
	if (!mount->super_options)
		return false;
	mounts_resolve(mount->point);
	mounts_resolve(mount->type);
	mounts_resolve(mount->source);
	return true;
}

int mounts_each(const char *file, mounts_visit *visit, void *context)
{
	FILE *mounts = fopen(file, "re");
	char *line = NULL;
	size_t room = 0;
	int result = 0;

	if (!mounts)
		return -errno;
	while (!result && getline(&line, &room, mounts) > 0) {
		struct mount mount;
		if (parse(line, &mount))
			result = visit(&mount, context);
	}
	if (!result && ferror(mounts))
		result = -EIO;
	free(line);
	fclose(mounts);
	return result;
}

/*
 * Find an option in the list: its name, followed by a character of `ends` or by the end of the
 * list. NULL if the list does not have it.
 */
static const char *find(const char *options, const char *name, const char *ends)
{
	size_t length = strlen(name);

	for (const char *at = options; at && *at;) {
		if (!strncmp(at, name, length) && (strchr(ends, at[length]) || !at[length]))
			return at;
		at = strchr(at, ',');
		at += at != NULL;
	}
	return NULL;
}

bool mounts_option(const char *options, const char *option)
{
	return find(options, option, ",");
}

char *mounts_option_value(const char *options, const char *name)
{
	const char *at = find(options, name, "=");

	if (!at || at[strlen(name)] != '=')
		return NULL;
	at += strlen(name) + 1;
	char *value = strndup(at, strcspn(at, ","));
	if (value)
		mounts_resolve(value);
	return value;
}
