/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Undefine _FILE_OFFSET_BITS, which with a 64-bit off_t only renames calls of ftruncate in this
 * file to ftruncate64. Tools that interpose the function in programs define it by its own name.
 */
#undef _FILE_OFFSET_BITS

#include "track/open_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "libpmem.h"
#include "map/room.h"

#define FLAGS (PMEM_FILE_CREATE | PMEM_FILE_EXCL | PMEM_FILE_SPARSE | PMEM_FILE_TMPFILE)

/*
 * The maximum number of attempts to open or make a file if, between its checks, other processes
 * create and remove the file. After the last attempt, report the error.
 */
#define CREATE_TRIES 16

/* Refuse a path that is not a file, a directory or a DAX device. Does not open it. */
static int check_device(const struct open_file_request *request, bool *is_dax)
{
	struct device device;
	int fd = open(request->path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return err_sys("cannot look at %s", request->path);
	int error = device_identify_named(&device, fd, request->path, request->sysfs);
	close(fd);
	*is_dax = !error && device.kind == DEVICE_DAX;
	return error ? -EINVAL : 0;
}

static int check_type(const struct open_file_request *request, bool *is_dax)
{
	struct stat st;

	*is_dax = false;
	if (stat(request->path, &st)) {
		if (errno == ENOENT)
			return 0; /* the file may be made later */
		return err_sys("cannot look up %s", request->path);
	}
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? 0 : check_device(request, is_dax);
}

static int check_lengths(const struct open_file_request *request)
{
	if (!(request->flags & PMEM_FILE_CREATE)) {
		if (request->length)
			return err_set(-EINVAL,
				"a length of %zu needs PMEM_FILE_CREATE: an existing file is always mapped whole",
				request->length);
		if (request->flags & PMEM_FILE_TMPFILE)
			return err_set(-EINVAL, "PMEM_FILE_TMPFILE without PMEM_FILE_CREATE");
		return 0;
	}
	if (request->length > INT64_MAX)
		return err_set(-EINVAL, "%zu bytes are more than a file can have", request->length);
	if (!request->length)
		return err_set(-EINVAL, "PMEM_FILE_CREATE needs a length greater than 0");
	return 0;
}

static int check(const struct open_file_request *request, bool *is_dax)
{
	if (!request->path)
		return err_set(-EINVAL, "the path is NULL");
	int error = check_type(request, is_dax);
	if (error)
		return error;
	if (request->flags & ~FLAGS)
		return err_set(-EINVAL, "unknown flags %#x", request->flags & ~FLAGS);
	if (!*is_dax)
		return check_lengths(request);
	if (request->flags & (PMEM_FILE_EXCL | PMEM_FILE_TMPFILE))
		return err_set(-EINVAL,
			"PMEM_FILE_EXCL and PMEM_FILE_TMPFILE are not for DAX devices such as %s",
			request->path);
	return 0;
}

/*
 * Make a file and remove its name at once, for file systems without O_TMPFILE. If the process is
 * killed between the two calls, the file is left. To prevent that, signals would have to be
 * blocked, which a library should not do.
 */
static int open_and_unlink(struct open_file *file, const char *directory)
{
	char *name;

	if (asprintf(&name, "%s/pmem.XXXXXX", directory) < 0)
		return err_set(-ENOMEM, "out of memory for a file name");
	file->fd = mkostemp(name, O_CLOEXEC);
	int error = file->fd < 0 ? err_sys("cannot make a file in %s", directory) : 0;
	if (!error && unlink(name))
		error = err_sys("cannot unlink %s", name);
	if (error && file->fd >= 0)
		close(file->fd);
	free(name);
	return error;
}

static int open_unnamed(struct open_file *file, const struct open_file_request *request)
{
	/* With O_TMPFILE, O_EXCL means that linkat(2) cannot give the file a name. */
	int unlinkable = request->flags & PMEM_FILE_EXCL ? O_EXCL : 0;

	file->fd = open(request->path, O_RDWR | O_TMPFILE | O_CLOEXEC | unlinkable, 0600);
	if (file->fd >= 0)
		return 0;
	/* Older kernels ignore O_TMPFILE but obey O_DIRECTORY, which is a part of it. */
	if (errno == EOPNOTSUPP || errno == EISDIR)
		return open_and_unlink(file, request->path);
	return err_sys("cannot make a file without a name in %s", request->path);
}

/*
 * Does what open(2) does with O_CREAT, but finds out who has made the file: if pmem_map_file()
 * fails later, it removes only a file that it has made.
 */
static int open_or_make(struct open_file *file, const struct open_file_request *request)
{
	const int flags = O_RDWR | O_CLOEXEC;

	for (int tries = 0; tries < CREATE_TRIES; tries++) {
		if (!(request->flags & PMEM_FILE_EXCL)) {
			file->fd = open(request->path, flags);
			if (file->fd >= 0 || errno != ENOENT)
				return file->fd;
		}
		file->fd = open(request->path, flags | O_CREAT | O_EXCL, request->mode);
		file->is_new = file->fd >= 0;
		if (file->is_new || errno != EEXIST || request->flags & PMEM_FILE_EXCL)
			return file->fd;
	}
	/*
	 * If the path is a symbolic link to a file that does not exist, open(2) makes that file,
	 * and a later failure does not remove it.
	 */
	file->fd = open(request->path, flags | O_CREAT, request->mode);
	return file->fd;
}

static int open_path(struct open_file *file, const struct open_file_request *request, bool is_dax)
{
	if (!is_dax && request->flags & PMEM_FILE_TMPFILE)
		return open_unnamed(file, request);
	if (!is_dax && request->flags & PMEM_FILE_CREATE)
		open_or_make(file, request);
	else
		file->fd = open(request->path, O_RDWR | O_CLOEXEC);
	return file->fd < 0 ? err_sys("cannot open %s", request->path) : 0;
}

/* Set the length of the file, then allocate its blocks. */
static int give_length(const struct open_file *file, size_t length, bool sparse)
{
	if (!sparse)
		room_in_place(file->fd);
	if (ftruncate(file->fd, (off_t)length))
		return err_sys("cannot give %s a length of %zu bytes", file->name, length);
	return sparse ? 0 : room_allocate(file->fd, file->name, length);
}

/*
 * Find the length to map: with PMEM_FILE_CREATE the requested length, which the file then gets,
 * else the size of the existing file. For a DAX device it is always the size of the device.
 */
static int find_length(struct open_file *file, const struct open_file_request *request)
{
	if (file->device.kind == DEVICE_FILE && request->flags & PMEM_FILE_CREATE) {
		file->length = request->length;
		return give_length(file, request->length, request->flags & PMEM_FILE_SPARSE);
	}
	int error = device_size_named(
		&file->device, file->fd, file->name, request->sysfs, &file->length);
	if (error)
		return file->device.kind == DEVICE_DAX ? -EINVAL : error;
	if (file->device.kind == DEVICE_DAX && request->length && request->length != file->length)
		return err_set(-EINVAL,
			"the length %zu is not that of DAX device %s, which has %zu bytes",
			request->length, request->path, file->length);
	if (!file->length)
		return err_set(-EINVAL, "%s is empty", request->path);
	return 0;
}

int open_file_open(struct open_file *file, const struct open_file_request *request)
{
	struct open_file new = {.name = request->path, .fd = -1};
	bool is_dax = false;
	int error = check(request, &is_dax);

	if (!error)
		error = open_path(&new, request, is_dax);
	if (error)
		return error;
	/*
	 * Identify the file that is open now: the path may lead to another file than when it was
	 * checked.
	 */
	error = device_identify_named(&new.device, new.fd, new.name, request->sysfs);
	if (!error && is_dax != (new.device.kind == DEVICE_DAX))
		error = err_set(-EINVAL, "%s was replaced while it was opened", request->path);
	if (!error)
		error = find_length(&new, request);
	if (!error)
		error = device_alignment(&new.device, request->sysfs, &new.alignment);
	if (!error && new.device.huge_page &&new.length % new.alignment)
		error = err_set(-EINVAL, "%s ends within a huge page of %zu bytes", request->path,
			new.alignment);
	if (error)
		open_file_close(&new, true);
	else
		*file = new;
	return error;
}

/* Remove the file that was made, unless its name belongs to another file by now. */
static void remove_new(const struct open_file *file)
{
	struct stat ours, named;

	if (!fstat(file->fd, &ours) && !lstat(file->name, &named) && ours.st_dev == named.st_dev &&
		ours.st_ino == named.st_ino)
		unlink(file->name);
}

void open_file_close(struct open_file *file, bool failed)
{
	int saved = errno;

	if (failed && file->is_new)
		remove_new(file);
	close(file->fd);
	file->fd = -1;
	errno = saved;
}
