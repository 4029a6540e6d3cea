/* SPDX-License-Identifier: BSD-3-Clause */
#include "explain/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/err.h"
#include "cpu/cpu.h"
#include "device/extent.h"
#include "device/mounts.h"
#include "map/fill.h"
#include "map/map.h"

#define NAME_ROOM 4096

static int no_memory(void)
{
	return err_set(-ENOMEM, "out of memory for an explanation");
}

void facts_fini(struct facts *facts)
{
	filesystem_fini(&facts->filesystem);
	free(facts->name);
	free(facts->map_error_text);
}

/*
 * Returns the kernel's name of an open file; NULL if the file has no name, or if the name is too
 * long.
 */
NOINLINE static char *name_of(int fd) /* not inlined, so that later calls can use its stack */
{
	char link[64], *name = malloc(NAME_ROOM); /* too large for the stack */

	snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
	ssize_t length = name ? readlink(link, name, NAME_ROOM) : -1;
	if (length < 0 || length == NAME_ROOM) {
		free(name);
		return NULL;
	}
	name[length] = '\0';
	return name;
}

static int add_filesystem(struct facts *facts, int fd)
{
	int error = filesystem_of(&facts->filesystem, fd, MOUNTS_FILE);

	if (error == -ENOMEM)
		return error;
	facts->has_filesystem = !error;
	facts->disk = filesystem_disk(&facts->filesystem, facts->device.number);
	return 0;
}

/*
 * Record that pmem2_map_new() would fail with this error, for the reason in the last error
 * message.
 */
static int refuse(struct facts *facts, int error)
{
	free(facts->map_error_text);
	facts->map_error = error;
	facts->map_error_text = strdup(err_get());
	return facts->map_error_text ? 0 : no_memory();
}

/*
 * Try to map a page: for writing if the descriptor allows that; for reading if it does not, or if
 * mapping for writing fails.
 */
static int try(struct facts *facts, int fd, int mode)
{
	size_t page =
		facts->device.huge_page ? facts->device.huge_page : (size_t)sysconf(_SC_PAGESIZE);
	bool sync, writes = (mode & O_ACCMODE) == O_RDWR;
	struct fill fill = {
		.fd = fd,
		.length = page,
		.alignment = page,
		.protection = PROT_READ | (writes ? PROT_WRITE : 0),
	};
	int error = fill_try(&fill, &sync);

	if (error && writes) {
		fill.protection = PROT_READ;
		error = fill_try(&fill, &sync);
	}
	if (error)
		return refuse(facts, error);
	facts->trial = sync ? FACTS_SYNC_ACCEPTED : FACTS_SYNC_REFUSED;
	return 0;
}

static int try_file(struct facts *facts, int fd)
{
	int mode = fcntl(fd, F_GETFL), error = 0;

	if (mode & O_PATH)
		return refuse(facts,
			err_set(-EBADF,
				"file descriptor %d is open as a path only: it cannot be mapped",
				fd));
	if ((mode & O_ACCMODE) == O_WRONLY)
		return refuse(facts,
			err_set(PMEM2_E_INVALID_FILE_HANDLE,
				"file descriptor %d is open for writing only: a mapping must be able to read",
				fd));
	error = try(facts, fd, mode);
	/* The kernel maps an empty file in the trial, but pmem2_map_new() refuses an empty file. */
	if (!error && !facts->map_error && !facts->size)
		error = refuse(facts, err_set(PMEM2_E_SOURCE_EMPTY, "the source is empty"));
	return error;
}

/*
 * Returns true if the file is, or may be, on the real-time device of an XFS. An O_PATH descriptor
 * does not tell, so the answer is then true if the file system has such a device.
 */
static bool is_elsewhere(const struct facts *facts, int fd)
{
	char *device;

	if (!(fcntl(fd, F_GETFL) & O_PATH))
		return extents_are_elsewhere(fd);
	if (!facts->has_filesystem || !facts->filesystem.type ||
		strcmp(facts->filesystem.type, "xfs") != 0)
		return false;
	device = mounts_option_value(facts->filesystem.options, "rtdev");
	free(device);
	return device;
}

static enum facts_name kept_name(int fd, const struct stat *st)
{
	if (st->st_nlink)
		return FACTS_NAMED;
	return (fcntl(fd, F_GETFL) & O_TMPFILE) == O_TMPFILE ? FACTS_UNNAMED : FACTS_REMOVED;
}

