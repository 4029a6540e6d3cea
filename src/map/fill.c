/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <sys/mman.h>

#include "base/err.h"
#include "device/device.h"
#include "libpmem2/base.h"
#include "map/limit.h"
#include "map/pages.h"
#include "map/place.h"

/* The end of an error message, which explains why a file cannot be mapped as requested. */
static const char *objection(const struct fill *fill)
{
	bool stores = !fill->is_private && fill->protection & PROT_WRITE;
	int saved = errno;

	if (errno == EACCES && stores && (fcntl(fill->fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		return ": the descriptor is open for reading only";
	errno = saved;
	if (errno == ENODEV)
		return ": its file system cannot map files, or not files of this kind";
	if (errno == EINVAL && fill->fd >= 0 && stores)
		return ": its file system may not support shared writable mappings";
	return "";
}

static int mmap_error(const struct fill *fill)
{
	int code = errno == EACCES    ? PMEM2_E_NO_ACCESS
		   : errno == EEXIST  ? PMEM2_E_MAPPING_EXISTS
		   : errno == ENOTSUP ? PMEM2_E_NOSUPP
				      : -errno;

	/* Set an error message that ends with the text of errno. */
	char words[DEVICE_FD_NAME], hint[LIMIT_HINT];
	return err_set(code, "cannot map %zu bytes from offset %lld of %s: %m%s", fill->length,
		(long long)fill->offset, device_fd_name(words, fill->fd, fill->name),
		errno == ENOMEM ? limit_hint(hint) : objection(fill));
}

static bool mmap_at(char *addr, const struct fill *fill, int flags)
{
	return mmap(addr, fill->length, fill->protection, flags | MAP_FIXED, fill->fd,
		       fill->offset) != MAP_FAILED;
}

/*
 * For a refused MAP_SYNC the kernel reports EOPNOTSUPP if the file system or the device lacks it,
 * and EINVAL if the kernel is older than 4.15.
 */
int fill_try(const struct fill *fill, bool *sync)
{
	size_t length = fill->length < fill->alignment ? fill->length : fill->alignment;
	int protection = fill->protection, fd = fill->fd, flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	void *trial = mmap(NULL, length, protection, flags, fd, fill->offset);

	if (trial == MAP_FAILED && (errno == EOPNOTSUPP || errno == EINVAL)) {
		flags = MAP_SHARED;
		trial = mmap(NULL, length, protection, flags, fd, fill->offset);
	}
	if (trial == MAP_FAILED)
		return mmap_error(fill);
	if (munmap(trial, length))
		return err_sys("cannot unmap a trial mapping of %zu bytes", length);
	*sync = flags & MAP_SYNC;
	return 0;
}

/*
 * The mapping is tried at another address first. With MAP_FIXED, kernels before 6.12 unmap what is
 * mapped at the address before they ask the file system: if the file system refuses the mapping,
 * the place is left unmapped, and another thread's mmap could take it.
 */
int fill_place(char *addr, const struct fill *fill, bool *sync)
{
	int flags = fill->is_private ? MAP_PRIVATE : MAP_SHARED;
	bool accepted = false;
	int error = 0;

	if (fill->fd < 0)
		flags |= MAP_ANONYMOUS;
	else if (!fill->is_private)
		error = fill_try(fill, &accepted);
	if (error)
		return error;
	if (accepted)
		flags = MAP_SHARED_VALIDATE | MAP_SYNC;
	if (mmap_at(addr, fill, flags)) {
		*sync = accepted;
		return 0;
	}
	error = mmap_error(fill);
	/*
	 * The mapping failed for another reason, such as a lack of memory, which may also have
	 * left the place unmapped: reserve it again.
	 */
	place_close_hole(addr, pages_round_up(fill->length));
	return error;
}

int fill_new_place(char **addr, const struct fill *fill, const uintptr_t *hint, bool *sync)
{
	size_t alignment = place_alignment(fill->length, fill->alignment);
	size_t whole = pages_round_up(fill->length);
	char *place;

	if (!whole)
		return err_set(-ENOMEM, "no address space for %zu bytes", fill->length);
	int error = hint ? place_reserve_above(*hint, &place, whole, alignment)
			 : place_reserve(&place, whole, alignment);
	if (error)
		return error;
	error = fill_place(place, fill, sync);
	if (error)
		place_discard(place, whole);
	else
		*addr = place;
	return error;
}
