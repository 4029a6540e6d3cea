/* SPDX-License-Identifier: BSD-3-Clause */
/* ndbus.c - clearing errors by commands, to a bus that is ours */
#include "device/ndbus.h"

#include <errno.h>
#include <linux/ndctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "device/walk.h"
#include "libpmem2/base.h"
#include "unit/tree.h"

/* How the bus behaves, and what it was asked. */
static struct {
	int capability_errno, clear_errno;
	uint32_t capability_status, clear_status, unit;
	uint64_t leaves; /* bytes that it does not clear */
	struct nd_cmd_clear_error asked;
} bus;

static int answer(int fd, unsigned long request, void *argument)
{
	struct nd_cmd_ars_cap *capability = argument;
	struct nd_cmd_clear_error *clear = argument;

	if (fd != 7 || (request != ND_IOCTL_ARS_CAP && request != ND_IOCTL_CLEAR_ERROR))
		bail("an unexpected command");
	errno = request == ND_IOCTL_ARS_CAP ? bus.capability_errno : bus.clear_errno;
	if (errno)
		return -1;
	if (request == ND_IOCTL_ARS_CAP) {
		capability->status = bus.capability_status;
		capability->clear_err_unit = bus.unit;
		return 0;
	}
	bus.asked = *clear;
	clear->status = bus.clear_status;
	clear->cleared = clear->length - bus.leaves;
	return 0;
}

static int clear(uint64_t address, uint64_t length)
{
	memset(&bus.asked, 0, sizeof(bus.asked));
	return ndbus_clear(answer, 7, address, length);
}

static void commands(void)
{
	bus.unit = 256;
	is_int(clear(0x100000200, 512), 0, "cleared");
	is_int(bus.asked.address, 0x100000200, "at its address");
	is_int(bus.asked.length, 512, "in its length");
	is_int(clear(0x100000210, 512), -EINVAL, "an address between units");
	is_int(bus.asked.length, 0, "is not tried");
	is_int(clear(0x100000200, 100), -EINVAL, "a length of no whole units");
	bus.leaves = 256;
	is_int(clear(0x100000200, 512), -ENXIO, "only a part was cleared");
	has_str(err_get(), "only 256", "and how much is said");
	bus.leaves = 0;
	bus.clear_status = 2;
	is_int(clear(0x100000200, 512), -EIO, "the firmware refuses");
	bus.clear_status = 0;
	bus.clear_errno = EPERM;
	is_int(clear(0x100000200, 512), -EPERM, "the kernel refuses");
	bus.capability_status = 1;
	is_int(clear(0x100000200, 512), PMEM2_E_NOSUPP, "no scrubbing there");
	bus.capability_errno = ENOTTY;
	is_int(clear(0x100000200, 512), PMEM2_E_NOSUPP, "a bus without the command");
	bus.capability_errno = EACCES;
	is_int(clear(0x100000200, 512), -EACCES, "no rights");
}

static int open_above(int region, void *opened)
{
	*(int *)opened = ndbus_open(tree_root, region, tree_path("dev"));
	return 0;
}

static void control_device(void)
{
	int opened = -1;

	walk_regions(tree_root, "char", makedev(252, 1), open_above, &opened, NULL);
	is_int(opened, -ENOENT, "no control device");
	has_str(err_get(), "/dev/ndctl0", "is named");
	tree_file("dev/ndctl0", "");
	walk_regions(tree_root, "char", makedev(252, 1), open_above, &opened, NULL);
	ok(opened >= 0, "that of the region's bus is opened");
	if (emulator())
		skip("and a real ioctl sent to it",
			"an emulator does not pass on what it does not know");
	else
		is_int(ndbus_clear(ndbus_ioctl, opened, 0, 512), PMEM2_E_NOSUPP,
			"and a real ioctl sent to it");
	close(opened);
}

int main(void)
{
	commands();
	tree_open();
	tree_load("made-up-memmap");
	control_device();
	tree_close();
	return tap_done();
}
