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

static atomic_uintptr_t last; /* 0: none yet */

/* False with errno. */
static bool map_there(uintptr_t place, const struct fill *fill, int flags)
{
	void *got =
		mmap((void *)place, fill->length, fill->protection, flags, fill->fd, fill->offset);

	if (got == (void *)place)
		return true;
	/* The place is a mere wish: the kernel gives it if it is free, and another one if not. */
	if (got != MAP_FAILED) {
		place_discard(got, pages_round_up(fill->length));
		errno = EEXIST;
	}
	return false;
}

/*
 * MAP_SYNC first, as in fill_place(). MAP_FIXED_NOREPLACE would say more clearly what is meant, but
 * it is not among the flags that MAP_SHARED_VALIDATE knows, so that DAX, too, would be refused; and
 * the thread sanitizer turns a place that it does not like into 0, which with that flag is granted.
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
