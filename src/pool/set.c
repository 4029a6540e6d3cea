/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/set.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "pool/size.h"

#define MAGIC  "PMEMPOOLSET"
#define BLANKS " \t\r" /* lines may end in CR and LF */

/*
 * A reader of the text of a pool set. It ends the current line with NUL and keeps a pointer to the
 * text after that line.
 */
struct reader {
	const char *name;
	char *rest;
	unsigned line;
};

static int no_memory(const char *name)
{
	return err_set(-ENOMEM, "out of memory for pool set %s", name);
}

static int wrong(const struct reader *reader, const char *what, const char *text)
{
	return err_set(-EINVAL, "%s:%u: %s: \"%.200s\"", reader->name, reader->line, what,
		text ? text : "");
}

/* Returns the next line without its newline; NULL after the last. */
static char *next_line(struct reader *reader)
{
	char *line = strsep(&reader->rest, "\n");

	reader->line++;
	return line;
}

static int add_entry(struct pool_set *set, const struct pool_set_entry *entry)
{
	struct pool_set_entry *more =
		reallocarray(set->entries, set->count + 1, sizeof(*set->entries));

	if (!more)
		return no_memory(set->name);
	set->entries = more;
	more[set->count] = *entry;
	more[set->count].path = strdup(entry->path);
	if (!more[set->count].path)
		return no_memory(set->name);
	set->count++;
	return 0;
}

static int parse_part(struct reader *reader, struct pool_set *set, const char *size, char **rest)
{
	char *path = strtok_r(NULL, BLANKS, rest);
	struct pool_set_entry entry = {.path = path, .line = reader->line};

	entry.is_auto = !strcmp(size, "AUTO");
	if (!entry.is_auto && !pool_size_parse(size, &entry.size))
		return wrong(
			reader, "a line must begin with a size, AUTO, OPTION or REPLICA", size);
	if (!path)
		return wrong(reader, "no path follows the size", size);
	if (path[0] != '/')
		return wrong(reader, "the path of a part must be absolute", path);
	if (!entry.is_auto && entry.size < POOL_PART_MINIMUM)
		return err_set(-EINVAL, "%s:%u: part %s has %zu bytes, the minimum is %zu",
			reader->name, reader->line, path, entry.size, POOL_PART_MINIMUM);
	for (size_t i = 0; i < set->count; i++)
		if (!strcmp(set->entries[i].path, path))
			return wrong(reader, "this part is named twice", path);
	return add_entry(set, &entry);
}

static int parse_options(struct reader *reader, struct pool_set *set, char **rest)
{
	const char *option = strtok_r(NULL, BLANKS, rest);

	if (!option)
		return wrong(reader, "no option follows", "OPTION");
	for (; option; option = strtok_r(NULL, BLANKS, rest)) {
		if (!strcmp(option, "SINGLEHDR"))
			set->single_header = true;
		else if (!strcmp(option, "NOHDRS"))
			set->no_headers = true;
		else
			return wrong(reader, "there is no such option", option);
	}
	if (set->single_header && set->no_headers)
		return wrong(reader, "OPTION SINGLEHDR excludes OPTION NOHDRS", "SINGLEHDR NOHDRS");
	return 0;
}

static int parse_line(struct reader *reader, struct pool_set *set, char *line)
{
	char *rest = NULL;

	line[strcspn(line, "#")] = '\0';
	char *first = strtok_r(line, BLANKS, &rest);
	if (!first)
		return 0;
	if (!strcmp(first, "OPTION"))
		return parse_options(reader, set, &rest);
	if (!strcmp(first, "REPLICA"))
		return wrong(reader,
			"a pool set that is used from another machine cannot have replicas", first);
	int error = parse_part(reader, set, first, &rest);
	const char *more = error ? NULL : strtok_r(NULL, BLANKS, &rest);
	return more ? wrong(reader, "nothing may follow the path of a part", more) : error;
}

static int parse_lines(struct reader *reader, struct pool_set *set)
{
	char *line = next_line(reader);

	if (line && *line && line[strlen(line) - 1] == '\r')
		line[strlen(line) - 1] = '\0';
	if (!line || strcmp(line, MAGIC))
		return err_set(-EINVAL, "%s is not a pool set: its first line is not " MAGIC,
			reader->name);
	while ((line = next_line(reader))) {
		int error = parse_line(reader, set, line);
		if (error)
			return error;
	}
	return set->count ? 0 : err_set(-EINVAL, "%s: the set has no parts", reader->name);
}

static struct pool_set *new_set(const char *name)
{
	struct pool_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->sysfs = SYSFS_ROOT;
	set->name = strdup(name);
	if (set->name)
		return set;
	free(set);
	return NULL;
}

static int parse_copy(char *copy, const char *name, struct pool_set **set)
{
	struct reader reader = {.name = name, .rest = copy};
	struct pool_set *new = new_set(name);

	if (!new)
		return no_memory(name);
	int error = parse_lines(&reader, new);
	if (error)
		pool_set_free(new);
	else
		*set = new;
	return error;
}

int pool_set_parse(const char *text, size_t length, const char *name, struct pool_set **set)
{
	if (length > POOL_SET_TEXT)
		return err_set(-EINVAL, "%s is not a pool set: it has more than %zu bytes", name,
			POOL_SET_TEXT);
	if (memchr(text, '\0', length))
		return err_set(-EINVAL, "%s is not a pool set: it is not text", name);
	char *copy = strndup(text, length);
	if (!copy)
		return no_memory(name);
	int error = parse_copy(copy, name, set);
	free(copy);
	return error;
}

void pool_set_free(struct pool_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		free(set->entries[i].path);
	free(set->entries);
	free(set->name);
	free(set);
}
