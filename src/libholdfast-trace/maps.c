/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps.c - find out if an address belongs to a file under test
 *
 * A file is under test if the tool copied it (it lies below files/ in the tool's directory), if it
 * was created during the run, or if the tool declared all files to be under test. In the tool's
 * directory, first.N keeps the first content of file number N, and shadow.N the content of its
 * memory as recorded so far.
 *
 * Maps are only appended to the table and marked as gone, never removed, so that they can be
 * looked up without the lock.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define PAGE UINT64_C(4096)
#define MAPS 4096u

uintptr_t maps_lo = 1, maps_span;

static struct map maps[MAPS];
static unsigned map_count; /* elements in `maps`; atomic */
static uint32_t lock;      /* protects changes of `maps` */
TLS unsigned last_found;

static void take(uint32_t *what)
{
	while (__atomic_exchange_n(what, 1, __ATOMIC_ACQUIRE))
		syscall(SYS_sched_yield);
}

static void leave(uint32_t *what)
{
	__atomic_store_n(what, 0, __ATOMIC_RELEASE);
}

void maps_after_fork(void)
{
	lock = 0;
}

struct map *maps_find_slow(uintptr_t address)
{
	struct map *last = &maps[last_found];

	if (address - last->lo < last->hi - last->lo && last->lo < last->hi)
		return last;
	unsigned count = __atomic_load_n(&map_count, __ATOMIC_ACQUIRE);
	for (unsigned i = 0; i < count; i++)
		if (maps[i].lo <= address && address < maps[i].hi) {
			last_found = i;
			return &maps[i];
		}
	return NULL;
}

void maps_each(unsigned file, void (*each)(struct map *, void *), void *context)
{
	unsigned count = __atomic_load_n(&map_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		if (maps[i].lo < maps[i].hi && (!file || place_file(maps[i].place) == file))
			each(&maps[i], context);
}

static bool file_name(int fd, char *name, size_t size)
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

	if (fd < 0 || !file_name(fd, directory, sizeof(directory)))
		return false;
	char *slash = strrchr(directory, '/'); /* of DIR/trace; copies are in DIR/files */
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

static bool is_under_test(int fd, const char *name)
{
	return ring->all_files || is_below_files(name) || is_born_in_run(fd);
}

unsigned maps_known(const struct stat *stat)
{
	unsigned count = __atomic_load_n(&ring->file_count, __ATOMIC_ACQUIRE);

	for (unsigned i = 0; i < count; i++)
		if (ring->files[i].device == stat->st_dev && ring->files[i].inode == stat->st_ino)
			return i + 1;
	return 0;
}

unsigned maps_file(int fd)
{
	struct stat stat;

	if (!ring || !ring->file_count || fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return 0;
	return maps_known(&stat);
}

/*
 * Copies bytes [from, to) to another file, without moving the file position that the program sees.
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
 * Copies everything but holes. Opens the file again, because seeking would move the position that
 * the program uses.
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

static int open_beside(const char *what, unsigned number)
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
	int fd = open_beside(what, number);

	if (fd < 0)
		return false;
	bool done = !syscall(SYS_ftruncate, fd, (size + PAGE - 1) & ~(PAGE - 1)) &&
		    (old || copy_data(from, fd, (off_t)size));
	syscall(SYS_close, fd);
	return done;
}

static void write_file(unsigned number, uint64_t size, const char *name)
{
	write_event(&(struct event){.kind = EVENT_FILE,
			    .place = place_of(number, 0),
			    .value = size,
			    .length = strlen(name)},
		name);
}

/* Keeps the first content of a new or grown file. Bytes that came with growth are zero at first. */
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
	write_file(number, size, name);
	return true;
}

/* Returns the number of the file, and registers it if it is new; 0 on failure. */
static unsigned register_file(int fd, const struct stat *stat, const char *name)
{
	take(&ring->lock);
	unsigned number = maps_known(stat);
	bool is_new = !number;
	if (is_new)
		number = ring->file_count < EVENT_FILES ? ring->file_count + 1 : 0;
	bool kept =
		number && ((!is_new && ring->files[number - 1].size >= (uint64_t)stat->st_size) ||
				  keep_file(number, fd, stat, name));
	if (kept && is_new)
		__atomic_store_n(&ring->file_count, number, __ATOMIC_RELEASE);
	leave(&ring->lock);
	return kept ? number : 0;
}

unsigned maps_register(int fd)
{
	char name[512];
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !file_name(fd, name, sizeof(name)))
		return 0;
	return register_file(fd, &stat, name);
}

/*
 * Sets the size of the file in the table and the trace. The caller holds the lock. `name` NULL:
 * the file keeps its name.
 */
static bool write_size(unsigned number, uint64_t size, const char *name)
{
	static const char *const what[] = {"first", "shadow"};

	for (unsigned i = 0; i < 2; i++) {
		int fd = open_beside(what[i], number);
		bool done = fd >= 0 && !syscall(SYS_ftruncate, fd, size);
		if (fd >= 0)
			syscall(SYS_close, fd);
		if (!done)
			return false;
	}
	ring->files[number - 1].size = size;
	write_file(number, size, name);
	return true;
}

bool maps_make_room(unsigned number, uint64_t end)
{
	uint64_t size = PAGE;

	while (size < end)
		size *= 2;
	take(&ring->lock);
	bool done = ring->files[number - 1].size >= end || write_size(number, size, "");
	leave(&ring->lock);
	return done;
}

unsigned maps_new_content(const char *name)
{
	take(&ring->lock);
	unsigned number = ring->file_count < EVENT_FILES ? ring->file_count + 1 : 0;
	if (number && write_size(number, PAGE, name))
		__atomic_store_n(&ring->file_count, number, __ATOMIC_RELEASE);
	else
		number = 0;
	leave(&ring->lock);
	return number;
}

int maps_shadow(unsigned number)
{
	return open_beside("shadow", number);
}

static unsigned char *map_shadow(unsigned number, uint64_t offset, size_t length)
{
	int fd = open_beside("shadow", number);

	if (fd < 0)
		return NULL;
	void *shadow = (void *)syscall(
		SYS_mmap, NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	syscall(SYS_close, fd);
	return shadow == MAP_FAILED ? NULL : shadow;
}

/* Appends a map to the table. The caller holds the lock. */
static bool append(const struct map *map)
{
	unsigned count = map_count;

	if (count == MAPS)
		return false;
	maps[count] = *map;
	uintptr_t hi = maps_span ? maps_lo + maps_span : 0;
	hi = map->hi > hi ? map->hi : hi;
	if (!maps_span || map->lo < maps_lo)
		maps_lo = map->lo;
	maps_span = hi - maps_lo;
	__atomic_store_n(&map_count, count + 1, __ATOMIC_RELEASE);
	return true;
}

static bool add(void *address, size_t length, int fd, uint64_t offset, const struct stat *stat,
	const char *name)
{
	unsigned number = register_file(fd, stat, name);
	if (number && ring->files[number - 1].content)
		number = ring->files[number - 1].content;
	uint64_t end = ((uint64_t)stat->st_size + PAGE - 1) & ~(PAGE - 1);

	if (!number)
		return false;
	if (offset >= end)
		return true;
	if (length > end - offset)
		length = end - offset;
	struct map map = {(uintptr_t)address, (uintptr_t)address + length,
		map_shadow(number, offset, length), place_of(number, offset)};
	if (!map.shadow)
		return false;
	take(&lock);
	bool added = append(&map);
	leave(&lock);
	return added;
}

void maps_add(void *address, size_t length, int fd, uint64_t offset)
{
	char name[512];
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !file_name(fd, name, sizeof(name)))
		return;
	length = (length + PAGE - 1) & ~(PAGE - 1);
	if (!is_under_test(fd, name)) {
		__atomic_fetch_add(&ring->other_maps, 1, __ATOMIC_RELAXED);
		snprintf(ring->other_name, sizeof(ring->other_name), "%s", name);
		return;
	}
	maps_remove(address, length);
	if (!add(address, length, fd, offset, &stat, name))
		__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
}

void maps_add_moved(void *address, size_t length, uint64_t place)
{
	unsigned number = place_file(place);
	uint64_t offset = place_offset(place);
	uint64_t end = (ring->files[number - 1].size + PAGE - 1) & ~(PAGE - 1);

	length = (length + PAGE - 1) & ~(PAGE - 1);
	bool fits = offset + length <= end;
	if (!fits) /* the rest of the map is behind the end of the shadow */
		length = offset < end ? end - offset : 0;
	struct map map = {(uintptr_t)address, (uintptr_t)address + length,
		length ? map_shadow(number, offset, length) : NULL, place};
	take(&lock);
	bool added = map.shadow && append(&map);
	leave(&lock);
	if (!added || !fits)
		__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
}

/*
 * Removes [lo, hi) from a map; the parts on both sides of the range stay. The caller holds the
 * lock.
 */
static void cut(struct map *map, uintptr_t lo, uintptr_t hi)
{
	struct map before = *map, after = *map;

	map->hi = 0;
	map->lo = 1;
	if (before.lo < lo) {
		before.hi = lo;
		append(&before);
	}
	if (hi < after.hi) {
		after.shadow += hi - after.lo;
		after.place += hi - after.lo;
		after.lo = hi;
		append(&after);
	}
}

void maps_remove(void *address, size_t length)
{
	uintptr_t lo = (uintptr_t)address, hi = lo + ((length + PAGE - 1) & ~(PAGE - 1));

	if (!map_count || hi <= maps_lo || lo >= maps_lo + maps_span)
		return;
	take(&lock);
	unsigned count = map_count;
	for (unsigned i = 0; i < count; i++)
		if (maps[i].lo < hi && lo < maps[i].hi)
			cut(&maps[i], lo, hi);
	leave(&lock);
}
