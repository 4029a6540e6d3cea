/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch.c - the watched directory (--watch): its copy, its files before and after the run, its
 * images
 *
 * Directories inside the watched directory are ignored.
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
#include "command.h"

static int no_room(const char *path)
{
	return complain(STATUS_NOTHING,
		"%s cannot be copied: %s; HOLDFAST_CRASH_DIR names another directory", path,
		strerror(errno));
}

/* Makes the path of a file in a directory. False: the path is too long. */
static bool path_in(char path[PATH_MAX], const char *directory, const char *name)
{
	int length = snprintf(path, PATH_MAX, "%s/%s", directory, name);

	return length > 0 && length < PATH_MAX;
}

/* Lists the regular files of a directory in alphabetical order. Returns their number, or -1. */
static int list_files(const char *path, struct dirent ***list)
{
	int count = scandir(path, list, NULL, alphasort), kept = 0;

	for (int i = 0; i < count; i++) {
		struct stat stat;
		char name[PATH_MAX];
		if (path_in(name, path, (*list)[i]->d_name) && !lstat(name, &stat) &&
			S_ISREG(stat.st_mode))
			(*list)[kept++] = (*list)[i];
		else
			free((*list)[i]);
	}
	return count < 0 ? -1 : kept;
}

static void free_list(struct dirent **list, int count)
{
	for (int i = 0; i < count; i++)
		free(list[i]);
	if (count >= 0)
		free(list);
}

/* ---- copying the directory */

static int copy_files(const char *from, const char *to)
{
	struct dirent **list;
	char old[PATH_MAX], new[PATH_MAX];
	int count = list_files(from, &list), failed = 0;

	for (int i = 0; i < count && !failed; i++) {
		failed = !path_in(old, from, list[i]->d_name) ||
			 !path_in(new, to, list[i]->d_name) || copy_file(old, new);
	}
	free_list(list, count);
	return failed;
}

/* Replaces arguments that name the directory, or a file in it, by names in the copy. */
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
		return no_room(path);
	if (!access(path, F_OK) && copy_files(path, work->watched))
		return no_room(path);
	replace_arguments(work, options->program, path);
	return STATUS_CLEAN;
}

/* ---- before the run */

static int open_part(const struct work *work, const char *what, unsigned number)
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
	int fd = open_part(work, "first", NAMES_FILE);
	bool is_good = fd >= 0 && pwrite(fd, &value, sizeof(value),
					  (off_t)(word * sizeof(value))) == sizeof(value);

	if (fd >= 0)
		close(fd);
	return is_good;
}

