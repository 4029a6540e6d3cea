/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * device.c - tests which kind, size and alignment are found for the file or device of a descriptor
 */
#include "device/device.h"

#include <sys/socket.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "libpmem2/base.h"
#include "unit/tree.h"

/*
 * The device number of /dev/null, which every machine has: our made-up sysfs says that this is a
 * DAX device.
 */
#define NUMBER "dev/char/1:3"
#define DAX    "devices/ndbus0/region0/dax0.0/dax0.1"

static void regular_files(void)
{
	struct device device;
	size_t value = 1;
	FILE *file = tmpfile();
	int fd = fileno(file);

	is_int(ftruncate(fd, 12345), 0, "device: a file of 12345 bytes is made");
	is_int(device_identify(&device, fd, tree_root), 0,
		"device_identify: a regular file is accepted");
	is_int(device.kind, DEVICE_FILE, "device_identify: a regular file has the kind FILE");
	is_int(device_size(&device, fd, tree_root, &value), 0,
		"device_size: the size of a file is found");
	is_int(value, 12345, "device_size: the size of a file is in bytes");
	is_int(device_alignment(&device, tree_root, &value), 0,
		"device_alignment: the alignment of a file is found");
	is_int(value, sysconf(_SC_PAGESIZE),
		"device_alignment: the alignment of a file is the page size");
	fclose(file);
	is_int(device_size(&device, fd, tree_root, &value), PMEM2_E_INVALID_FILE_HANDLE,
		"device_size: a closed descriptor is refused");
	has_str(err_get(), "not open",
		"device_size: the message says that the descriptor is not open");
}

static void other_files(void)
{
	struct device device = {.number = 77};
	int pipe_fds[2], sockets[2], dir = open("/", O_RDONLY);

	if (pipe(pipe_fds) || socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) || dir < 0)
		bail("no pipe, socket or directory: %m");
	is_int(device_identify(&device, dir, tree_root), PMEM2_E_INVALID_FILE_TYPE,
		"device_identify: a directory is refused");
	has_str(err_get(), "a directory", "device_identify: the message names a directory");
	is_int(device_identify(&device, pipe_fds[0], tree_root), PMEM2_E_INVALID_FILE_TYPE,
		"device_identify: a pipe is refused");
	has_str(err_get(), "a pipe", "device_identify: the message names a pipe");
	is_int(device_identify(&device, sockets[0], tree_root), PMEM2_E_INVALID_FILE_TYPE,
		"device_identify: a socket is refused");
	has_str(err_get(), "a socket", "device_identify: the message names a socket");
	is_int(device_identify(&device, -1, tree_root), PMEM2_E_INVALID_FILE_HANDLE,
		"device_identify: the descriptor -1 is refused");
	is_int(device.number, 77, "device_identify: the output is unchanged on failure");
	close(dir);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(sockets[0]);
	close(sockets[1]);
}

static void dax_alignment(int fd, const struct device *device, const char *text, int want)
{
	size_t value = 99;

	(void)fd;
	tree_file(DAX "/align", text);
	is_int(device_alignment(device, tree_root, &value), want,
		"device_alignment: an alignment of \"%.*s\" in sysfs is accepted or refused as expected",
		(int)strcspn(text, "\n"), text);
	is_int(value, want ? 99 : 2 << 20,
		want ? "device_alignment: the output is unchanged on failure"
		     : "device_alignment: the DAX device's own alignment is read");
}

static void dax_devices(void)
{
	struct device device;
	size_t value = 99;
	int fd = open("/dev/null", O_RDWR);

	is_int(device_identify(&device, fd, tree_root), -ENOENT,
		"device_identify: a character device that sysfs does not have gives ENOENT");
	tree_file(DAX "/size", "1073741824\n");
	tree_link(NUMBER, "../../" DAX);
	tree_link(DAX "/subsystem", "../../../../../class/mem");
	is_int(device_identify(&device, fd, tree_root), PMEM2_E_INVALID_FILE_TYPE,
		"device_identify: a character device of another subsystem is refused");
	has_str(err_get(), "1:3", "device_identify: the message has the device number");
	tree_link(DAX "/subsystem", "../../../../../bus/dax");
	is_int(device_identify(&device, fd, tree_root), 0,
		"device_identify: a DAX device is accepted");
	is_int(device.kind, DEVICE_DAX, "device_identify: a DAX device has the kind DAX");
	is_int(device.number, makedev(1, 3),
		"device_identify: the device number of a DAX device is found");
	is_int(device_size(&device, fd, tree_root, &value), 0,
		"device_size: the size of a DAX device is found");
	is_int(value, 1 << 30, "device_size: the size of a DAX device comes from sysfs");

	is_int(device_alignment(&device, tree_root, &value), -ENOENT,
		"device_alignment: a DAX device without an alignment in sysfs gives ENOENT");
	tree_file("devices/ndbus0/region0/dax0.0/dax_region/align", "2097152\n");
	is_int(device_alignment(&device, tree_root, &value), 0,
		"device_alignment: the alignment of the DAX region is found");
	is_int(value, 2 << 20,
		"device_alignment: without an alignment of the device itself, as before Linux 5.10, that of its region is taken");
	dax_alignment(fd, &device, "2097152\n", 0);
	dax_alignment(fd, &device, "2097152", 0);
	dax_alignment(fd, &device, "3000\n", PMEM2_E_INVALID_ALIGNMENT_VALUE);
	dax_alignment(fd, &device, "0\n", PMEM2_E_INVALID_ALIGNMENT_VALUE);
	dax_alignment(fd, &device, "", PMEM2_E_INVALID_ALIGNMENT_FORMAT);
	dax_alignment(fd, &device, "2MiB\n", PMEM2_E_INVALID_ALIGNMENT_FORMAT);
	dax_alignment(fd, &device, "-4096\n", PMEM2_E_INVALID_ALIGNMENT_FORMAT);
	dax_alignment(fd, &device, "99999999999999999999999\n", PMEM2_E_INVALID_ALIGNMENT_FORMAT);
	dax_alignment(fd, &device,
		"1111111111111111111111111111111111111111111111111111111111111111111111111111\n",
		PMEM2_E_INVALID_ALIGNMENT_FORMAT);
	tree_file(DAX "/size", "much\n");
	is_int(device_size(&device, fd, tree_root, &value), PMEM2_E_INVALID_SIZE_FORMAT,
		"device_size: a size that is not a number is refused");
	close(fd);
}

int main(void)
{
	tree_open();
	regular_files();
	other_files();
	dax_devices();
	tree_close();
	return tap_done();
}
