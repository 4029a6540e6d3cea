/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reservation.c - test maps in a reserved address range: compare random operations with a simple
 * model, the "picture", and use one reservation in many threads
 */
#include "map/reservation.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "tap.h"

#define PAGES 64 /* number of pages in the model of the address space */
#define MAPS  24

static size_t page;

static struct map_request request(struct reservation *in, size_t offset, size_t pages)
{
	return (struct map_request){
		.fd = -1,
		.length = pages * page,
		.alignment = page,
		.protection = PROT_READ | PROT_WRITE,
		.required = PMEM2_GRANULARITY_PAGE,
		.reservation = in,
		.reservation_offset = offset,
	};
}

/*
 * The picture: a model of the pages at `base`, which nothing else uses. The reservation should be
 * the pages [from, to), and each map the pages [first, first + count).
 */
static struct {
	char *base;
	size_t from, to;
	struct reservation reservation;
	struct map maps[MAPS];
	size_t first[MAPS], count[MAPS]; /* count 0: not mapped */
} picture;

static unsigned seed = 3;

static size_t pick(size_t below)
{
	return (size_t)rand_r(&seed) % below;
}

/*
 * Returns the index of the lowest map of the model that has a page in [from, to), or MAPS if no map
 * of the model has one.
 */
static size_t lowest_in(size_t from, size_t to)
{
	size_t lowest = MAPS;

	for (size_t i = 0; i < MAPS; i++)
		if (picture.count[i] && picture.first[i] < to &&
			picture.first[i] + picture.count[i] > from &&
			(lowest == MAPS || picture.first[i] < picture.first[lowest]))
			lowest = i;
	return lowest;
}

static size_t highest_before(size_t end)
{
	size_t highest = MAPS;

	for (size_t i = 0; i < MAPS; i++)
		if (picture.count[i] && picture.first[i] < end &&
			(highest == MAPS || picture.first[i] > picture.first[highest]))
			highest = i;
	return highest;
}

static bool try_map(size_t i)
{
	size_t offset = pick(PAGES), count = 1 + pick(5), first = picture.from + offset;
	struct map_request wanted = request(&picture.reservation, offset * page, count);
	int want = 0;

	if (picture.count[i]) {
		picture.count[i] = 0;
		return map_close(&picture.maps[i]) == 0;
	}
	if (first + count > picture.to)
		want = PMEM2_E_LENGTH_OUT_OF_RANGE;
	else if (lowest_in(first, first + count) < MAPS)
		want = PMEM2_E_MAPPING_EXISTS;
	if (map_open(&picture.maps[i], &wanted) != want)
		return false;
	if (want)
		return true;
	picture.first[i] = first;
	picture.count[i] = count;
	memset(picture.maps[i].addr, (int)i, count * page);
	return picture.maps[i].addr == picture.base + first * page;
}

static bool try_extend(void)
{
	size_t count = pick(4);

	if (picture.to + count > PAGES)
		return true;
	picture.to += count;
	return reservation_extend(&picture.reservation, count * page) == 0;
}

static int expected_of_shrink(size_t offset, size_t count)
{
	size_t all = picture.to - picture.from, first = picture.from + offset;

	if (offset >= all)
		return PMEM2_E_OFFSET_OUT_OF_RANGE;
	if (!count || offset + count > all)
		return PMEM2_E_LENGTH_OUT_OF_RANGE;
	if ((offset && offset + count < all) || count == all)
		return PMEM2_E_NOSUPP;
	if (lowest_in(first, first + count) < MAPS)
		return PMEM2_E_VM_RESERVATION_NOT_EMPTY;
	return 0;
}

static bool try_shrink(void)
{
	size_t all = picture.to - picture.from, count = pick(6);
	size_t offset = pick(3) ? (pick(2) || count > all ? 0 : all - count) : pick(all + 2);
	int want = expected_of_shrink(offset, count);

	if (reservation_shrink(&picture.reservation, offset * page, count * page) != want)
		return false;
	if (want)
		return true;
	if (!offset)
		picture.from += count;
	else
		picture.to -= count;
	return true;
}

/*
 * Closes the reservation if it is small and has no maps, and opens a new one at the model's first
 * page.
 */
static bool try_anew(void)
{
	if (picture.to - picture.from > 4 || lowest_in(0, PAGES) < MAPS)
		return true;
	picture.from = 0;
	picture.to = 20;
	return reservation_close(&picture.reservation) == 0 &&
	       reservation_open(&picture.reservation, picture.base, 20 * page) == 0;
}

static bool is_map(const struct map *map, size_t i)
{
	return map == (i < MAPS ? &picture.maps[i] : NULL);
}

