/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/mcsafe.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "map/file_sync.h"
#include "map/fill.h"
#include "map/granularity.h"
#include "map/place.h"
#include "map/sigbus.h"

/*
 * A temporary mapping of a part of a DAX device: of all its units that contain a byte to be
 * copied.
 */
struct window {
	char *addr;
	size_t length;
	size_t offset; /* where the mapping begins in the device, in bytes */
	bool sync;     /* the kernel accepted MAP_SYNC */
	/* failures recorded up to this epoch are older than the mapping (file_sync.h) */
	uint64_t born;
};

static int open_window(struct window *window, const struct mcsafe *device, size_t size,
	size_t offset, int protection)
{
	size_t first = offset & -device->alignment;
	size_t end = (offset + size + device->alignment - 1) & -device->alignment;
	struct fill fill = {
		.fd = device->fd,
		.offset = (off_t)first,
		.length = end - first,
		.alignment = device->alignment,
		.protection = protection,
	};

	window->offset = first;
	window->length = fill.length;
	window->born = file_sync_epoch();
	return fill_new_place(&window->addr, &fill, NULL, &window->sync);
}

static void close_window(const struct window *window)
{
	place_discard(window->addr, window->length);
}

/* Arguments of the copy that runs under the guard. */
struct copy {
	char *to;
	const char *from;
	size_t size;
	void *(*move)(void *to, const void *from, size_t size, unsigned flags);
};

static void run_copy(void *arg)
{
	const struct copy *copy = arg;

	copy->move(copy->to, copy->from, copy->size, 0);
}

static int guarded_copy(const struct window *window, struct copy copy)
{
	size_t fault;
	int error = sigbus_guard(window->addr, window->length, run_copy, &copy, &fault);

	if (error == PMEM2_E_IO_FAIL)
		err_set(error, "bad memory at offset %zu of the device", window->offset + fault);
	return error;
}

static void *plain_move(void *to, const void *from, size_t size, unsigned flags)
{
	return memcpy(to, from, size);
}

int mcsafe_read(const struct mcsafe *from, void *buf, size_t size, size_t offset)
{
	struct window window;
	int error = open_window(&window, from, size, offset, PROT_READ);

	if (error)
		return error;
	error = guarded_copy(&window,
		(struct copy){buf, window.addr + (offset - window.offset), size, plain_move});
	close_window(&window);
	return error;
}

static int write_back(const struct window *window, const struct device *device)
{
	uintptr_t from = (uintptr_t)window->addr;
	int error = file_sync_or_error(&(struct file_sync){
		.file = {device->number, device->inode},
		.pages = {from, from + window->length},
		.since = window->born,
	});

	return error == -EIO ? PMEM2_E_IO_FAIL : error;
}

/*
 * Copy bytes to the mapping. If stores to the mapping have BYTE or CACHE_LINE granularity, the
 * copied bytes are durable on return.
 */
static int write_window(const struct window *window, const struct mcsafe *to, const void *buf,
	size_t size, size_t offset)
{
	struct region region = device_region(to->device, to->sysfs);
	struct granularity granularity;
	int error = granularity_decide(
		&granularity, to->device, &region, window->sync, cpu.engine->flushes);

	if (error)
		return error;
	error = guarded_copy(window,
		(struct copy){window->addr + (offset - window->offset), buf, size,
			granularity.value == PMEM2_GRANULARITY_BYTE ? cpu.engine->move_byte
								    : cpu.engine->move_line});
	if (!error && granularity.value == PMEM2_GRANULARITY_PAGE)
		error = write_back(window, to->device);
	return error;
}

int mcsafe_write(const struct mcsafe *to, const void *buf, size_t size, size_t offset)
{
	struct window window;
	int error = open_window(&window, to, size, offset, PROT_READ | PROT_WRITE);

	if (error)
		return error;
	error = write_window(&window, to, buf, size, offset);
	close_window(&window);
	return error;
}
