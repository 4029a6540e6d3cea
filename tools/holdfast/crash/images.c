/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * images.c - make, restore and copy the files of images, and map the memory in which images are
 * made
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

#define PAGE UINT64_C(4096)

const char *file_base_name(const struct trace *trace, unsigned number)
{
	const char *name = trace->files[number - 1].name;
	const char *slash = name ? strrchr(name, '/') : NULL;

	return slash ? slash + 1 : name ? name : "file";
}

static void image_path(const struct work *work, const struct run *run, const char *directory,
	unsigned number, char *path)
{
	const char *name = file_base_name(&run->trace, number);
	bool is_twice = false;

	for (unsigned i = 1; i < number; i++)
		is_twice |= !strcmp(file_base_name(&run->trace, i), name);
	if (is_twice)
		snprintf(path, PATH_MAX, "%s/%s/%s.%u", work->path, directory, name, number);
	else
		snprintf(path, PATH_MAX, "%s/%s/%s", work->path, directory, name);
}

/*
 * Returns the name of the directory for a worker's image or its copy. Worker 0 uses `name` itself.
 */
static const char *worker_directory(const char *name, unsigned worker)
{
	static char directory[32];

	if (!worker)
		return name;
	snprintf(directory, sizeof(directory), "%s-%u", name, worker);
	return directory;
}

void image_file(const struct work *work, const struct run *run, const char *directory,
	unsigned worker, unsigned number, char *path)
{
	image_path(work, run, worker_directory(directory, worker), number, path);
}

char *image_name(
	const struct work *work, const struct run *run, const char *directory, unsigned worker)
{
	char path[PATH_MAX];

	directory = worker_directory(directory, worker);
	snprintf(path, sizeof(path), "%s/%s", work->path, directory);
	for (unsigned i = 1; i <= run->trace.file_count; i++)
		if (file_is_tested(run, i) && files_tested(run) == 1 && !run->trace.has_names)
			image_path(work, run, directory, i, path);
	return strdup(path);
}

static uint64_t whole_pages(uint64_t size)
{
	return (size + PAGE - 1) & ~(PAGE - 1);
}

