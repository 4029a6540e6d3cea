/* SPDX-License-Identifier: BSD-3-Clause */
#include "pool/layout.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "pool/errno.h"
#include "pool/name.h"

#define SUFFIX ".pmem"
#define DIGITS 6

static size_t whole_pages(size_t size)
{
	return size & -(size_t)sysconf(_SC_PAGESIZE);
}

static int no_memory(const struct pool_set *set)
{
	return err_set(-ENOMEM, "out of memory for the parts of pool set %s", set->name);
}

/*
 * Add a part to the layout, which frees the part's path later. If the path is NULL, the caller had
 * no memory for it: fails with -ENOMEM.
 */
static int add(struct layout *layout, const struct pool_set *set, struct layout_part part)
{
	struct layout_part *more =
		reallocarray(layout->parts, layout->count + 1, sizeof(*layout->parts));

	if (more)
		layout->parts = more;
	if (!more || !part.path) {
		free(part.path);
		return no_memory(set);
	}
	more[layout->count++] = part;
	return 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Check that all entries of the set are directories, or all are files and devices. */
static int check_kind(const struct pool_set *set, bool *in_directories)
{
	size_t directories = 0;

	for (size_t i = 0; i < set->count; i++)
		directories += is_directory(set->entries[i].path);
	*in_directories = directories;
	if (!directories)
		return 0;
	if (directories < set->count)
		return err_set(
			-EINVAL, "%s: some of the parts are directories, some are not", set->name);
	if (!set->single_header && !set->no_headers)
		return err_set(-EINVAL, "%s: parts in directories need OPTION SINGLEHDR, or NOHDRS",
			set->name);
	for (size_t i = 0; i < set->count; i++)
		if (set->entries[i].is_auto)
			return err_set(-EINVAL,
				"%s:%u: %s is a directory: only a DAX device can have the size AUTO",
				set->name, set->entries[i].line, set->entries[i].path);
	return 0;
}

static int add_entries(struct layout *layout, const struct pool_set *set)
{
	int error = 0;

	for (size_t i = 0; i < set->count && !error; i++)
		error = add(layout, set,
			(struct layout_part){
				.path = strdup(set->entries[i].path),
				.size = set->entries[i].size,
				.is_auto = set->entries[i].is_auto,
				.entry = i,
			});
	return error;
}

/*
 * Number of bytes by which the parts in this directory may still grow, according to the pool set.
 */
static size_t room_in(const struct layout *layout, const struct pool_set *set, size_t entry)
{
	size_t room = whole_pages(set->entries[entry].size);

	for (size_t i = 0; i < layout->count; i++)
		if (layout->parts[i].entry == entry)
			room -= layout->parts[i].size < room ? layout->parts[i].size : room;
	return room;
}

static size_t bytes_in(const struct layout *layout)
{
	size_t bytes = 0;

	for (size_t i = 0; i < layout->count; i++)
		bytes += whole_pages(layout->parts[i].size);
	return bytes;
}

static int add_file(struct layout *layout, const struct pool_set *set, size_t entry, size_t size)
{
	const char *directory = set->entries[entry].path;
	unsigned long number = layout->count ? layout->parts[layout->count - 1].number + 1 : 0;
	char *path;

	if (asprintf(&path, "%s/%0*lu%s", directory, DIGITS, number, SUFFIX) < 0)
		path = NULL;
	return add(layout, set,
		(struct layout_part){.path = path, .size = size, .number = number, .entry = entry});
}

/*
 * Add new files to the layout, at most one in each directory, until the layout's parts have `size`
 * bytes together.
 */
static int grow(struct layout *layout, const struct pool_set *set, size_t size)
{
	int error = 0;

	for (size_t i = 0; i < set->count && !error; i++) {
		size_t have = bytes_in(layout), room = room_in(layout, set, i);
		if (have >= size)
			break;
		size_t more = size - have < POOL_PART_MINIMUM ? POOL_PART_MINIMUM : size - have;
		if (more > room)
			more = room;
		if (more >= POOL_PART_MINIMUM)
			error = add_file(layout, set, i, more);
	}
	return error;
}

/* Parse a file name such as "000012.pmem". False if it is not the name of a part. */
static bool part_number(const char *name, unsigned long *number)
{
	size_t digits = strspn(name, "0123456789");

	if (digits < DIGITS || digits > 2 * DIGITS || strcmp(name + digits, SUFFIX))
		return false;
	*number = strtoul(name, NULL, 10);
	return true;
}

static int add_found(
	struct layout *layout, const struct pool_set *set, size_t entry, const char *name)
{
	struct layout_part part = {.entry = entry};
	struct stat st;

	if (!part_number(name, &part.number))
		return 0;
	if (asprintf(&part.path, "%s/%s", set->entries[entry].path, name) < 0)
		return no_memory(set);
	if (stat(part.path, &st)) {
		int error = pool_trouble(err_sys("cannot look at %s", part.path));
		free(part.path);
		return error;
	}
	part.size = (size_t)st.st_size;
	return add(layout, set, part);
}

static int scan(struct layout *layout, const struct pool_set *set, size_t entry)
{
	DIR *directory = opendir(set->entries[entry].path);
	int error = 0;

	if (!directory)
		return pool_trouble(err_sys("cannot read %s", set->entries[entry].path));
	for (struct dirent *found; !error && (errno = 0, found = readdir(directory));)
		error = add_found(layout, set, entry, found->d_name);
	if (!error && errno)
		error = err_sys("cannot read %s", set->entries[entry].path);
	closedir(directory);
	return error;
}

static int by_number(const void *one, const void *other)
{
	const struct layout_part *a = one, *b = other;

	return a->number < b->number ? -1 : a->number > b->number;
}

static int scan_all(struct layout *layout, const struct pool_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		int error = scan(layout, set, i);
		if (error)
			return error;
	}
	if (layout->count)
		qsort(layout->parts, layout->count, sizeof(*layout->parts), by_number);
	return 0;
}