static int add_file(struct facts *facts, int fd, const struct stat *st)
{
	facts->object = HOLDFAST_OBJECT_FILE;
	facts->device = device_of_file(fd, st);
	facts->size = (uint64_t)st->st_size;
	facts->marked = filesystem_file_is_dax(fd);
	facts->locks = filesystem_locks(fd);
	facts->kept_name = kept_name(fd, st);
	int error = add_filesystem(facts, fd);
	if (error)
		return error;
	facts->device.is_elsewhere = is_elsewhere(facts, fd);
	return try_file(facts, fd);
}

static int add_directory(struct facts *facts, int fd, const struct stat *st)
{
	facts->object = HOLDFAST_OBJECT_DIRECTORY;
	facts->device = (struct device){.kind = DEVICE_FILE, .number = st->st_dev};
	facts->marked = filesystem_directory_is_dax(fd);
	facts->locks = filesystem_locks(fd);
	return add_filesystem(facts, fd);
}

static void add_block_device(struct facts *facts, dev_t number)
{
	facts->object = HOLDFAST_OBJECT_BLOCK_DEVICE;
	facts->device = (struct device){.kind = DEVICE_FILE, .number = number};
	facts->disk = number;
}

/* Returns the path of the file for messages; NULL if only a descriptor of the file is known. */
static const char *path_of(const struct facts *facts)
{
	return facts->name && *facts->name == '/' ? facts->name : NULL;
}

static int refuse_kind(const struct facts *facts, int fd, mode_t mode)
{
	char words[DEVICE_FD_NAME];

	return err_set(PMEM2_E_INVALID_FILE_TYPE,
		"%s is %s; only files, directories, block devices and DAX devices can be explained",
		device_fd_name(words, fd, path_of(facts)), device_type_name(mode));
}

static int add(struct facts *facts, int fd)
{
	char words[DEVICE_FD_NAME];
	struct stat st;

	if (fstat(fd, &st)) {
		if (errno == EBADF)
			return err_set(
				PMEM2_E_INVALID_FILE_HANDLE, "file descriptor %d is not open", fd);
		return err_sys("cannot stat %s", device_fd_name(words, fd, path_of(facts)));
	}
	if (S_ISREG(st.st_mode))
		return add_file(facts, fd, &st);
	if (S_ISDIR(st.st_mode))
		return add_directory(facts, fd, &st);
	if (S_ISBLK(st.st_mode)) {
		add_block_device(facts, st.st_rdev);
		return 0;
	}
	facts->object = HOLDFAST_OBJECT_DAX_DEVICE;
	if (S_ISCHR(st.st_mode))
		return device_identify_named(&facts->device, fd, path_of(facts), facts->sysfs);
	return refuse_kind(facts, fd, st.st_mode);
}

/*
 * Parse the kernel's version, such as "6.12.85+deb12-amd64". Kernels may be built so that the last
 * number is missing.
 */
NOINLINE static unsigned kernel(void)
{
	struct utsname name;
	unsigned number[3] = {0};

	if (uname(&name))
		return 0;
	const char *at = name.release;
	for (int i = 0; i < 3 && *at >= '0' && *at <= '9'; i++) {
		char *end;
		number[i] = (unsigned)strtoul(at, &end, 10);
		at = *end == '.' ? end + 1 : end;
	}
	return FACTS_KERNEL(number[0], number[1], number[2]);
}

static void begin(struct facts *facts, const char *sysfs)
{
	memset(facts, 0,
		sizeof(*facts)); /* a compound literal would take the same amount of stack again */
	facts->kernel = kernel();
	facts->sysfs = sysfs;
	facts->can_flush = cpu.engine->flushes;
	facts->has_device = true;
	facts->marked = -1;
}

int facts_of_fd(struct facts *facts, int fd, const char *sysfs)
{
	begin(facts, sysfs);
	facts->name = name_of(fd);
	int error = add(facts, fd);
	if (error)
		facts_fini(facts);
	return error;
}

/*
 * Returns the path of the file that is mapped at an address, from the kernel's list of maps; NULL
 * if the list has no path there.
 */
