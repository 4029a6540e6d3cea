/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device/sysfs.h"

/* Convert a device number that the kernel has packed into 32 bits to a dev_t. */
static dev_t unpack(uint64_t packed)
{
	return makedev((unsigned)(packed & 0xfff00) >> 8,
		(unsigned)((packed & 0xff) | (packed >> 12 & 0xfff00)));
}

/* Open the loop device's node in /dev. Fails if the node is masked or belongs to another device. */
static int open_node(int dir, const char *name)
{
	char path[SYSFS_NAME + sizeof("/dev/")];
	struct stat st;
	dev_t number;

	if (strlen(name) >= SYSFS_NAME || sysfs_read_device(dir, "dev", &number))
		return -1;
	strcpy(stpcpy(path, "/dev/"), name);
	if (stat(path, &st) || !S_ISBLK(st.st_mode) || st.st_rdev != number)
		return -1;
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/*
 * Ask for the attached file with LOOP_GET_STATUS64. If a block device is attached, lo_rdevice is
 * its number, and differs from lo_device.
 */
static void ask(struct loop *loop, int node)
{
	struct loop_info64 info;

	if (ioctl(node, LOOP_GET_STATUS64, &info)) {
		loop->is_empty = errno == ENXIO;
		return;
	}
	loop->is_told = true;
	loop->device = unpack(info.lo_device);
	loop->inode = (ino_t)info.lo_inode;
	if (info.lo_rdevice != info.lo_device)
		loop->disk = unpack(info.lo_rdevice);
}

struct loop loop_read(int dir, const char *name)
{
	struct loop loop = {.path = NULL};
	int node = open_node(dir, name);

	if (!sysfs_read_text(dir, "loop/backing_file", &loop.path))
		loop.path[strcspn(loop.path, "\n")] = '\0';
	if (node >= 0) {
		ask(&loop, node);
		close(node);
	}
	return loop;
}

void loop_fini(struct loop *loop)
{
	free(loop->path);
	loop->path = NULL;
}
