/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watched.c - the watched directory (--watch) and its subdirectories, after the run and in images
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

/* ---- the paths of names */

/*
 * A tree of directories. `page` is the table (names.h) that says to which file or directory each
 * name leads. `names` holds for each directory 1 + the index of its name in `trace->names`, or 0
 * for a directory without a name.
 */
struct tree {
	const struct trace *trace;
	const unsigned char *page;
	unsigned names[NAMES_DIRECTORIES];
};

static void make_tree(const struct trace *trace, const unsigned char *page, struct tree *tree)
{
	*tree = (struct tree){.trace = trace, .page = page};
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		uint64_t value = names_read(page, 0, i);
		if (trace->names[i] && value > NAMES_DIRECTORY &&
			value < NAMES_DIRECTORY + NAMES_DIRECTORIES)
			tree->names[value - NAMES_DIRECTORY] = i + 1;
	}
}

/*
 * Makes the path of a name in the tree below `directory`. Returns false if the path is too long,
 * or if a directory of the path has no name.
 */
static bool name_path(const struct tree *tree, unsigned name, const char *directory, char *path)
{
	const char *parts[NAMES_DIRECTORIES];
	char longer[PATH_MAX];
	unsigned count = 0, at;

	for (;; name = tree->names[at] - 1) {
		if (count == NAMES_DIRECTORIES)
			return false; /* damaged: a directory contains itself */
		parts[count++] = tree->trace->names[name];
		at = tree->trace->name_directories[name];
		if (!at)
			break;
		if (!tree->names[at])
			return false;
	}
	snprintf(path, PATH_MAX, "%s", directory);
	while (count--) {
		if (!watch_path_in(longer, path, parts[count]))
			return false;
		memcpy(path, longer, PATH_MAX);
	}
	return true;
}

/*
 * Returns the number of the file that a name leads to; more than NAMES_DIRECTORY for a directory;
 * 0 for an unused name.
 */
static uint64_t name_value(const struct tree *tree, unsigned name)
{
	uint64_t value = tree->trace->names[name] ? names_read(tree->page, 0, name) : 0;
	bool is_directory = value > NAMES_DIRECTORY && value < NAMES_DIRECTORY + NAMES_DIRECTORIES;

	return is_directory || value <= tree->trace->file_count ? value : 0;
}

/* ---- after the run */

/* Returns the number of the file that has this content, or 0 if no file has it. */
static unsigned file_of(const struct ring *ring, unsigned content)
{
	for (unsigned i = 0; i < ring->file_count; i++)
		if (ring->files[i].content == content)
			return i + 1;
	return ring->files[content - 1].content ? 0 : content;
}

/* Enlarges the recorder's copies of a file that has grown without a record of this growth. */
static bool make_room(struct work *work, struct run *run, unsigned content, off_t size)
{
	uint64_t whole = ((uint64_t)size + 4095) & ~UINT64_C(4095);

	if (whole <= work->ring->files[content - 1].size)
		return true;
	work->ring->files[content - 1].size = whole;
	return watch_make_part(work, "first", content, -1, (off_t)whole) &&
	       watch_make_part(work, "shadow", content, -1, (off_t)whole) &&
	       watch_add_words(&run->trace, EVENT_FILE, place_of(content, 0), whole, "(content)");
}

static bool is_file(const struct work *work, const char *path, uint64_t file)
{
	const struct ring_file *known = &work->ring->files[file - 1];
	struct stat stat;

	return !lstat(path, &stat) && stat.st_dev == known->device && stat.st_ino == known->inode;
}

/* Finds the file with this number in a directory or its subdirectories, and opens it. */
static int open_below(const struct work *work, const char *directory, unsigned file)
{
	struct dirent **list = NULL;
	int count = watch_list_files(directory, &list), found = -1;
	char path[PATH_MAX];
	struct stat stat;

	for (int i = 0; i < count && found < 0; i++) {
		if (!watch_path_in(path, directory, list[i]->d_name) || lstat(path, &stat))
			continue;
		if (S_ISDIR(stat.st_mode))
			found = open_below(work, path, file);
		else if (is_file(work, path, file))
			found = open(path, O_RDONLY | O_CLOEXEC);
	}
	watch_free_list(list, count);
	return found;
}

