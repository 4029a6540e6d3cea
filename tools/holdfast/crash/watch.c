/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.c - before the run: copy the directory of --watch, and enter the names and files in it, and
 * in directories below it, into tables
 *
 * Leaves out symbolic links and special files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "watch.h"

int watch_no_room(const char *path)
{
	return complain(STATUS_NOTHING,
		"%s cannot be copied: %s; HOLDFAST_CRASH_DIR names another directory", path,
		strerror(errno));
}

/* Makes the path of a file in a directory. False: the path is too long. */
bool watch_path_in(char *path, const char *directory, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	return length > 0 && length < PATH_MAX;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Lists the entries of a directory in alphabetical order. Returns their number, or -1. */
int watch_list_files(const char *path, struct dirent ***list)
{
	int count = scandir(path, list, NULL, alphasort), kept = 0;

	for (int i = 0; i < count; i++)
		if (is_dots((*list)[i]->d_name))
			free((*list)[i]);
		else
			(*list)[kept++] = (*list)[i];
	return count < 0 ? -1 : kept;
}

void watch_free_list(struct dirent **list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i]);
	if (count >= 0)
		free(list);
}

/* ---- copying the directory */

static int copy_files(const char *from, const char *to);

static int copy_entry(const char *old, const char *new)
{
	struct stat stat;

	if (lstat(old, &stat))
		return -1;
	if (S_ISREG(stat.st_mode))
		return copy_file(old, new);
	if (!S_ISDIR(stat.st_mode))
		return 0;
	if (mkdir(new, 0700) || copy_files(old, new))
		return -1;
	return chmod(new, 0777); /* for programs that drop privileges */
}

static int copy_files(const char *from, const char *to)
{
	struct dirent **list;
	char old[PATH_MAX], new[PATH_MAX];
	int count = watch_list_files(from, &list), failed = count < 0;

	for (int i = 0; i < count && !failed; i++) {
		failed = !watch_path_in(old, from, list[i]->d_name) ||
			 !watch_path_in(new, to, list[i]->d_name) || copy_entry(old, new);
	}
	watch_free_list(list, count);
	return failed;
}

/*
 * Changes arguments of the program that name the directory, or a file in it, to the same name in
 * the copy.
 */
static void replace_arguments(struct work *work, char **program, const char *path)
{
	size_t length = strlen(path);
	char *new;

	for (unsigned i = 1; program[i]; i++) {
		const char *rest = program[i] + length;
		if (!strcmp(program[i], "{}"))
			rest = "";
		else if (strncmp(program[i], path, length) || (*rest && *rest != '/'))
			continue;
		if (asprintf(&new, "%s%s", work->watched, rest) >= 0)
			program[i] = new;
	}
}

int watch_copy(struct work *work, struct options *options)
{
	char path[PATH_MAX];
	size_t length = strlen(options->watch);

	while (length > 1 && options->watch[length - 1] == '/')
		length--;
	snprintf(path, sizeof(path), "%.*s", (int)length, options->watch);
	if (options->in_place) {
		char *real = realpath(path, NULL);
		if (!real)
			return complain(STATUS_USAGE, "%s: %s", path, strerror(errno));
		snprintf(work->watched, sizeof(work->watched), "%s", real);
		free(real);
		return STATUS_CLEAN;
	}
	snprintf(work->watched, sizeof(work->watched), "%s/files/watched", work->path);
	if (mkdir(work->watched, 0700) || chmod(work->watched, 0777))
		return watch_no_room(path);
	if (!access(path, F_OK) && copy_files(path, work->watched))
		return watch_no_room(path);
	replace_arguments(work, options->program, path);
	return STATUS_CLEAN;
}

/* ---- before the run */

int watch_open_part(const struct work *work, const char *what, unsigned number)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/trace/%s.%u", work->path, what, number);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0 && fchmod(fd, 0666)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool set_word(const struct work *work, uint64_t word, uint64_t value)
{
	int fd = watch_open_part(work, "first", NAMES_FILE);
	bool is_good = fd >= 0 && pwrite(fd, &value, sizeof(value),
					  (off_t)(word * sizeof(value))) == sizeof(value);

	if (fd >= 0)
		close(fd);
	return is_good;
}

bool watch_add_words(
	struct trace *trace, unsigned kind, uint64_t place, uint64_t value, const char *words)
{
	struct event slots[1 + PATH_MAX / EVENT_SLOT] = {{.kind = (uint8_t)kind,
		.size = kind == EVENT_FILE && place_file(place) == NAMES_FILE,
		.place = place,
		.value = value,
		.length = strlen(words)}};

	memcpy(slots + 1, words, slots[0].length);
	return trace_add(trace, slots, event_slots(slots)) > 0;
}

/*
 * Makes a file "WHAT.NUMBER" for the recorder with the content of the file `from`, and rounds its
 * size up to whole pages.
 */
bool watch_make_part(
	const struct work *work, const char *what, unsigned number, int from, off_t size)
{
	int fd = watch_open_part(work, what, number);
	bool is_good = fd >= 0 && (from < 0 || !copy_data(from, fd, size)) &&
		       !ftruncate(fd, (size + 4095) & ~(off_t)4095);

	if (fd >= 0)
		close(fd);
	return is_good;
}

