/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * maps.c - find out if an address is in a map of a file under test
 *
 * The table of maps can be read without the lock, because maps are only appended to it and marked
 * as gone, never removed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libholdfast-trace/files.h"

#define PAGE  UINT64_C(4096)
#define MAPS  4096u
#define TAILS 64u

uintptr_t maps_lo = 1, maps_span;

static struct map maps[MAPS];
static unsigned map_count; /* number of elements in `maps`; atomic */
static uint32_t lock;      /* protects `tails`, and changes of `maps` */
TLS unsigned last_found;

/*
 * The part of a map that is behind the end of the file, and becomes usable if the file grows. If
 * lo >= hi, the element is free.
 */
static struct tail {
	uintptr_t lo, hi;
	uint64_t place; /* file and offset (trace/event.h) of the byte at address lo */
} tails[TAILS];

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

static unsigned char *map_shadow(unsigned number, uint64_t offset, size_t length)
{
	int fd = files_open("shadow", number);

	if (fd < 0)
		return NULL;
	void *shadow = (void *)syscall(
		SYS_mmap, NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	syscall(SYS_close, fd);
	return shadow == MAP_FAILED ? NULL : shadow;
}

/* Appends a map to the table of maps. The caller holds the lock. */
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

/* Adds the part of a map in which the file has bytes. The caller holds no lock. */
static bool add_part(uintptr_t lo, uintptr_t hi, uint64_t place)
{
	struct map map = {lo, hi,
		map_shadow(place_file(place), place_offset(place), (size_t)(hi - lo)), place};

	if (!map.shadow)
		return false;
	take(&lock);
	bool added = append(&map);
	leave(&lock);
	return added;
}

static uint64_t end_of(unsigned number)
{
	return (ring->files[number - 1].size + PAGE - 1) & ~(PAGE - 1);
}

/*
 * Remembers the part of a map that is behind the end of the file. Returns false if there is no
 * room.
 */
static bool add_tail(uintptr_t lo, uintptr_t hi, uint64_t place)
{
	bool added = lo >= hi;

	take(&lock);
	for (unsigned i = 0; i < TAILS && !added; i++)
		if (tails[i].lo >= tails[i].hi) {
			tails[i] = (struct tail){lo, hi, place};
			added = true;
		}
	leave(&lock);
	return added;
}

static bool add(void *address, size_t length, int fd, uint64_t offset, const struct stat *stat,
	const char *name)
{
	unsigned number = files_register_as(fd, stat, name);
	if (number && ring->files[number - 1].content)
		number = ring->files[number - 1].content;
	uint64_t end = ((uint64_t)stat->st_size + PAGE - 1) & ~(PAGE - 1);
	uintptr_t lo = (uintptr_t)address, hi = lo + length;
	uint64_t inside = offset < end ? end - offset : 0;
	uintptr_t middle = inside < length ? lo + inside : hi;

	if (!number)
		return false;
	return (middle == lo || add_part(lo, middle, place_of(number, offset))) &&
	       add_tail(middle, hi, place_of(number, offset + (middle - lo)));
}

/*
 * After a file has grown: finds the ranges in `tails` that were behind the end of the file and are
 * inside the file now, and moves them to the table of maps.
 */
static void shorten_tails(unsigned number)
{
	for (unsigned i = 0; i < TAILS; i++) {
		take(&lock);
		struct tail was = tails[i];
		uint64_t offset = place_offset(was.place), end = end_of(number);
		bool has_grown = was.lo < was.hi && place_file(was.place) == number && offset < end;
		uint64_t length = !has_grown                       ? 0
				  : end - offset < was.hi - was.lo ? end - offset
								   : was.hi - was.lo;
		tails[i].lo += length;
		tails[i].place += length;
		leave(&lock);
		if (has_grown && !add_part(was.lo, was.lo + length, was.place))
			__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
	}
}

void maps_grow(int fd)
{
	unsigned number = files_number(fd);

	if (!number)
		return;
	if (!names_are_watched())
		files_register(fd);
	else if (ring->files[number - 1].content)
		number = ring->files[number - 1].content;
	shorten_tails(number);
}

static void add_size(struct map *map, void *sum)
{
	*(uint64_t *)sum += map->hi - map->lo;
}

bool maps_cover(unsigned file)
{
	uint64_t size = 0;

	maps_each(file, add_size, &size);
	return size >= ring->files[file - 1].size;
}

void maps_add(void *address, size_t length, int fd, uint64_t offset)
{
	char name[512];
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode) || !files_name(fd, name, sizeof(name)))
		return;
	length = (length + PAGE - 1) & ~(PAGE - 1);
	if (!strncmp(name, "/memfd:", strlen("/memfd:")))
		return; /* a memfd is not a file on storage: a crash loses its memory */
	if (!files_is_under_test(fd, name)) {
		__atomic_fetch_add(&ring->other_maps, 1, __ATOMIC_RELAXED);
		snprintf(ring->other_name, sizeof(ring->other_name), "%s", name);
		return;
	}
	maps_remove(address, length);
	if (!add(address, length, fd, offset, &stat, name))
		__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
}

bool maps_may_sync(int fd)
{
	const char *granularity = getenv("PMEM2_FORCE_GRANULARITY");
	int saved = errno;
	char name[512];
	bool may = !(granularity && *granularity == 'P') && files_name(fd, name, sizeof(name)) &&
		   files_is_under_test(fd, name);

	errno = saved;
	return may;
}

void maps_add_moved(void *address, size_t length, uint64_t place)
{
	unsigned number = place_file(place);
	uint64_t offset = place_offset(place), end = end_of(number);
	uintptr_t lo = (uintptr_t)address, hi = lo + ((length + PAGE - 1) & ~(PAGE - 1));
	uint64_t inside = offset < end ? end - offset : 0;
	uintptr_t middle = inside < hi - lo ? lo + inside : hi;

	if ((middle > lo && !add_part(lo, middle, place)) ||
		!add_tail(middle, hi, place + (middle - lo)))
		__atomic_fetch_add(&ring->failed_maps, 1, __ATOMIC_RELAXED);
}

/*
 * Removes [lo, hi) from a map. The parts of the map before and behind the range remain. The caller
 * holds the lock.
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

/*
 * Removes [lo, hi) from all tails, the parts of maps behind the end of a file. The caller holds
 * the lock.
 */
static void cut_tails(uintptr_t lo, uintptr_t hi)
{
	for (unsigned i = 0; i < TAILS; i++) {
		struct tail *tail = &tails[i];
		if (tail->lo >= tail->hi || hi <= tail->lo || tail->hi <= lo)
			continue;
		if (lo <= tail->lo) {
			tail->place += hi - tail->lo;
			tail->lo = hi;
		} else {
			/* if the tail continues behind hi, the part there is no longer kept */
			tail->hi = lo;
		}
	}
}

void maps_remove(void *address, size_t length)
{
	uintptr_t lo = (uintptr_t)address, hi = lo + ((length + PAGE - 1) & ~(PAGE - 1));

	take(&lock);
	cut_tails(lo, hi);
	leave(&lock);
	if (!map_count || hi <= maps_lo || lo >= maps_lo + maps_span)
		return;
	take(&lock);
	unsigned count = map_count;
	for (unsigned i = 0; i < count; i++)
		if (maps[i].lo < hi && lo < maps[i].hi)
			cut(&maps[i], lo, hi);
	leave(&lock);
}