/* Check that the parts are numbered from 0 on, without gaps and duplicates. */
static int check_numbers(const struct layout *layout, const struct pool_set *set)
{
	for (size_t i = 0; i < layout->count; i++)
		if (layout->parts[i].number != i)
			return err_set(-EINVAL,
				"%s: part %zu is missing or exists twice: %s was found instead",
				set->name, i, layout->parts[i].path);
	return 0;
}

static int fill(struct layout *layout, const struct pool_set *set, size_t size, bool is_new)
{
	int error = scan_all(layout, set);

	if (!error && is_new && layout->count)
		return err_set(-EEXIST, "%s: parts of a pool exist already, such as %s", set->name,
			layout->parts[0].path);
	if (!error)
		error = check_numbers(layout, set);
	layout->existing = layout->count;
	if (!error && !is_new && !layout->count)
		return err_minor(LOG_NOTICE, -ENOENT,
			"%s: the directories of this pool set contain no part of a pool",
			set->name);
	return error ? error : grow(layout, set, size);
}

static int build(struct layout *layout, const struct pool_set *set, size_t size, bool is_new)
{
	struct layout new = {.parts = NULL};
	int error = check_kind(set, &new.in_directories);

	if (error)
		return error;
	if (new.in_directories) {
		error = fill(&new, set, size, is_new);
	} else {
		error = add_entries(&new, set);
		new.existing = is_new ? 0 : new.count;
	}
	if (error)
		layout_fini(&new);
	else
		*layout = new;
	return error;
}

int layout_new(struct layout *layout, const struct pool_set *set, size_t size)
{
	return build(layout, set, size, true);
}

/*
 * Check that the first part exists. Programs try to open a pool before they make it, so a missing
 * pool is only a notice in the log.
 */
static int check_presence(const struct layout *layout)
{
	const char *first = layout->parts[0].path;

	if (layout->in_directories || !name_is_free(first))
		return 0;
	errno = ENOENT;
	return err_minor(LOG_NOTICE, -ENOENT, "cannot open %s: %m", first);
}

int layout_existing(struct layout *layout, const struct pool_set *set, size_t size)
{
	int error = build(layout, set, size, false);

	if (!error && (error = check_presence(layout)))
		layout_fini(layout);
	return error;
}

int layout_to_remove(struct layout *layout, const struct pool_set *set, bool force)
{
	return force ? build(layout, set, 0, false) : layout_existing(layout, set, 0);
}

void layout_fini(struct layout *layout)
{
	for (size_t i = 0; i < layout->count; i++)
		free(layout->parts[i].path);
	free(layout->parts);
	*layout = (struct layout){.parts = NULL};
}