static bool looks_right(void)
{
	struct reservation *rsv = &picture.reservation;
	size_t offset = pick(PAGES), count = pick(8), from = picture.from + offset;
	size_t i = pick(MAPS), size;
	char *addr;

	reservation_extent(rsv, &addr, &size);
	if (addr != picture.base + picture.from * page ||
		size != (picture.to - picture.from) * page)
		return false;
	if (!is_map(reservation_find(rsv, offset * page, count * page),
		    lowest_in(from, from + (count ? count : 1))))
		return false;
	if (!is_map(reservation_last(rsv), highest_before(PAGES)))
		return false;
	if (!picture.count[i])
		return true;
	return picture.maps[i].addr[picture.count[i] * page - 1] == (char)i &&
	       is_map(reservation_next(rsv, &picture.maps[i]),
		       lowest_in(picture.first[i] + picture.count[i], PAGES)) &&
	       is_map(reservation_previous(rsv, &picture.maps[i]),
		       highest_before(picture.first[i]));
}

/*
 * Finds a free address range, and opens a reservation at its beginning. The range is at the lower
 * end of 1 GiB of free space, because the kernel places other mappings, such as those of a
 * sanitizer, at the upper end.
 */
static void begin(void)
{
	const size_t room = (size_t)1 << 30;

	picture.base =
		mmap(NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (picture.base == MAP_FAILED)
		bail("no address space: %m");
	munmap(picture.base, room);
	picture.to = 20;
	if (reservation_open(&picture.reservation, picture.base, 20 * page))
		bail("no reservation: %s", err_get());
}

static void random_operations(void)
{
	size_t maps = 0, extends = 0, shrinks = 0, anew = 0, looks = 0;

	begin();
	for (int i = 0; i < 20000; i++) {
		maps += try_map(pick(MAPS));
		extends += pick(4) ? 1 : try_extend();
		shrinks += pick(4) ? 1 : try_shrink();
		anew += try_anew();
		looks += looks_right();
	}
	is_int(maps, 20000,
		"reservation: 20000 random openings and closings of maps agree with a simple reference model");
	is_int(extends, 20000,
		"reservation: random extensions of the reservation agree with a simple reference model");
	is_int(shrinks, 20000,
		"reservation: random reductions of the reservation agree with a simple reference model");
	is_int(anew, 20000,
		"reservation: whenever no map is left, the reservation can be closed and opened again");
	is_int(looks, 20000,
		"reservation: 20000 look-ups of maps agree with a simple reference model");
	for (size_t i = 0; i < MAPS; i++)
		if (picture.count[i])
			map_close(&picture.maps[i]);
	is_int(reservation_close(&picture.reservation), 0,
		"reservation: can be closed when its maps are closed");
}

/*
 * Threads map and unmap pages in one reservation. Each thread fills its maps with its own number,
 * and checks later that no other thread has overwritten it, as would happen if both were given the
 * same page.
 */

#define THREADS 6
#define ROUNDS  1500

#define SETTLED 5 /* the page of `settled`, a map that stays open */

static struct reservation shared;
static struct map settled;
static atomic_uint occupied, refused;
static atomic_bool all_done;

static void *map_and_unmap(void *number)
{
	unsigned mine = (unsigned)(size_t)number + 1;
	size_t wrong = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct map map;
		struct map_request wanted =
			request(&shared, rand_r(&mine) % 8 * page, 1 + rand_r(&mine) % 3);
		int error = map_open(&map, &wanted);
		if (error) {
			wrong += error != PMEM2_E_MAPPING_EXISTS &&
				 error != PMEM2_E_LENGTH_OUT_OF_RANGE;
			atomic_fetch_add(&refused, 1);
			continue;
		}
		memset(map.addr, (int)(size_t)number, map.length);
		struct map *found = reservation_next(&shared, &map);
		wrong += found == &map;
		for (size_t at = 0; at < map.length; at += 64)
			wrong += map.addr[at] != (char)(size_t)number;
		wrong += map_close(&map) != 0;
		atomic_fetch_add(&occupied, 1);
	}
	return (void *)wrong;
}

/* A thread that shrinks and extends the reservation while others map there. */
static void *extend_and_shrink(void *unused)
{
	size_t wrong = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		int error = reservation_shrink(&shared, 6 * page, 2 * page);
		if (!error)
			wrong += reservation_extend(&shared, 2 * page) != 0;
		else
			wrong += error != PMEM2_E_VM_RESERVATION_NOT_EMPTY;
	}
	return (void *)wrong;
}