static bool add_words(
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

/* Makes a file of the recorder with the content of a file, and room for whole pages. */
static bool make_part(
	const struct work *work, const char *what, unsigned number, int from, off_t size)
{
	int fd = open_part(work, what, number);
	bool is_good = fd >= 0 && (from < 0 || !copy_data(from, fd, size)) &&
		       !ftruncate(fd, (size + 4095) & ~(off_t)4095);

	if (fd >= 0)
		close(fd);
	return is_good;
}

static bool know_file(struct work *work, struct trace *trace, const char *name, unsigned number)
{
	struct ring *ring = work->ring;
	unsigned name_number = ring->name_count++;
	char path[PATH_MAX];
	struct stat stat;

	path_in(path, work->watched, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is_good = fd >= 0 && !fstat(fd, &stat) &&
		       make_part(work, "first", number, fd, stat.st_size) &&
		       make_part(work, "shadow", number, fd, stat.st_size);
	if (is_good) {
		uint64_t size = (uint64_t)stat.st_size;
		ring->files[number - 1] = (struct ring_file){.device = stat.st_dev,
			.inode = stat.st_ino,
			.size = (size + 4095) & ~UINT64_C(4095),
			.grown = size};
		snprintf(ring->names[name_number], NAMES_LENGTH, "%s", name);
		is_good = add_words(trace, EVENT_FILE, place_of(number, 0), size, path) &&
			  add_words(trace, EVENT_NAME, 0, name_number, name) &&
			  set_word(work, name_number, number) &&
			  set_word(work, names_size_word(number), size);
	}
	if (fd >= 0)
		close(fd);
	return is_good;
}

int watch_begin(struct work *work, struct trace *trace)
{
	struct ring *ring = work->ring;
	struct dirent **list = NULL;
	struct stat stat;
	int count = list_files(work->watched, &list), status = STATUS_CLEAN;

	if (count < 0 || lstat(work->watched, &stat) ||
		!make_part(work, "first", NAMES_FILE, -1, NAMES_SIZE) ||
		!add_words(trace, EVENT_FILE, place_of(NAMES_FILE, 0), NAMES_SIZE, "names"))
		status = no_room(work->watched);
	if (!status && count >= (int)EVENT_FILES - 1)
		status = complain(STATUS_NOTHING, "%s has more than %u files", work->watched,
			EVENT_FILES - 2);
	for (int i = 0; i < count && !status; i++) {
		if (strlen(list[i]->d_name) >= NAMES_LENGTH)
			status = complain(STATUS_NOTHING,
				"%s/%s: names of at most %u bytes can be "
				"watched",
				work->watched, list[i]->d_name, NAMES_LENGTH - 1);
		else if (!know_file(work, trace, list[i]->d_name, NAMES_FILE + 1 + (unsigned)i))
			status = no_room(work->watched);
	}
	free_list(list, count);
	ring->files[NAMES_FILE - 1].size = NAMES_SIZE;
	ring->file_count = NAMES_FILE + (unsigned)(count > 0 ? count : 0);
	ring->watch_device = stat.st_dev;
	ring->watch_inode = stat.st_ino;
	return status;
}

/* ---- after the run */

/* The number of the file whose content has this number. */
static unsigned file_of(const struct ring *ring, unsigned content)
{
	for (unsigned i = 0; i < ring->file_count; i++)
		if (ring->files[i].content == content)
			return i + 1;
	return ring->files[content - 1].content ? 0 : content;
}

/* Makes room for data that was written without being recorded. */
static bool make_room(struct work *work, struct run *run, unsigned content, off_t size)
{
	uint64_t whole = ((uint64_t)size + 4095) & ~UINT64_C(4095);

	if (whole <= work->ring->files[content - 1].size)
		return true;
	work->ring->files[content - 1].size = whole;
	return make_part(work, "first", content, -1, (off_t)whole) &&
	       make_part(work, "shadow", content, -1, (off_t)whole) &&
	       add_words(&run->trace, EVENT_FILE, place_of(content, 0), whole, "(content)");
}

int watch_open(struct work *work, struct run *run, unsigned content)
{
	struct dirent **list = NULL;
	unsigned file = content == NAMES_FILE ? 0 : file_of(work->ring, content);
	int count = file ? list_files(work->watched, &list) : -1, found = -1;

	for (int i = 0; i < count && found < 0; i++) {
		const struct ring_file *known = &work->ring->files[file - 1];
		char path[PATH_MAX];
		struct stat stat;
		path_in(path, work->watched, list[i]->d_name);
		if (!lstat(path, &stat) && stat.st_dev == known->device &&
			stat.st_ino == known->inode && make_room(work, run, content, stat.st_size))
			found = open(path, O_RDONLY | O_CLOEXEC);
	}
	free_list(list, count);
	return found;
}

int watch_note_size(struct work *work, struct run *run, unsigned content, off_t size)
{
	struct event slots[2] = {{.kind = EVENT_NAMES,
		.size = 1,
		.place = names_page(content),
		.value = content,
		.length = sizeof(struct name_change)}};
	struct name_change change = {0, (uint64_t)size};

	memcpy(slots + 1, &change, sizeof(change));
	if ((uint64_t)size <= work->ring->files[content - 1].grown)
		return 0;
	int taken = trace_add(&run->trace, slots, 2);
	return taken < 0 ? taken : 0;
}

/* Makes the first page of the file of names, as the records leave it at the end. */
static bool last_names(const struct work *work, const struct run *run, unsigned char *page)
{
	int fd = open_part(work, "first", NAMES_FILE);
	bool is_good = fd >= 0 && pread(fd, page, EVENT_PAGE, 0) == (ssize_t)EVENT_PAGE;
	const struct event *event = trace_first(&run->trace);

	for (; event; event = trace_next(&run->trace, event)) {
		struct name_change change;
		for (uint64_t i = 0; i < event->length / sizeof(change); i++) {
			if (event->kind != EVENT_NAMES || event->place != names_page(0))
				break;
			memcpy(&change, event_payload(event) + i * sizeof(change), sizeof(change));
			memcpy(page + change.word * sizeof(change.value), &change.value,
				sizeof(change.value));
		}
	}
	if (fd >= 0)
		close(fd);
	return is_good;
}

static bool leads_to(const struct work *work, const char *name, uint64_t file)
{
	const struct ring_file *known = &work->ring->files[file - 1];
	char path[PATH_MAX];
	struct stat stat;

	path_in(path, work->watched, name);
	return !lstat(path, &stat) && stat.st_dev == known->device && stat.st_ino == known->inode;
}

unsigned watch_differs(const struct work *work, const struct run *run)
{
	unsigned char page[EVENT_PAGE];
	struct dirent **list = NULL;
	int count = list_files(work->watched, &list);
	unsigned differs = 0, there = 0;

	if (!last_names(work, run, page))
		return 1;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		uint64_t file = names_read(page, 0, i);
		if (!file || file > EVENT_FILES || !run->trace.names[i])
			continue;
		there++;
		differs += !leads_to(work, run->trace.names[i], file);
	}
	free_list(list, count);
	return differs || (unsigned)count != there ? differs + 1 : 0;
}

/* ---- images */

static bool write_file(const struct run *run, unsigned char *const *image, const char *path,
	unsigned content, uint64_t size)
{
	const unsigned char *from = image[content - 1];
	uint64_t length = size < run->mapped[content - 1] ? size : run->mapped[content - 1];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool is_good = fd >= 0 && !fchmod(fd, 0666) && !ftruncate(fd, (off_t)size);

	for (uint64_t at = 0; is_good && from && at < length;) {
		ssize_t put = pwrite(fd, from + at, length - at, (off_t)at);
		is_good = put > 0;
		at += is_good ? (uint64_t)put : 0;
	}
	if (fd >= 0)
		close(fd);
	return is_good;
}

static void remove_all(const char *directory)
{
	struct dirent **list = NULL;
	int count = list_files(directory, &list);

	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		path_in(path, directory, list[i]->d_name);
		unlink(path);
	}
	free_list(list, count);
}

int watch_show(const struct run *run, unsigned char *const *image, const char *directory)
{
	const unsigned char *names = image[NAMES_FILE - 1];
	char first[EVENT_FILES + 1][NAMES_LENGTH] = {{0}}, path[PATH_MAX], old[PATH_MAX];
	bool is_good = true;

	remove_all(directory);
	for (unsigned i = 0; i < NAMES_MAX && is_good; i++) {
		uint64_t file = names_read(names, 0, i);
		if (!run->trace.names[i] || !file || file > run->trace.file_count)
			continue;
		path_in(path, directory, run->trace.names[i]);
		path_in(old, directory, first[file]);
		is_good = *first[file] ? !link(old, path)
				       : write_file(run, image, path,
						 (unsigned)names_content(names, file),
						 names_size(names, file));
		snprintf(first[file], NAMES_LENGTH, "%s", run->trace.names[i]);
	}
	return is_good ? STATUS_CLEAN : no_room(directory);
}