static char *name_at(uintptr_t address)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char *line = NULL, *name = NULL;
	size_t room = 0;
	uintptr_t from, to;
	int start = 0;

	while (maps && getline(&line, &room, maps) > 0) {
		int fields = sscanf(
			line, "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %*s %n", &from, &to, &start);
		if (fields < 2 || address < from || address >= to)
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (line[start] == '/')
			name = strdup(line + start);
		break;
	}
	free(line);
	if (maps)
		fclose(maps);
	return name;
}

/* Returns true if the kernel has marked the path as that of a removed file. */
static bool is_removed(const char *name)
{
	const char *end = " (deleted)";
	size_t length = strlen(name);

	return length > strlen(end) && !strcmp(name + length - strlen(end), end);
}

/*
 * Add facts about the file of a map. The program may have closed, renamed or removed this file
 * since it mapped it. The file is opened with O_PATH, because closing a descriptor of any other
 * kind would drop the program's POSIX locks.
 */
static int add_mapped_file(struct facts *facts)
{
	struct stat st;
	int fd = facts->name ? open(facts->name, O_PATH | O_CLOEXEC) : -1;

	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
		st.st_dev == facts->device.number) {
		facts->size = (uint64_t)st.st_size;
		facts->marked = filesystem_file_is_dax(fd);
		int error = add_filesystem(facts, fd);
		close(fd);
		return error;
	}
	if (fd >= 0)
		close(fd);
	else if (facts->name && is_removed(facts->name))
		facts->kept_name = FACTS_REMOVED;
	int error = filesystem_of_device(&facts->filesystem, facts->device.number, MOUNTS_FILE);
	facts->has_filesystem = !error;
	facts->disk = filesystem_disk(&facts->filesystem, facts->device.number);
	return error == -ENOMEM ? error : 0;
}

static enum facts_trial trial_of(const struct map *map)
{
	if (map->is_foreign || map->reason == HOLDFAST_REASON_NOT_SHARED)
		return FACTS_NOT_TRIED;
	return map->sync ? FACTS_SYNC_ACCEPTED : FACTS_SYNC_REFUSED;
}

int facts_of_map(struct facts *facts, const struct map *map)
{
	int error = 0;

	begin(facts, map->sysfs);
	facts->is_map = true;
	facts->got = (struct granularity){map->granularity, map->reason};
	facts->trial = trial_of(map);
	facts->has_device = map->has_device;
	facts->object = HOLDFAST_OBJECT_ANONYMOUS;
	facts->size = map->length;
	if (!map->has_device)
		return 0;
	facts->device = map->device;
	facts->object =
		map->device.kind == DEVICE_DAX ? HOLDFAST_OBJECT_DAX_DEVICE : HOLDFAST_OBJECT_FILE;
	facts->name = name_at((uintptr_t)map->addr);
	if (facts->object == HOLDFAST_OBJECT_FILE)
		error = add_mapped_file(facts);
	facts->size = map->length;
	if (error)
		facts_fini(facts);
	return error;
}

int facts_of_device(
	struct facts *facts, const struct device *device, const char *name, const char *sysfs)
{
	begin(facts, sysfs);
	facts->name = strdup(name);
	if (!facts->name)
		return no_memory();
	if (device->kind == DEVICE_FILE) {
		add_block_device(facts, device->number);
		return 0;
	}
	facts->object = HOLDFAST_OBJECT_DAX_DEVICE;
	facts->device = *device;
	return 0;
}

/*
 * Returns the DAX mark of a mount point; -1 if another file system is mounted over the mount
 * point.
 */
static int mark_of_mount(const struct mount *mount)
{
	struct stat st;
	int marked = -1, fd = open(mount->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && !fstat(fd, &st) && st.st_dev == mount->device)
		marked = filesystem_directory_is_dax(fd);
	if (fd >= 0)
		close(fd);
	return marked;
}

int facts_of_mount(struct facts *facts, const struct mount *mount, const char *sysfs)
{
	begin(facts, sysfs);
	facts->object = HOLDFAST_OBJECT_DIRECTORY;
	facts->device = (struct device){.kind = DEVICE_FILE, .number = mount->device};
	facts->name = strdup(mount->point);
	int error = filesystem_of_mount(&facts->filesystem, mount);
	if (!error && !facts->name)
		error = no_memory();
	if (error) {
		facts_fini(facts);
		return error;
	}
	facts->has_filesystem = true;
	facts->disk = mount->device;
	facts->marked = mark_of_mount(mount);
	return 0;
}