int watch_open(struct work *work, struct run *run, unsigned content)
{
	unsigned file = content == NAMES_FILE ? 0 : file_of(work->ring, content);
	int found = file ? open_below(work, work->watched, file) : -1;
	struct stat stat;

	if (found >= 0 && (fstat(found, &stat) || !make_room(work, run, content, stat.st_size))) {
		close(found);
		return -1;
	}
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

/* Computes from the records to which file each name leads at the end of the run. */
static bool last_names(const struct work *work, const struct run *run, unsigned char *page)
{
	int fd = watch_open_part(work, "first", NAMES_FILE);
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

/* Returns the number of files and directories in a directory and its subdirectories. */
static unsigned count_below(const char *directory)
{
	struct dirent **list = NULL;
	int count = watch_list_files(directory, &list);
	unsigned below = 0;
	char path[PATH_MAX];
	struct stat stat;

	for (int i = 0; i < count; i++) {
		if (!watch_path_in(path, directory, list[i]->d_name) || lstat(path, &stat))
			continue;
		below += S_ISREG(stat.st_mode) || S_ISDIR(stat.st_mode);
		below += S_ISDIR(stat.st_mode) ? count_below(path) : 0;
	}
	watch_free_list(list, count);
	return below;
}

static bool leads_to(const struct work *work, const char *path, uint64_t value)
{
	struct stat stat;

	if (value <= EVENT_FILES)
		return is_file(work, path, value);
	const struct ring_directory *known = &work->ring->directories[value - NAMES_DIRECTORY];
	return !lstat(path, &stat) && stat.st_dev == known->device && stat.st_ino == known->inode;
}

unsigned watch_differs(const struct work *work, const struct run *run)
{
	unsigned char page[EVENT_PAGE];
	unsigned differs = 0, there = 0;
	char path[PATH_MAX];
	struct tree tree;

	if (!last_names(work, run, page))
		return 1;
	make_tree(&run->trace, page, &tree);
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		uint64_t value = name_value(&tree, i);
		if (!value || !name_path(&tree, i, work->watched, path))
			continue;
		there++;
		differs += !leads_to(work, path, value);
	}
	return differs || count_below(work->watched) != there ? differs + 1 : 0;
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
	int count = watch_list_files(directory, &list);
	char path[PATH_MAX];

	for (int i = 0; i < count; i++) {
		if (!watch_path_in(path, directory, list[i]->d_name) || !unlink(path))
			continue;
		remove_all(path);
		rmdir(path);
	}
	watch_free_list(list, count);
}

/* Makes a directory, and the directories that contain it. */
static bool make_directories(const char *directory, char *path)
{
	bool is_good = true;

	for (char *at = path + strlen(directory) + 1; at && is_good;) {
		at = strchr(at, '/');
		if (at)
			*at = '\0';
		is_good = (!mkdir(path, 0777) && !chmod(path, 0777)) || errno == EEXIST;
		if (at)
			*at++ = '/';
	}
	return is_good;
}

static bool show_file(const struct run *run, unsigned char *const *image, const char *path,
	uint64_t file, char *first)
{
	const unsigned char *names = image[NAMES_FILE - 1];
	bool is_linked = *first;

	if (is_linked)
		return !link(first, path);
	snprintf(first, PATH_MAX, "%s", path);
	return write_file(
		run, image, path, (unsigned)names_content(names, file), names_size(names, file));
}

int watch_show(const struct run *run, unsigned char *const *image, const char *directory)
{
	static char first[EVENT_FILES + 1][PATH_MAX]; /* first path found for each file */
	char path[PATH_MAX];
	struct tree tree;
	bool is_good = true;

	remove_all(directory);
	make_tree(&run->trace, image[NAMES_FILE - 1], &tree);
	for (unsigned i = 0; i <= EVENT_FILES; i++)
		first[i][0] = '\0';
	for (unsigned i = 0; i < NAMES_DIRECTORIES && is_good; i++)
		if (tree.names[i] && name_path(&tree, tree.names[i] - 1, directory, path))
			is_good = make_directories(directory, path);
	for (unsigned i = 0; i < NAMES_MAX && is_good; i++) {
		uint64_t file = name_value(&tree, i);
		if (file && file <= EVENT_FILES && name_path(&tree, i, directory, path))
			is_good = show_file(run, image, path, file, first[file]);
	}
	return is_good ? STATUS_CLEAN : watch_no_room(directory);
}
