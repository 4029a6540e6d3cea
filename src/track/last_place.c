/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/last_place.h"

#include <errno.h>
#include <linux/mman.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/racecheck.h"
#include "map/pages.h"
#include "map/place.h"

static atomic_uintptr_t last; /* address of the last mapping; 0: none yet */

/* Map at this place if it is free. False, with errno set, on failure. */
static bool map_there(uintptr_t place, const struct fill *fill, int flags)
{
	void *got =
		mmap((void *)place, fill->length, fill->protection, flags, fill->fd, fill->offset);

	if (got == (void *)place)
		return true;
	/* `place` is only a hint: if it is not free, the kernel maps elsewhere. */
	if (got != MAP_FAILED) {
		place_discard(got, pages_round_up(fill->length));
		errno = EEXIST;
	}
	return false;
}

/*
 * Map with MAP_SYNC if possible, as in fill_place(), else without. MAP_FIXED_NOREPLACE is not
 * used, for two reasons. With MAP_SHARED_VALIDATE, the kernel refuses flags that it does not know
 * there, such as MAP_FIXED_NOREPLACE, so it would refuse DAX mappings. And the thread sanitizer
 * replaces an address that it does not accept by 0; with MAP_FIXED_NOREPLACE, the kernel would then
 * map at address 0.
 */
static bool try_place(uintptr_t place, const struct fill *fill, bool *sync)
{
	*sync = map_there(place, fill, MAP_SHARED_VALIDATE | MAP_SYNC);
	if (*sync)
		return true;
	return (errno == EOPNOTSUPP || errno == EINVAL) && map_there(place, fill, MAP_SHARED);
}

bool last_place_map(char **addr, const struct fill *fill, bool *sync)
{
	uintptr_t alignment = place_alignment(fill->length, fill->alignment);
	racecheck_ignore(&last, sizeof(last));
	uintptr_t before = atomic_load_explicit(&last, memory_order_relaxed);
	uintptr_t whole = pages_round_up(fill->length);
	uintptr_t places[] = {before & -alignment, (before - whole) & -alignment};

	if (!before || whole >= before)
		return false;
	for (int i = 0; i < 2 && places[i]; i++) {
		if (try_place(places[i], fill, sync)) {
			*addr = (char *)places[i];
			return true;
		}
		if (errno != EEXIST)
			break;
	}
	return false;
}

void last_place_remember(const char *addr)
{
	atomic_store_explicit(&last, (uintptr_t)addr, memory_order_relaxed);
}
