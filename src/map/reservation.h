/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reservation.h - address space set aside, so that maps can be put at known distances
 *
 * It is inaccessible memory of whole pages, in which each map occupies a slot. A slot is claimed
 * before anything is mapped there and vacated after its addresses are inaccessible again, both
 * under one lock. The thread that has claimed a slot has these addresses to itself, and address
 * space with a slot in it is never given up. So mapping, write-back and unmapping, which take
 * their time, need no lock.
 *
 * Locks: one for all reservations, held for a look-up or a change of address space that has
 * nothing in it, never during I/O; no other lock is taken while it is held. In a child of fork the
 * lock is free. A slot that another thread was about to fill or vacate at the fork stays taken in
 * the child.
 */
#ifndef MAP_RESERVATION_H
#define MAP_RESERVATION_H

#include "map/map.h"
#include "map/map_array.h"

/* The caller owns the struct but must not read its members. */
struct reservation {
	char *addr;
	size_t size;
	struct map_array slots;
};

/* Call once, when the library is loaded. Returns 0 or -ENOMEM. */
int reservation_init(void);

/*
 * Implement the calls of the public header, with their codes and their order of checks.
 * If `addr` is NULL, the kernel chooses the address. A failure sets the error message.
 */
int reservation_open(struct reservation *reservation, void *addr, size_t size);
int reservation_close(struct reservation *reservation);
int reservation_extend(struct reservation *reservation, size_t size);
int reservation_shrink(struct reservation *reservation, size_t offset, size_t size);
void reservation_extent(struct reservation *reservation, char **addr, size_t *size);

/*
 * Claim the slot for a map of map->length at `offset`, and set map->addr. The map cannot be found
 * yet. PMEM2_E_OFFSET_UNALIGNED, PMEM2_E_LENGTH_OUT_OF_RANGE, PMEM2_E_ADDRESS_UNALIGNED (not a
 * multiple of the source's `alignment`), PMEM2_E_MAPPING_EXISTS or -ENOMEM, with an error message.
 */
int reservation_claim(
	struct reservation *reservation, struct map *map, size_t offset, size_t alignment);

/*
 * Publish the map in the slot, which is complete now: reservation_find() and similar calls may
 * return it.
 */
void reservation_publish(struct map *map);

/*
 * Unpublish the map, unmap it and free the slot. Returns 0; or -errno with an error message, and
 * then nothing has changed.
 */
int reservation_vacate(struct map *map);

/* Unmap a map that was never published and free its slot. Keeps the error message. */
void reservation_abandon(struct map *map);

/*
 * reservation_find() returns the lowest map with a byte in `length` bytes from `offset`; for
 * length 0, the map at `offset`. The next two functions return the map before and after a given
 * map. All return NULL, without an error message, if no such map exists.
 */
struct map *reservation_find(struct reservation *reservation, size_t offset, size_t length);
struct map *reservation_previous(struct reservation *reservation, const struct map *map);
struct map *reservation_next(struct reservation *reservation, const struct map *map);
struct map *reservation_last(struct reservation *reservation);

#endif
