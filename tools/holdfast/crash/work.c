/* SPDX-License-Identifier: BSD-3-Clause */
/* work.c - make and remove the directory of a run, with copies of files, the ring, and images */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/magic.h>

#include "holdfast/tool.h"
#include "command.h"

volatile sig_atomic_t is_stopped;
const char *command_name = "holdfast crash";

static char last_complaint[512];

const char *last_message(void)
{
	return *last_complaint ? last_complaint : "a signal ended it";
}

int complain(enum status status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(last_complaint, sizeof(last_complaint), format, ap);
	va_end(ap);
	progress_end();
	fprintf(stderr, "%s: %s\n", command_name, last_complaint);
	return (int)status;
}

void set_model_variables(enum model model)
{
	bool is_byte = model == MODEL_BYTE || model == MODEL_PROCESS;

	setenv("PMEM_IS_PMEM_FORCE", model == MODEL_PAGE ? "0" : "1", 1);
	setenv("PMEM2_FORCE_GRANULARITY",
		model == MODEL_PAGE ? "PAGE"
		: is_byte           ? "BYTE"
				    : "CACHE_LINE",
		1);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	remove(path);
	return 0;
}

void work_remove_part(const struct work *work, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", work->path, name);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void work_drop_copies(const struct work *work)
{
	work_remove_part(work, "files");
}

void work_remove(struct work *work)
{
	if (!*work->path)
		return;
	nftw(work->path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	*work->path = '\0';
}

static bool make_part(const struct work *work, const char *name, mode_t mode)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", work->path, name);
	/* accessible to all: programs may drop privileges before they open their files */
	return !mkdir(path, 0700) && !chmod(path, mode);
}

bool work_make_part(const struct work *work, const char *name)
{
	return make_part(work, name, 0755);
}

static int open_part(const struct work *work, const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", work->path, name);
	int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0 && fchmod(fd, 0666)) {
		close(fd);
		return -1;
	}
	return fd;
}