static unsigned char *map(int fd, uint64_t size, int flags)
{
	void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

#define EXTENTS 4096u /* maximum number of a file's extents that are mapped one by one */

/*
 * Maps a file privately, and anonymous memory in place of the file's holes: on tmpfs, reading a
 * hole through a map of the file would allocate a page of memory.
 */
static unsigned char *map_data(int fd, uint64_t size)
{
	unsigned char *mapped = map(-1, size, MAP_PRIVATE | MAP_ANONYMOUS);
	unsigned extents = 0;
	off_t at = 0;

	while (mapped && (at = lseek(fd, at, SEEK_DATA)) >= 0 && at < (off_t)size) {
		off_t end = extents++ < EXTENTS ? lseek(fd, at, SEEK_HOLE) : (off_t)size;
		end = end < 0 || end > (off_t)size ? (off_t)size : end;
		at &= ~(off_t)(PAGE - 1);
		if (mmap(mapped + at, (size_t)(end - at), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, at) == MAP_FAILED) {
			munmap(mapped, size);
			return NULL;
		}
		at = end;
	}
	return mapped;
}

static int no_images(const struct work *work)
{
	return complain(STATUS_NOTHING,
		"no room for images in %s: %s; HOLDFAST_CRASH_DIR names another directory",
		work->path, strerror(errno));
}

/*
 * Makes an image file with the content that the file had before the run. Returns a descriptor, or
 * -1.
 */
static int make_image_file(
	const struct work *work, const struct run *run, unsigned worker, unsigned number, int first)
{
	char path[PATH_MAX];

	image_path(work, run, worker_directory("image", worker), number, path);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	off_t size = (off_t)run->trace.files[number - 1].size;
	if (fchmod(fd, 0666) || copy_data(first, fd, size)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool make_one(struct work *work, struct run *run, unsigned number)
{
	char path[PATH_MAX];
	uint64_t size = whole_pages(run->trace.files[number - 1].size);

	snprintf(path, sizeof(path), "%s/trace/first.%u", work->path, number);
	int first = open(path, O_RDWR | O_CLOEXEC);
	int image = first < 0 || !size ? -1 : make_image_file(work, run, 0, number, first);
	if (image >= 0) {
		run->mapped[number - 1] = size;
		run->memories.first[number - 1] = map_data(first, size);
		run->memories.base[number - 1] = map_data(first, size);
		run->memories.droppable[number - 1] = size;
		run->memories.image[number - 1] = map(image, size, MAP_SHARED);
		close(image);
	}
	if (first >= 0)
		close(first);
	return image >= 0 && run->memories.first[number - 1] && run->memories.base[number - 1] &&
	       run->memories.image[number - 1];
}

/*
 * Maps the content that a file had before the run. A saved trace contains this content even for a
 * file that is not tested.
 */
static bool make_first(struct work *work, struct run *run, unsigned number)
{
	char path[PATH_MAX];
	uint64_t size = whole_pages(run->trace.files[number - 1].size);

	snprintf(path, sizeof(path), "%s/trace/first.%u", work->path, number);
	int first = open(path, O_RDWR | O_CLOEXEC);
	if (first < 0)
		return false;
	run->mapped[number - 1] = size;
	run->memories.first[number - 1] = map_data(first, size);
	close(first);
	return run->memories.first[number - 1];
}

int images_make(struct work *work, struct run *run)
{
	for (unsigned i = 1; i <= run->trace.file_count; i++)
		if (run->trace.files[i - 1].size &&
			!(file_is_tested(run, i) ? make_one(work, run, i)
						 : make_first(work, run, i)))
			return no_images(work);
	return STATUS_CLEAN;
}

static bool make_image_again(
	const struct work *work, struct run *run, unsigned worker, unsigned number)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/trace/first.%u", work->path, number);
	int first = open(path, O_RDWR | O_CLOEXEC);
	int image = first < 0 ? -1 : make_image_file(work, run, worker, number, first);
	unsigned char *mapped = image < 0 ? NULL : map(image, run->mapped[number - 1], MAP_SHARED);
	memories_image(&run->memories, worker)[number - 1] = mapped;
	if (first >= 0)
		close(first);
	if (image >= 0)
		close(image);
	return mapped;
}

int images_make_more(struct work *work, struct run *run, unsigned count)
{
	if (!count)
		return STATUS_CLEAN;
	run->memories.more = calloc(count, sizeof(*run->memories.more));
	if (!run->memories.more)
		return complain(STATUS_NOTHING, "out of memory");
	run->memories.more_count = count;
	for (unsigned worker = 1; worker <= count; worker++) {
		if (!work_make_part(work, worker_directory("image", worker)) ||
			!work_make_part(work, worker_directory("copy", worker)))
			return no_images(work);
		for (unsigned i = 1; i <= run->trace.file_count; i++)
			if (file_is_tested(run, i) && !make_image_again(work, run, worker, i))
				return no_images(work);
	}
	return STATUS_CLEAN;
}

/*
 * Makes the file first.N, which has the content of file N before the run, as when a run is
 * recorded. Here, the content is `bytes`, which was loaded with the trace.
 */
static bool write_first(
	const struct work *work, const unsigned char *bytes, uint64_t size, unsigned number)
{
	char path[PATH_MAX];
	bool is_good = true;

	snprintf(path, sizeof(path), "%s/trace/first.%u", work->path, number);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, (off_t)size))
		is_good = false;
	for (uint64_t at = 0; is_good && at < size; at += PAGE)
		if (bytes[at] || memcmp(bytes + at, bytes + at + 1, PAGE - 1))
			is_good = pwrite(fd, bytes + at, PAGE, (off_t)at) == (ssize_t)PAGE;
	if (fd >= 0)
		close(fd);
	return is_good;
}

int images_load(struct work *work, struct run *run, unsigned char **first)
{
	for (unsigned i = 1; i <= run->trace.file_count; i++)
		if (!write_first(work, first[i - 1], whole_pages(run->trace.files[i - 1].size), i))
			return no_images(work);
	return images_make(work, run);
}