/*
 * A thread that looks up the map `settled` again and again, while other threads open and close
 * maps.
 */
static void *find(void *unused)
{
	size_t wrong = 0, size;
	char *addr;

	while (!atomic_load(&all_done)) {
		reservation_extent(&shared, &addr, &size);
		wrong += size != 8 * page && size != 6 * page;
		wrong += reservation_last(&shared) == NULL;
		for (int i = 0; i < 1000; i++)
			wrong += reservation_find(&shared, SETTLED * page, page) != &settled;
	}
	return (void *)wrong;
}

static void threads(void)
{
	struct map_request wanted = request(&shared, SETTLED * page, 1);
	pthread_t ids[THREADS + 2];
	size_t wrong = 0;
	void *result;

	if (reservation_open(&shared, NULL, 8 * page) || map_open(&settled, &wanted))
		bail("no reservation: %s", err_get());
	for (size_t i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, map_and_unmap, (void *)i);
	pthread_create(&ids[THREADS], NULL, extend_and_shrink, NULL);
	pthread_create(&ids[THREADS + 1], NULL, find, NULL);
	for (size_t i = 0; i < THREADS + 2; i++) {
		atomic_store(&all_done, i == THREADS + 1);
		pthread_join(ids[i], &result);
		wrong += (size_t)result;
	}
	is_int(wrong, 0,
		"reservation: %d threads that map, one that resizes and one that searches see no error",
		THREADS);
	ok(occupied > 0 && occupied + refused == THREADS * ROUNDS,
		"reservation: if several threads want the same places, each map_open either succeeds or is refused");
	map_close(&settled);
	is_int(reservation_close(&shared), 0,
		"reservation: can be closed after several threads have used it");
}

/*
 * A reservation holds its lock while its list of maps grows. The test makes growing slow: a thread
 * that read the list without the lock would see a list that is copied only in part.
 */
#define LOOKERS 4

static atomic_bool grows_slowly, is_growing;
static atomic_uint lookers;
static struct map decoy;

static void wait_slowly(void)
{
	usleep(1000);
}

static void wait_for_lookers(void)
{
	atomic_store(&is_growing, true);
	while (atomic_load(&lookers) < LOOKERS)
		usleep(100);
	usleep(20000);
}

static void (*while_growing)(void);

/*
 * Replaces reallocarray(3) by a slow function, which meanwhile overwrites each entry of the old
 * list with a decoy, so that a look-up in the old list fails.
 */
void *reallocarray(void *old, size_t count, size_t size)
{
	if (!atomic_load(&grows_slowly))
		return realloc(old, count * size);
	void **new = malloc(count * size), **from = old;

	for (size_t i = 0; new &&old &&i < count / 2; i++) {
		new[i] = from[i];
		from[i] = &decoy;
	}
	while_growing();
	free(old);
	return new;
}

static struct map listed[17];

static bool open_listed(size_t i)
{
	struct map_request wanted = request(&shared, i * page, 1);

	return !map_open(&listed[i], &wanted);
}

static void *open_first(void *unused)
{
	return (void *)(size_t)!open_listed(0);
}

static void *look_up(void *how)
{
	atomic_fetch_add(&lookers, 1);
	switch ((size_t)how) {
	case 0:
		return (void *)(size_t)(reservation_find(&shared, 9 * page, page) != &listed[9]);
	case 1:
		return (void *)(size_t)(reservation_last(&shared) != &listed[16]);
	case 2:
		return (void *)(size_t)(reservation_next(&shared, &listed[3]) != &listed[4]);
	}
	return (void *)(size_t)(reservation_previous(&shared, &listed[3]) != &listed[2]);
}

/* Opens 17 maps. The reservation's list has room for 16, so that it must grow for the last one. */
static void look_while_growing(void)
{
	pthread_t ids[LOOKERS + 1];
	size_t wrong = 0;
	void *result;

	if (reservation_open(&shared, NULL, 17 * page))
		bail("no reservation: %s", err_get());
	for (size_t i = 1; i < 17; i++)
		wrong += !open_listed(i);
	while_growing = wait_for_lookers;
	atomic_store(&grows_slowly, true);
	pthread_create(&ids[LOOKERS], NULL, open_first, NULL);
	while (!atomic_load(&is_growing))
		usleep(100);
	for (size_t i = 0; i < LOOKERS; i++)
		pthread_create(&ids[i], NULL, look_up, (void *)i);
	for (size_t i = 0; i <= LOOKERS; i++) {
		pthread_join(ids[i], &result);
		wrong += (size_t)result;
	}
	atomic_store(&grows_slowly, false);
	is_int(wrong, 0, "reservation: look-ups wait while the list of its maps grows");
	for (size_t i = 0; i < 17; i++)
		map_close(&listed[i]);
	is_int(reservation_close(&shared), 0,
		"reservation: can be closed after its list of maps has grown");
}