static bool make_ring(struct work *work)
{
	struct timespec now;
	struct stat namespace;
	int fd = open_part(work, "trace/ring", O_RDWR);

	if (fd < 0)
		return false;
	/*
	 * allocate all blocks of the ring now: for lack of room later, the program would get SIGBUS
	 */
	errno = posix_fallocate(fd, 0, sizeof(struct ring));
	work->ring =
		errno ? MAP_FAILED
		      : mmap(NULL, sizeof(struct ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (work->ring == MAP_FAILED)
		return false;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	work->ring->magic = RING_MAGIC;
	work->ring->start_seconds = now.tv_sec;
	work->ring->start_nanoseconds = (uint32_t)now.tv_nsec;
	work->ring->reader = getpid();
	if (!stat("/proc/self/ns/pid", &namespace))
		work->ring->namespace = namespace.st_ino;
	return true;
}

/*
 * Makes the directory of the run. work->path is absolute and without symbolic links, as in the
 * kernel's /proc.
 */
static bool make_directory(struct work *work, const char *directory)
{
	char *real = realpath(directory, NULL);
	int length =
		real ? snprintf(work->path, sizeof(work->path), "%s/holdfast-crash.XXXXXX", real)
		     : -1;

	free(real);
	if (length >= (int)sizeof(work->path))
		errno = ENAMETOOLONG;
	return length >= 0 && length < (int)sizeof(work->path) && mkdtemp(work->path);
}

int work_make(struct work *work)
{
	const char *directory = getenv("HOLDFAST_CRASH_DIR");
	struct statfs statfs_;

	if (!directory)
		directory = "/dev/shm";
	if (!make_directory(work, directory)) {
		*work->path = '\0';
		return complain(STATUS_NOTHING, "no directory for images in %s: %s", directory,
			strerror(errno));
	}
	work->is_tmpfs = !statfs(work->path, &statfs_) && statfs_.f_type == TMPFS_MAGIC;
	if (chmod(work->path, 0711) || !make_part(work, "trace", 0733) ||
		!make_part(work, "files", 0755) || !make_part(work, "image", 0755) ||
		!make_part(work, "copy", 0755) || !make_ring(work) ||
		(work->output = open_part(work, "output", O_RDWR | O_APPEND)) < 0 ||
		write(work->output, "\n", 1) != 1) /* the byte before OUTPUT_BEGINS */
		return complain(STATUS_NOTHING,
			"no room for images in %s: %s; HOLDFAST_CRASH_DIR names another directory",
			directory, strerror(errno));
	return STATUS_CLEAN;
}

static int copy_range(int from, int to, off_t at, off_t end)
{
	static char buffer[1 << 16];

	while (at < end) {
		size_t wanted =
			end - at < (off_t)sizeof(buffer) ? (size_t)(end - at) : sizeof(buffer);
		ssize_t got = pread(from, buffer, wanted, at);
		if (got <= 0)
			return (int)got;
		errno = ENOSPC; /* in case pwrite(2) writes only a part */
		if (pwrite(to, buffer, (size_t)got, at) != got)
			return -1;
		at += got;
	}
	return 0;
}

int copy_data(int from, int to, off_t size)
{
	off_t at = 0;

	if (ftruncate(to, size))
		return -1;
	while ((at = lseek(from, at, SEEK_DATA)) >= 0 && at < size) {
		off_t end = lseek(from, at, SEEK_HOLE);
		if (end < 0 || end > size)
			end = size;
		if (copy_range(from, to, at, end))
			return -1;
		at = end;
	}
	return at >= 0 || errno == ENXIO ? 0 : -1;
}

int copy_file(const char *from, const char *to)
{
	struct stat stat;
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int failed = in < 0 || out < 0 || fstat(in, &stat) || copy_data(in, out, stat.st_size) ||
		     fchmod(out, stat.st_mode & 07777);
	int saved = errno;

	/* Ignore a failure: only root can change the owner, and other users need not. */
	if (!failed && fchown(out, stat.st_uid, stat.st_gid))
		errno = 0;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	errno = saved;
	return failed ? -1 : 0;
}

static bool is_data_file(const char *path)
{
	struct stat found;

	return !stat(path, &found) && S_ISREG(found.st_mode) && access(path, X_OK) &&
	       !access(path, R_OK);
}

/*
 * Copies a file. *copy becomes the copy's name, which is never freed. If the file does not exist,
 * only sets *copy.
 */
static int copy_named(struct work *work, unsigned number, const char *path, char **copy)
{
	char name[PATH_MAX], part[32];
	const char *base = strrchr(path, '/');

	snprintf(part, sizeof(part), "files/%u", number);
	if (!make_part(work, part, 0777))
		return complain(STATUS_NOTHING, "%s/%s: %s", work->path, part, strerror(errno));
	snprintf(name, sizeof(name), "%s/%s/%s", work->path, part, base ? base + 1 : path);
	*copy = must_copy(name);
	if (!access(path, F_OK) && copy_file(path, name))
		return complain(STATUS_NOTHING,
			"%s cannot be copied: %s; HOLDFAST_CRASH_DIR names another directory", path,
			strerror(errno));
	return STATUS_CLEAN;
}

static void replace(char **program, const char *name, char *copy)
{
	for (unsigned i = 1; program[i]; i++)
		if (!strcmp(program[i], name))
			program[i] = copy;
}

static bool has_placeholder(char **program)
{
	for (unsigned i = 1; program[i]; i++)
		if (!strcmp(program[i], "{}"))
			return true;
	return false;
}

/*
 * Copies the files among the program's arguments that are not copied yet, and replaces the
 * arguments by the names of the copies, so that the program writes to no original.
 */
static int copy_arguments(struct work *work, struct options *options, unsigned number)
{
	size_t own = strlen(work->path);
	int status = STATUS_CLEAN;
	char *copy = NULL;

	for (unsigned i = 1; options->program[i] && !status; i++) {
		if (!strncmp(options->program[i], work->path, own) ||
			!is_data_file(options->program[i]))
			continue;
		status = copy_named(work, number++, options->program[i], &copy);
		options->program[i] = copy;
	}
	return status;
}

int work_copy_files(struct work *work, struct options *options)
{
	char *copy = NULL;
	int status = STATUS_CLEAN;
	unsigned number = 0;

	work->ring->all_files = options->in_place;
	work->ring->really = options->really;
	if (options->watch)
		status = watch_copy(work, options);
	if (status || options->in_place || options->watch)
		return status;
	for (unsigned i = 0; i < options->file_count && !status; i++) {
		status = copy_named(work, number++, options->files[i], &copy);
		replace(options->program, options->files[i], copy);
		if (options->file_count == 1)
			replace(options->program, "{}", copy);
	}
	if (!status && !options->file_count && has_placeholder(options->program)) {
		status = copy_named(work, number++, "file", &copy);
		replace(options->program, "{}", copy);
	}
	return status ? status : copy_arguments(work, options, number);
}

/*
 * Finds a library to preload: in the build folder, then relative to this program's folder, then in
 * the configured folder.
 */
static const char *find_module(const char *name)
{
	static char path[PATH_MAX];
	char self[PATH_MAX / 2];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(self, '/');
	if (slash) { /* for a program that is not installed: look in the build folder */
		*slash = '\0';
		snprintf(path, sizeof(path), "%s/../../src/libholdfast-trace/%s.so", self, name);
		if (!access(path, R_OK))
			return path;
	}
	if (slash) { /* for an installed program, whose tree may have been moved */
		snprintf(path, sizeof(path), "%s/" HOLDFAST_MODULES_FROM_BIN "/%s.so", self, name);
		if (!access(path, R_OK))
			return path;
	}
	snprintf(path, sizeof(path), "%s/%s.so", HOLDFAST_MODULES, name);
	return path;
}

const char *module_path(const struct work *work, const char *name)
{
	static char link[PATH_MAX];
	const char *path = find_module(name);

	if (!strpbrk(path, " :"))
		return path;
	/* a blank or colon in LD_PRELOAD would end the path: use a link with another name */
	snprintf(link, sizeof(link), "%s/%s.so", work->path, name);
	return symlink(path, link) && errno != EEXIST ? path : link;
}

void end_children(void)
{
	char path[64], list[4096];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	while (waitpid(-1, NULL, WNOHANG) >= 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t length = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
		if (fd >= 0)
			close(fd);
		if (length <= 0)
			return;
		list[length] = '\0';
		for (char *at = list, *end = at; *at; at = end) {
			long pid = strtol(at, &end, 10);
			if (end == at)
				break;
			kill((pid_t)pid, SIGKILL);
		}
		waitpid(-1, NULL, 0);
	}
}
