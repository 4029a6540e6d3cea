/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/tracked.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "device/deepflush.h"
#include "map/fill.h"
#include "map/granularity.h"
#include "map/guess.h"
#include "map/pages.h"
#include "map/place.h"
#include "map/tracker.h"

/* Whether CPU instructions make stores durable; the log is told why a DAX device is no pmem. */
static bool is_pmem(const struct device *device, bool sync, const char *sysfs)
{
	struct granularity judged;
	char name[DEVICE_NAME];

	/* Nothing more has to be known of ordinary files, which are most. */
	if (device->kind == DEVICE_FILE && !sync)
		return false;
	struct region region = device_region(device, sysfs);
	if (granularity_judge(&judged, device, &region, sync, cpu.engine->flushes))
		return judged.value != PMEM2_GRANULARITY_PAGE;
	log_notice("%s %s", device_name(device, name), granularity_objection(judged.reason));
	return false;
}

static int track(const char *addr, const struct path *path, bool sync, const char *sysfs)
{
	struct tracked range = {
		.from = (uintptr_t)addr,
		.to = (uintptr_t)addr + path->length,
		.is_pmem = is_pmem(&path->device, sync, sysfs),
		.device = path->device,
	};

	log_notice("mapped %zu bytes of %s at %p%s: %s", path->length, path->name,
		(const void *)addr, sync ? " with MAP_SYNC" : "",
		range.is_pmem ? "persistent memory" : "not persistent memory");
	if (range.is_pmem || path->device.kind == DEVICE_DAX)
		return tracker_add(&range);
	return tracker_forget(range.from, range.from + pages_round_up(path->length));
}

/* The hard way: find a place, keep it, and map into it. */
static int map_into_place(char **addr, const struct fill *fill, const struct tracked_place *place,
	size_t alignment, bool *sync)
{
	size_t whole = pages_round_up(fill->length);

	if (!whole)
		return err_set(-ENOMEM, "no address space for %zu bytes", fill->length);
	int error = place->has_hint ? place_reserve_above(place->hint, addr, whole, alignment)
				    : place_reserve(addr, whole, alignment);
	if (error)
		return error;
	error = fill_place(*addr, fill, sync);
	if (error)
		munmap(*addr, whole); /* the sentence of the failure stands */
	return error;
}

int tracked_map(
	char **addr, const struct path *path, const struct tracked_place *place, const char *sysfs)
{
	size_t alignment = place_alignment(path->length, path->alignment);
	struct fill fill = {
		.fd = path->fd,
		.length = path->length,
		.alignment = path->alignment,
		.protection = PROT_READ | PROT_WRITE,
	};
	int error = 0;
	char *base;
	bool sync;

	if (place->has_hint || !guess_map(&base, &fill, alignment, &sync))
		error = map_into_place(&base, &fill, place, alignment, &sync);
	if (error)
		return error;
	guess_remember(base);
	error = track(base, path, sync, sysfs);
	if (error)
		munmap(base, pages_round_up(path->length));
	else
		*addr = base;
	return error;
}

static int check_range(uintptr_t from, size_t len)
{
	if (len > UINTPTR_MAX - from)
		return err_set(-ENOMEM, "%zu bytes at %p reach beyond the end of address space",
			len, (void *)from);
	return 0;
}

int tracked_msync(const void *addr, size_t len)
{
	uintptr_t from = (uintptr_t)addr;
	int error = check_range(from, len);

	return error ? error : pages_write_back((struct range){from, from + len});
}

static int drain_device(const struct tracked *range, const char *sysfs)
{
	char name[DEVICE_NAME];

	if (!range->is_pmem)
		return err_set(PMEM2_E_NOSUPP, "nothing makes stores to %s durable",
			device_name(&range->device, name));
	/* What was flushed must be in the region before the region is told to empty itself. */
	cpu.engine->drain();
	return device_deep_flush(&range->device, sysfs);
}

/* The part at `from` that is of one kind; *to is lowered to its end. */
static int drain_part(uintptr_t from, uintptr_t *to, const char *sysfs)
{
	struct tracked range;

	if (!tracker_find(from, *to, &range))
		return pages_write_back((struct range){from, *to});
	if (range.from > from) {
		*to = range.from;
		return pages_write_back((struct range){from, *to});
	}
	if (range.to < *to)
		*to = range.to;
	return range.device.kind == DEVICE_DAX ? drain_device(&range, sysfs)
					       : pages_write_back((struct range){from, *to});
}

int tracked_deep_drain(const void *addr, size_t len, const char *sysfs)
{
	uintptr_t from = (uintptr_t)addr, part;
	int error = check_range(from, len);

	for (uintptr_t to = from + len; !error && from < to; from = part) {
		part = to;
		error = drain_part(from, &part, sysfs);
	}
	return error;
}