/*
 * All threads try to open a map at the same place at the same time. Exactly one of them must
 * succeed.
 */
static pthread_barrier_t together;

static void *want_slot(void *result)
{
	static struct map maps[THREADS];
	static atomic_uint next;
	struct map_request wanted = request(&shared, 0, 1);
	struct map *map = &maps[atomic_fetch_add(&next, 1) % THREADS];

	pthread_barrier_wait(&together);
	int error = map_open(map, &wanted);
	*(int *)result = error;
	pthread_barrier_wait(&together);
	if (!error)
		map_close(map);
	return NULL;
}

static void one_slot(void)
{
	pthread_t ids[THREADS];
	int results[THREADS], wrong = 0;

	pthread_barrier_init(&together, NULL, THREADS);
	while_growing = wait_slowly;
	atomic_store(&grows_slowly, true);
	for (int round = 0; round < 100; round++) {
		int won = 0, lost = 0;
		if (reservation_open(&shared, NULL, page))
			bail("no reservation: %s", err_get());
		for (size_t i = 0; i < THREADS; i++)
			pthread_create(&ids[i], NULL, want_slot, &results[i]);
		for (size_t i = 0; i < THREADS; i++) {
			pthread_join(ids[i], NULL);
			won += results[i] == 0;
			lost += results[i] == PMEM2_E_MAPPING_EXISTS;
		}
		wrong += won != 1 || lost != THREADS - 1;
		wrong += reservation_close(&shared) != 0;
	}
	atomic_store(&grows_slowly, false);
	is_int(wrong, 0,
		"reservation: of %d threads that map the same page, one succeeds, in each of 100 rounds",
		THREADS);
}

/* An offset and a length whose sum overflows must be refused, not wrap around. */
static void sums(void)
{
	struct reservation rsv;
	struct map map;

	if (reservation_open(&rsv, NULL, 8 * page))
		bail("no reservation: %s", err_get());
	for (size_t count = 1; count <= 3; count += 2) {
		struct map_request wanted = request(&rsv, (size_t)0 - page, count);
		is_int(map_open(&map, &wanted), PMEM2_E_LENGTH_OUT_OF_RANGE,
			"map_open: an offset of 2^64 minus a page, with a length of %zu pages, is out of the reservation's range",
			count);
	}
	is_int(reservation_close(&rsv), 0,
		"map_open: a refused map does not keep the reservation from closing");
}

/*
 * The place of a map must be a multiple of the source's alignment, which is larger than a page for
 * device DAX.
 */
static void alignment(void)
{
	struct reservation rsv;
	struct map map, other;
	struct map_request wanted;

	if (reservation_open(&rsv, NULL, 8 * page))
		bail("no reservation: %s", err_get());
	wanted = request(&rsv, 2 * page, 4);
	wanted.alignment = 4 * page;
	is_int(map_open(&map, &wanted), PMEM2_E_ADDRESS_UNALIGNED,
		"map_open: a place that is not a multiple of the source's alignment is refused");
	has_str(err_get(), "alignment of 16384",
		"map_open: the message has the required alignment of the source");
	wanted.reservation_offset = 6 * page;
	is_int(map_open(&map, &wanted), PMEM2_E_LENGTH_OUT_OF_RANGE,
		"map_open: a range that is unaligned and beyond the reservation's end is reported as beyond the end");
	wanted.reservation_offset = 4 * page;
	is_int(map_open(&map, &wanted), 0,
		"map_open: a place that is a multiple of the source's alignment is mapped");
	wanted.reservation_offset = 2 * page;
	is_int(map_open(&other, &wanted), PMEM2_E_ADDRESS_UNALIGNED,
		"map_open: a place that is unaligned and already taken is reported as unaligned");
	is_int(map_close(&map), 0, "map_close: a map in a reservation is closed");
	is_int(reservation_close(&rsv), 0,
		"reservation: can be closed after its aligned map was closed");
}

int main(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	cpu_init();
	if (map_init())
		bail("map_init failed");
	if (!under_valgrind()) {
		random_operations();
		threads();
	} else {
		skip("reservation: random operations agree with a simple reference model, also in several threads",
			"valgrind treats MAP_FIXED_NOREPLACE as a mere hint");
	}
	look_while_growing();
	one_slot();
	sums();
	alignment();
	return tap_done();
}