/*
 * Enters a name into the tables, with the number of its directory, and the number of the file or
 * directory that it leads to.
 */
static bool know_name(struct work *work, struct trace *trace, const char *name, unsigned directory,
	uint64_t leads_to)
{
	struct ring *ring = work->ring;
	unsigned number = ring->name_count++;

	snprintf(ring->names[number], NAMES_LENGTH, "%s", name);
	ring->name_directories[number] = (uint8_t)directory;
	return watch_add_words(trace, EVENT_NAME, directory, number, name) &&
	       set_word(work, number, leads_to);
}

static bool know_file(struct work *work, struct trace *trace, const char *path, const char *name,
	unsigned directory)
{
	struct ring *ring = work->ring;
	unsigned number = ring->file_count + 1;
	struct stat stat;

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_good = fd >= 0 && !fstat(fd, &stat) &&
		       watch_make_part(work, "first", number, fd, stat.st_size) &&
		       watch_make_part(work, "shadow", number, fd, stat.st_size);
	if (is_good) {
		uint64_t size = (uint64_t)stat.st_size;
		ring->file_count = number;
		ring->files[number - 1] = (struct ring_file){.device = stat.st_dev,
			.inode = stat.st_ino,
			.size = (size + 4095) & ~UINT64_C(4095),
			.grown = size};
		is_good = watch_add_words(trace, EVENT_FILE, place_of(number, 0), size, path) &&
			  know_name(work, trace, name, directory, number) &&
			  set_word(work, names_size_word(number), size);
	}
	if (fd >= 0)
		close(fd);
	return is_good;
}

static int know_all(struct work *work, struct trace *trace, const char *path, unsigned directory);

static int know_directory(struct work *work, struct trace *trace, const char *path,
	const char *name, unsigned parent, const struct stat *stat)
{
	struct ring *ring = work->ring;
	unsigned number = ring->directory_count;

	if (number == NAMES_DIRECTORIES)
		return complain(STATUS_NOTHING, "%s has more than %u directories", work->watched,
			NAMES_DIRECTORIES - 1);
	ring->directories[number] = (struct ring_directory){stat->st_dev, stat->st_ino};
	ring->directory_count++;
	if (!watch_add_words(trace, EVENT_DIRECTORY, parent, number, name) ||
		!know_name(work, trace, name, parent, NAMES_DIRECTORY + number))
		return watch_no_room(path);
	return know_all(work, trace, path, number);
}

/* Enters a name of a directory into the tables, with the file or directory that it leads to. */
static int know_entry(struct work *work, struct trace *trace, const char *path, const char *name,
	unsigned directory)
{
	const struct ring *ring = work->ring;
	struct stat stat;

	if (lstat(path, &stat))
		return watch_no_room(path);
	if (!S_ISREG(stat.st_mode) && !S_ISDIR(stat.st_mode))
		return watch_add_words(trace, EVENT_MISSED, 0, MISSED_SPECIAL, path)
			       ? STATUS_CLEAN
			       : watch_no_room(path);
	if (strlen(name) >= NAMES_LENGTH)
		return complain(STATUS_NOTHING,
			"%s: the name is too long: at most %u bytes can be watched", path,
			NAMES_LENGTH - 1);
	if (ring->name_count == NAMES_MAX)
		return complain(
			STATUS_NOTHING, "%s has more than %u names", work->watched, NAMES_MAX);
	if (S_ISDIR(stat.st_mode))
		return know_directory(work, trace, path, name, directory, &stat);
	if (ring->file_count >= EVENT_FILES - 1)
		return complain(STATUS_NOTHING, "%s has more than %u files", work->watched,
			EVENT_FILES - 2);
	return know_file(work, trace, path, name, directory) ? STATUS_CLEAN : watch_no_room(path);
}

static int know_all(struct work *work, struct trace *trace, const char *path, unsigned directory)
{
	struct dirent **list = NULL;
	int count = watch_list_files(path, &list),
	    status = count < 0 ? watch_no_room(path) : STATUS_CLEAN;
	char below[PATH_MAX];

	for (int i = 0; i < count && !status; i++)
		status = watch_path_in(below, path, list[i]->d_name)
				 ? know_entry(work, trace, below, list[i]->d_name, directory)
				 : watch_no_room(path);
	watch_free_list(list, count);
	return status;
}

int watch_begin(struct work *work, struct trace *trace)
{
	struct ring *ring = work->ring;
	struct stat stat;

	if (lstat(work->watched, &stat) ||
		!watch_make_part(work, "first", NAMES_FILE, -1, NAMES_SIZE) ||
		!watch_add_words(trace, EVENT_FILE, place_of(NAMES_FILE, 0), NAMES_SIZE, "names"))
		return watch_no_room(work->watched);
	ring->files[NAMES_FILE - 1].size = NAMES_SIZE;
	ring->file_count = NAMES_FILE;
	ring->directories[0] = (struct ring_directory){stat.st_dev, stat.st_ino};
	ring->directory_count = 1;
	return know_all(work, trace, work->watched, 0);
}
