/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/reservation.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "base/err.h"
#include "base/signal_lock.h"
#include "map/pages.h"
#include "map/place.h"

static struct signal_lock lock = SIGNAL_LOCK_FREE;

static void take_lock(void)
{
	signal_lock_take(&lock);
}

static void leave_lock(void)
{
	signal_lock_release(&lock);
}

static void leave_lock_in_child(void)
{
	signal_lock_release_in_child(&lock);
}

int reservation_init(void)
{
	return -pthread_atfork(take_lock, leave_lock, leave_lock_in_child);
}

static bool is_whole_pages(size_t number)
{
	return number % (size_t)sysconf(_SC_PAGESIZE) == 0;
}

static int check_length(size_t size)
{
	if (is_whole_pages(size))
		return 0;
	return err_set(
		PMEM2_E_LENGTH_UNALIGNED, "length %zu is not a multiple of the page size", size);
}

static int check_offset(size_t offset)
{
	if (is_whole_pages(offset))
		return 0;
	return err_set(PMEM2_E_OFFSET_UNALIGNED,
		"offset %zu in the reservation is not a multiple of the page size", offset);
}

int reservation_open(struct reservation *reservation, void *addr, size_t size)
{
	char *at = addr;

	if (!is_whole_pages((size_t)at))
		return err_set(PMEM2_E_ADDRESS_UNALIGNED,
			"address %p is not a multiple of the page size", addr);
	int error = check_length(size);
	if (error)
		return error;
	if (!size)
		return err_set(-EINVAL, "a reservation of no bytes");
	if (at)
		error = place_reserve_at(at, size);
	else
		error = place_reserve(&at, size, place_alignment(size, 1));
	if (!error)
		*reservation = (struct reservation){.addr = at, .size = size};
	return error;
}

static int close_locked(struct reservation *reservation)
{
	if (reservation->slots.count)
		return err_set(PMEM2_E_VM_RESERVATION_NOT_EMPTY,
			"the reservation at %p still has %zu maps", (void *)reservation->addr,
			reservation->slots.count);
	int error = place_release(reservation->addr, reservation->size);
	if (!error)
		map_array_fini(&reservation->slots);
	return error;
}

int reservation_close(struct reservation *reservation)
{
	take_lock();
	int error = close_locked(reservation);
	leave_lock();
	return error;
}

void reservation_extent(struct reservation *reservation, char **addr, size_t *size)
{
	take_lock();
	*addr = reservation->addr;
	*size = reservation->size;
	leave_lock();
}

int reservation_extend(struct reservation *reservation, size_t size)
{
	int error = check_length(size);

	if (error || !size)
		return error;
	take_lock();
	error = place_reserve_at(reservation->addr + reservation->size, size);
	if (!error)
		reservation->size += size;
	leave_lock();
	return error;
}

static int check_shrink(const struct reservation *reservation, size_t offset, size_t size)
{
	size_t all = reservation->size;
	uintptr_t from = (uintptr_t)reservation->addr + offset;

	if (offset >= all)
		return err_set(PMEM2_E_OFFSET_OUT_OF_RANGE,
			"offset %zu lies beyond the reservation's %zu bytes", offset, all);
	if (!size || size > all - offset)
		return err_set(PMEM2_E_LENGTH_OUT_OF_RANGE,
			"%zu bytes from offset %zu are %s in the reservation of %zu bytes", size,
			offset, size ? "more than is left" : "no range", all);
	if (offset && offset + size < all)
		return err_set(PMEM2_E_NOSUPP,
			"a reservation can shrink only at its ends, not in the middle");
	if (size == all)
		return err_set(PMEM2_E_NOSUPP,
			"a reservation cannot shrink to 0 bytes: delete it instead");
	if (map_array_within(&reservation->slots, from, from + size) < reservation->slots.count)
		return err_set(PMEM2_E_VM_RESERVATION_NOT_EMPTY,
			"there are maps in the %zu bytes from offset %zu", size, offset);
	return 0;
}

static int shrink_locked(struct reservation *reservation, size_t offset, size_t size)
{
	int error = check_shrink(reservation, offset, size);

	if (!error)
		error = place_release(reservation->addr + offset, size);
	if (error)
		return error;
	if (!offset)
		reservation->addr += size;
	reservation->size -= size;
	return 0;
}

int reservation_shrink(struct reservation *reservation, size_t offset, size_t size)
{
	int error = check_offset(offset);

	if (!error)
		error = check_length(size);
	if (error)
		return error;
	take_lock();
	error = shrink_locked(reservation, offset, size);
	leave_lock();
	return error;
}

