/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files.c - the files under test
 *
 * A file is under test if the tool copied it (it lies below files/ in the tool's directory), if it
 * was created during the run, or if the tool declared all files to be under test. In the tool's
 * directory, first.N keeps the first content of file number N, and shadow.N its content according
 * to the records so far.
 */
#include "libholdfast-trace/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

bool files_name(int fd, char *name, size_t size)
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, name, size - 1);
	name[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static bool is_below_files(const char *name)
{
	char directory[512];
	int fd = trace_directory();

	if (fd < 0 || !files_name(fd, directory, sizeof(directory)))
		return false;
	/*
	 * The directory above the trace: the trace is in DIR/trace, and copies of files are in
	 * DIR/files.
	 */
	char *slash = strrchr(directory, '/');
	if (!slash)
		return false;
	*slash = '\0';
	size_t length = strlen(directory);
	return !strncmp(name, directory, length) && !strncmp(name + length, "/files/", 7);
}

static bool is_born_in_run(int fd)
{
	struct statx statx;

	if (syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BTIME, &statx) ||
		!(statx.stx_mask & STATX_BTIME))
		return false;
	return statx.stx_btime.tv_sec > ring->start_seconds ||
	       (statx.stx_btime.tv_sec == ring->start_seconds &&
		       statx.stx_btime.tv_nsec >= ring->start_nanoseconds);
}

bool files_is_under_test(int fd, const char *name)
{
	return ring->all_files || is_below_files(name) || is_born_in_run(fd);
}