/* Restores an image file: its size, and its content from `base`. */
static bool restore_one(
	const struct work *work, const struct run *run, unsigned worker, unsigned number)
{
	char path[PATH_MAX], first_path[PATH_MAX];
	bool is_good = false;

	snprintf(first_path, sizeof(first_path), "%s/trace/first.%u", work->path, number);
	image_path(work, run, worker_directory("image", worker), number, path);
	int first = open(first_path, O_RDONLY | O_CLOEXEC), fd = open(path, O_RDWR | O_CLOEXEC);
	if (first >= 0 && fd >= 0 && !ftruncate(fd, 0))
		is_good = !copy_data(first, fd, (off_t)run->trace.files[number - 1].size);
	if (fd >= 0)
		close(fd);
	if (first >= 0)
		close(first);
	return is_good;
}

int images_restore(struct work *work, struct run *run, unsigned worker)
{
	for (unsigned i = 1; i <= run->trace.file_count; i++)
		if (file_is_tested(run, i) && !restore_one(work, run, worker, i))
			return complain(STATUS_NOTHING,
				"an image that the checker changed could not be restored: %s",
				strerror(errno));
	explore_base_image(&run->trace, &run->memories, worker);
	return STATUS_CLEAN;
}

static bool write_one(
	const struct work *work, const struct run *run, unsigned number, const char *to)
{
	char path[PATH_MAX];

	image_path(work, run, "image", number, path);
	int image = open(path, O_RDONLY | O_CLOEXEC);
	int out = image < 0 ? -1 : open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool is_good = out >= 0 && !copy_data(image, out, (off_t)run->trace.files[number - 1].size);
	if (image >= 0)
		close(image);
	if (out >= 0 && close(out))
		is_good = false;
	return is_good;
}

int images_write(struct work *work, struct run *run, const char *to)
{
	unsigned count = files_tested(run);
	char path[PATH_MAX];

	if ((count > 1 || run->trace.has_names) && mkdir(to, 0777) && errno != EEXIST)
		return complain(STATUS_USAGE, "%s: %s", to, strerror(errno));
	if (run->trace.has_names)
		return watch_show(run, run->memories.image, to);
	for (unsigned i = 1; i <= run->trace.file_count; i++) {
		if (!file_is_tested(run, i))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", to, count > 1 ? "/" : "",
			count > 1 ? file_base_name(&run->trace, i) : "");
		if (!write_one(work, run, i, path))
			return complain(STATUS_USAGE, "%s: %s", path, strerror(errno));
	}
	return STATUS_CLEAN;
}

int images_zero(struct work *work, struct run *run)
{
	char path[PATH_MAX];

	for (unsigned i = 1; i <= run->trace.file_count; i++) {
		if (!file_is_tested(run, i))
			continue;
		image_path(work, run, "image", i, path);
		if (truncate(path, 0) || truncate(path, (off_t)run->trace.files[i - 1].size))
			return no_images(work);
	}
	return STATUS_CLEAN;
}

static void forget_memories(struct run *run)
{
	struct memories *memories = &run->memories;

	for (unsigned f = 0; f < EVENT_FILES; f++) {
		if (!run->mapped[f])
			continue;
		trace_file_free(memories->first[f], run->mapped[f]);
		if (memories->base[f])
			trace_file_free(memories->base[f], run->mapped[f]);
		for (unsigned w = 0; w <= memories->more_count; w++)
			if (memories_image(memories, w)[f])
				trace_file_free(memories_image(memories, w)[f], run->mapped[f]);
		run->mapped[f] = 0;
	}
	free(memories->more);
	*memories = (struct memories){0};
}

void images_forget(const struct work *work, struct run *run)
{
	for (unsigned worker = 0; worker <= run->memories.more_count; worker++) {
		work_remove_part(work, worker_directory("image", worker));
		work_remove_part(work, worker_directory("copy", worker));
	}
	forget_memories(run);
}

void run_forget(struct run *run)
{
	forget_memories(run);
	trace_fini(&run->trace);
}