static int claim_locked(
	struct reservation *reservation, struct map *map, size_t offset, size_t alignment)
{
	size_t whole = pages_round_up(map->length);
	uintptr_t start = (uintptr_t)reservation->addr + offset;

	/* `whole`, which is the length rounded up to whole pages, is 0 if that overflowed. */
	if (!whole || offset > reservation->size || whole > reservation->size - offset)
		return err_set(PMEM2_E_LENGTH_OUT_OF_RANGE,
			"%zu bytes at offset %zu reach beyond the reservation's %zu bytes",
			map->length, offset, reservation->size);
	if (start % alignment)
		return err_set(PMEM2_E_ADDRESS_UNALIGNED,
			"address %p, at offset %zu of the reservation, is not a multiple of the source's alignment of %zu",
			(void *)start, offset, alignment);
	size_t index = map_array_within(&reservation->slots, start, start + whole);
	if (index < reservation->slots.count)
		return err_set(PMEM2_E_MAPPING_EXISTS,
			"%zu bytes at offset %zu of the reservation overlap a map of %zu bytes at %p",
			map->length, offset, reservation->slots.maps[index]->length,
			(void *)reservation->slots.maps[index]->addr);
	map->addr = (char *)start;
	map->reservation = reservation;
	map->findable = false;
	return map_array_add(&reservation->slots, map);
}

int reservation_claim(
	struct reservation *reservation, struct map *map, size_t offset, size_t alignment)
{
	int error = check_offset(offset);

	if (error)
		return error;
	take_lock();
	error = claim_locked(reservation, map, offset, alignment);
	leave_lock();
	return error;
}

static void set_findable(struct map *map, bool findable)
{
	take_lock();
	map->findable = findable;
	leave_lock();
}

void reservation_publish(struct map *map)
{
	set_findable(map, true);
}

/* The reservation must not be accessed after this: another thread may delete it. */
static void give_up_slot(struct map *map)
{
	struct map_array *slots = &map->reservation->slots;

	take_lock();
	map_array_remove(slots, map_array_index(slots, map));
	leave_lock();
}

int reservation_vacate(struct map *map)
{
	set_findable(map, false);
	/*
	 * Unmapping a large map takes long, so it runs without the lock: no other thread can use
	 * the slot as long as it is claimed.
	 */
	int error = place_blank(map->addr, pages_round_up(map->length));
	if (error) {
		set_findable(map, true);
		errno = -error;
		return err_sys("cannot give %zu bytes at %p back to their reservation", map->length,
			(void *)map->addr);
	}
	give_up_slot(map);
	return 0;
}

/*
 * Unmap a map that was never published, so that no search has found it. If this fails, pages remain
 * mapped in its slot; they are unmapped when the slot is used again or the reservation ends.
 */
void reservation_abandon(struct map *map)
{
	place_blank(map->addr, pages_round_up(map->length));
	give_up_slot(map);
}

/*
 * Search the slots from number `index` on, upwards or, if `down` is true, downwards. Returns the
 * first map found that may be returned to the program, or NULL.
 */
static struct map *findable_from(const struct map_array *slots, size_t index, bool down)
{
	while (index < slots->count && !slots->maps[index]->findable)
		index = down ? index - 1 : index + 1; /* 0 - 1 wraps to a large index */
	return index < slots->count ? slots->maps[index] : NULL;
}

static struct map *find_locked(const struct reservation *reservation, size_t offset, size_t length)
{
	const struct map_array *slots = &reservation->slots;
	uintptr_t start = (uintptr_t)reservation->addr + offset;

	if (offset >= reservation->size)
		return NULL;
	struct map *map = findable_from(slots, map_array_after(slots, start), false);
	if (map && (uintptr_t)map->addr > start && (uintptr_t)map->addr - start >= length)
		return NULL;
	return map;
}

struct map *reservation_find(struct reservation *reservation, size_t offset, size_t length)
{
	take_lock();
	struct map *map = find_locked(reservation, offset, length);
	leave_lock();
	return map;
}

static struct map *neighbour(struct reservation *reservation, const struct map *map, bool down)
{
	const struct map_array *slots = &reservation->slots;
	struct map *found = NULL;

	take_lock();
	size_t index = map_array_index(slots, map);
	if (index < slots->count)
		found = findable_from(slots, down ? index - 1 : index + 1, down);
	leave_lock();
	return found;
}

struct map *reservation_previous(struct reservation *reservation, const struct map *map)
{
	return neighbour(reservation, map, true);
}

struct map *reservation_next(struct reservation *reservation, const struct map *map)
{
	return neighbour(reservation, map, false);
}

struct map *reservation_last(struct reservation *reservation)
{
	take_lock();
	struct map *map = findable_from(&reservation->slots, reservation->slots.count - 1, true);
	leave_lock();
	return map;
}
