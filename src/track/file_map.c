/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/file_map.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "device/deepflush.h"
#include "map/file_sync.h"
#include "map/fill.h"
#include "map/granularity.h"
#include "map/pages.h"
#include "map/place.h"
#include "track/last_place.h"
#include "track/tracker.h"

/* True if CPU instructions make stores durable. Logs why a DAX device is not persistent memory. */
static bool is_pmem(const struct device *device, bool sync, const char *sysfs)
{
	struct granularity judged;
	char name[DEVICE_NAME];

	/* Return early for ordinary files, which are most: they are not persistent memory. */
	if (device->kind == DEVICE_FILE && !sync)
		return false;
	struct region region = device_region(device, sysfs);
	if (granularity_judge(&judged, device, &region, sync, cpu.engine->flushes))
		return judged.value != PMEM2_GRANULARITY_PAGE;
	log_notice("%s %s", device_name(device, name), granularity_objection(judged.reason));
	return false;
}

static int track(const char *addr, const struct open_file *file, bool sync, const char *sysfs)
{
	struct tracked range = {
		.from = (uintptr_t)addr,
		.to = (uintptr_t)addr + file->length,
		.is_pmem = is_pmem(&file->device, sync, sysfs),
		.device = file->device,
	};

	log_notice("mapped %zu bytes of %s at %p%s: %s", file->length, file->name,
		(const void *)addr, sync ? " with MAP_SYNC" : "",
		range.is_pmem ? "persistent memory" : "not persistent memory");
	if (range.is_pmem || file->device.kind == DEVICE_DAX)
		return tracker_add(&range);
	return tracker_forget(range.from, range.from + pages_round_up(file->length));
}

int file_map_create(
	char **addr, const struct open_file *file, const uintptr_t *hint, const char *sysfs)
{
	struct fill fill = {
		.fd = file->fd,
		.name = file->name,
		.length = file->length,
		.alignment = file->alignment,
		.protection = PROT_READ | PROT_WRITE,
	};
	int error = 0;
	char *base;
	bool sync;

	if (hint || !last_place_map(&base, &fill, &sync))
		error = fill_new_place(&base, &fill, hint, &sync);
	if (error)
		return error;
	last_place_remember(base);
	file_sync_new_map(
		(struct range){(uintptr_t)base, (uintptr_t)base + pages_round_up(file->length)});
	error = track(base, file, sync, sysfs);
	if (error)
		place_discard(base, pages_round_up(file->length));
	else
		*addr = base;
	return error;
}

/* Write back a range that may belong to any file. */
static int write_back(uintptr_t from, uintptr_t to)
{
	return file_sync_or_error(&(struct file_sync){.pages = {from, to}});
}

static int check_range(uintptr_t from, size_t len)
{
	/*
	 * A length that ends in the last page of the address space would be rounded up to 0 by the
	 * kernel.
	 */
	if (len > UINTPTR_MAX - from || (len && from + len > -(uintptr_t)sysconf(_SC_PAGESIZE)))
		return err_set(-ENOMEM, "%zu bytes at %p reach beyond the end of address space",
			len, (void *)from);
	return 0;
}

int file_map_msync(const void *addr, size_t len)
{
	uintptr_t from = (uintptr_t)addr;
	int error = check_range(from, len);

	pthread_testcancel();
	return error ? error : write_back(from, from + len);
}

static int drain_device(const struct tracked *range, const char *sysfs)
{
	char name[DEVICE_NAME];

	if (!range->is_pmem)
		return err_set(PMEM2_E_NOSUPP, "stores to %s cannot be made durable",
			device_name(&range->device, name));
	/* Flushed lines must reach the device before it is told to empty its buffers. */
	cpu.engine->drain();
	return device_deep_flush(&range->device, sysfs);
}

/*
 * Drain the beginning of the range [from, *to), as far as it lies in memory of one kind. Sets *to
 * to the end of the drained part.
 */
static int drain_part(uintptr_t from, uintptr_t *to, const char *sysfs)
{
	struct tracked range;

	if (!tracker_find(from, *to, &range))
		return write_back(from, *to);
	if (range.from > from) {
		*to = range.from;
		return write_back(from, *to);
	}
	if (range.to < *to)
		*to = range.to;
	return range.device.kind == DEVICE_DAX ? drain_device(&range, sysfs)
					       : write_back(from, *to);
}

int file_map_deep_drain(const void *addr, size_t len, const char *sysfs)
{
	uintptr_t from = (uintptr_t)addr, part;
	int error = check_range(from, len);

	pthread_testcancel();
	for (uintptr_t to = from + len; !error && from < to; from = part) {
		part = to;
		error = drain_part(from, &part, sysfs);
	}
	return error;
}
