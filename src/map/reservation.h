/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reservation.h - address space set aside, for maps to be put at known distances
 *
 * It is inaccessible memory, whole pages of it, in which each map occupies a slot. A slot is
 * claimed before anything is mapped there and vacated after it is blank again, both under one
 * lock; whoever holds it is alone with those addresses, and nothing gives up address space that
 * has a slot. So the mapping itself, the write-back and the unmapping, which take their time, need
 * no lock.
 *
 * Locks: one for all reservations, held for a look-up or a change of address space that has
 * nothing in it, never during I/O, and no other is taken under it. A child of fork finds it free;
 * a slot that another thread was about to fill or vacate just then stays taken in the child.
 */
#ifndef MAP_RESERVATION_H
#define MAP_RESERVATION_H

#include "map/map.h"
#include "map/map_array.h"

/* The caller owns the struct and reads none of it. */
struct reservation {
	char *addr;
	size_t size;
	struct map_array slots;
};

/* Once, when the library is loaded. Returns 0 or -ENOMEM. */
int reservation_init(void);

/*
 * The calls of the public header, with their codes, each in the order of checks that is given
 * there; `addr` NULL is anywhere. With a sentence.
 */
int reservation_open(struct reservation *reservation, void *addr, size_t size);
int reservation_close(struct reservation *reservation);
int reservation_extend(struct reservation *reservation, size_t size);
int reservation_shrink(struct reservation *reservation, size_t offset, size_t size);
void reservation_extent(struct reservation *reservation, char **addr, size_t *size);

/*
 * Make the slot for a map of map->length at `offset` the caller's own, and set map->addr. It
 * cannot be found yet. PMEM2_E_OFFSET_UNALIGNED, PMEM2_E_LENGTH_OUT_OF_RANGE,
 * PMEM2_E_ADDRESS_UNALIGNED (of the source's `alignment`), PMEM2_E_MAPPING_EXISTS or -ENOMEM, with
 * a sentence.
 */
int reservation_claim(
	struct reservation *reservation, struct map *map, size_t offset, size_t alignment);

/* The map in the slot is complete: it may be found. */
void reservation_publish(struct map *map);

/* Undo both, and what is mapped there. -errno with a sentence, and then it is as it was. */
int reservation_vacate(struct map *map);

/* The same for a map that was never complete: it always succeeds, and leaves the sentence alone. */
void reservation_abandon(struct map *map);

/*
 * The lowest map with a byte in `length` bytes from `offset`; for length 0, at `offset`. The map
 * before or after another one, both in this reservation. NULL without one, and no
 * sentence.
 */
struct map *reservation_find(struct reservation *reservation, size_t offset, size_t length);
struct map *reservation_previous(struct reservation *reservation, const struct map *map);
struct map *reservation_next(struct reservation *reservation, const struct map *map);
struct map *reservation_last(struct reservation *reservation);

#endif