unsigned files_known(const struct stat *stat)
{
	unsigned count = __atomic_load_n(&ring->file_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		if (ring->files[i].device == stat->st_dev && ring->files[i].inode == stat->st_ino)
			return i + 1;
	return 0;
}

unsigned files_number(int fd)
{
	struct stat stat;

	if (!ring || !ring->file_count || fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return 0;
	return files_known(&stat);
}

/*
 * Copies bytes [from, to) to another file. Does not move the file position of the program.
 */
static bool copy_bytes(int in, int out, off_t from, off_t to)
{
	char buffer[16384];

	while (from < to) {
		size_t wanted =
			to - from < (off_t)sizeof(buffer) ? (size_t)(to - from) : sizeof(buffer);
		ssize_t got = syscall(SYS_pread64, in, buffer, wanted, from);
		if (got <= 0 || syscall(SYS_pwrite64, out, buffer, (size_t)got, from) != got)
			return got == 0;
		from += got;
	}
	return true;
}

/*
 * Copies the data of a file, but not its holes. Opens the file again, because seeking would move
 * the file position of the program.
 */
static bool copy_data(int fd, int out, off_t size)
{
	char link[64];
	off_t from = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	int in = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return false;
	bool copied = true;
	while (copied && (from = syscall(SYS_lseek, in, from, SEEK_DATA)) >= 0 && from < size) {
		off_t to = syscall(SYS_lseek, in, from, SEEK_HOLE);
		if (to < 0 || to > size)
			to = size;
		copied = copy_bytes(in, out, from, to);
		from = to;
	}
	syscall(SYS_close, in);
	return copied;
}

int files_open(const char *what, unsigned number)
{
	char name[32];
	int directory = trace_directory();

	snprintf(name, sizeof(name), "%s.%u", what, number);
	return directory < 0 ? -1
			     : (int)syscall(SYS_openat, directory, name,
				       O_RDWR | O_CREAT | O_CLOEXEC, 0666);
}

static bool grow_beside(const char *what, unsigned number, int from, uint64_t old, uint64_t size)
{
	int fd = files_open(what, number);

	if (fd < 0)
		return false;
	bool done = !syscall(SYS_ftruncate, fd, (size + PAGE - 1) & ~(PAGE - 1)) &&
		    (old || copy_data(from, fd, (off_t)size));
	syscall(SYS_close, fd);
	return done;
}

static void write_file(unsigned number, uint64_t size, const char *name, unsigned what)
{
	write_event(&(struct event){.kind = EVENT_FILE,
			    .size = (uint8_t)what,
			    .place = place_of(number, 0),
			    .value = size,
			    .length = strlen(name)},
		name);
}

/*
 * Keeps the first content of a file that is new or has grown. Bytes that were added by growing are
 * assumed to have been zero.
 */
static bool keep_file(unsigned number, int fd, const struct stat *stat, const char *name)
{
	struct ring_file *file = &ring->files[number - 1];
	uint64_t size = (uint64_t)stat->st_size;

	if (!grow_beside("first", number, fd, file->size, size) ||
		!grow_beside("shadow", number, fd, file->size, size))
		return false;
	file->device = stat->st_dev;
	file->inode = stat->st_ino;
	file->size = size;
	write_file(number, size, name, 0);
	return true;
}

/*
 * Returns the number of the file under test, after registering the file if it is new; 0 on
 * failure.
 */
unsigned files_register_as(int fd, const struct stat *stat, const char *name)
{
	lock_take(&ring->lock);
	unsigned number = files_known(stat);
	bool is_new = !number;
	if (is_new)
		number = ring->file_count < EVENT_FILES ? ring->file_count + 1 : 0;
	bool kept =
		number && ((!is_new && ring->files[number - 1].size >= (uint64_t)stat->st_size) ||
				  keep_file(number, fd, stat, name));
	if (kept && is_new)
		__atomic_store_n(&ring->file_count, number, __ATOMIC_RELEASE);
	lock_leave(&ring->lock);
	return kept ? number : 0;
}

unsigned files_register(int fd)
{
	char name[512];
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !files_name(fd, name, sizeof(name)))
		return 0;
	return files_register_as(fd, &stat, name);
}

/*
 * Sets the size of the file, in the table and in the trace. The caller holds the lock. If `name`
 * is NULL, the file keeps its name.
 */
static bool write_size(unsigned number, uint64_t size, const char *name)
{
	static const char *const what[] = {"first", "shadow"};

	for (unsigned i = 0; i < 2; i++) {
		int fd = files_open(what[i], number);
		bool done = fd >= 0 && !syscall(SYS_ftruncate, fd, size);
		if (fd >= 0)
			syscall(SYS_close, fd);
		if (!done)
			return false;
	}
	ring->files[number - 1].size = size;
	write_file(number, size, name, 0);
	return true;
}

bool files_make_room(unsigned number, uint64_t end)
{
	uint64_t size = PAGE;

	while (size < end)
		size *= 2;
	lock_take(&ring->lock);
	bool done = ring->files[number - 1].size >= end || write_size(number, size, "");
	lock_leave(&ring->lock);
	return done;
}

unsigned files_new_content(const char *name)
{
	lock_take(&ring->lock);
	unsigned number = ring->file_count < EVENT_FILES ? ring->file_count + 1 : 0;
	if (number && write_size(number, PAGE, name))
		__atomic_store_n(&ring->file_count, number, __ATOMIC_RELEASE);
	else
		number = 0;
	lock_leave(&ring->lock);
	return number;
}

/*
 * Returns an inode number for a mirror, which is a pool on another machine. The number is computed
 * from the mirror's name; the device number of all mirrors is 0.
 */
static uint64_t mirror_inode(const char *name)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
	return hash | 1;
}

static bool keep_mirror(unsigned number, const char *name, uint64_t size)
{
	struct ring_file *file = &ring->files[number - 1];
	int first = files_open("first", number);
	bool is_good = first >= 0 && !syscall(SYS_ftruncate, first, size);

	if (first >= 0)
		syscall(SYS_close, first);
	if (!is_good)
		return false;
	file->device = 0;
	file->inode = mirror_inode(name);
	file->size = size;
	write_file(number, size, name, EVENT_FILE_MIRROR);
	return true;
}

unsigned files_add_mirror(const char *name, uint64_t size, uint64_t *known)
{
	struct stat stat = {.st_dev = 0, .st_ino = mirror_inode(name)};

	lock_take(&ring->lock);
	unsigned number = files_known(&stat);
	bool is_new = !number;
	*known = is_new ? 0 : ring->files[number - 1].size;
	if (is_new && ring->file_count < EVENT_FILES)
		number = ring->file_count + 1;
	if (number && *known < size && !keep_mirror(number, name, size))
		number = 0;
	if (number && is_new)
		__atomic_store_n(&ring->file_count, number, __ATOMIC_RELEASE);
	lock_leave(&ring->lock);
	return number;
}

int files_shadow(unsigned number)
{
	return files_open("shadow", number);
}
