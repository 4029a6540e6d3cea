/* SPDX-License-Identifier: BSD-3-Clause */
/* ndbus.c - tests clearing memory errors by ioctls of an NVDIMM bus, which the test simulates */
#include "device/ndbus.h"

#include <errno.h>
#include <linux/ndctl.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/err.h"
#include "device/walk.h"
#include "libpmem2/base.h"
#include "unit/tree.h"

/* How the simulated bus behaves, and the last command that it was given. */
static struct {
	int capability_errno, clear_errno;
	uint32_t capability_status, clear_status, unit;
	uint64_t leaves; /* number of bytes at the end of a range that the bus does not clear */
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
	is_int(clear(0x100000200, 512), 0, "ndbus_clear: a range of whole units is cleared");
	is_int(bus.asked.address, 0x100000200,
		"ndbus_clear: the kernel is given the address of the range");
	is_int(bus.asked.length, 512, "ndbus_clear: the kernel is given the length of the range");
	is_int(clear(0x100000210, 512), -EINVAL,
		"ndbus_clear: an address that is not a multiple of the unit is refused");
	is_int(bus.asked.length, 0, "ndbus_clear: the kernel is not asked for a refused address");
	is_int(clear(0x100000200, 100), -EINVAL,
		"ndbus_clear: a length that is not a multiple of the unit is refused");
	bus.leaves = 256;
	is_int(clear(0x100000200, 512), -ENXIO,
		"ndbus_clear: clearing only a part of the range is an error");
	has_str(err_get(), "only 256", "ndbus_clear: the message says how much was cleared");
	bus.leaves = 0;
	bus.clear_status = 2;
	is_int(clear(0x100000200, 512), -EIO, "ndbus_clear: a refusal of the firmware gives -EIO");
	bus.clear_status = 0;
	bus.clear_errno = EPERM;
	is_int(clear(0x100000200, 512), -EPERM,
		"ndbus_clear: a refusal of the kernel gives the kernel's errno");
	bus.capability_status = 1;
	is_int(clear(0x100000200, 512), PMEM2_E_NOSUPP,
		"ndbus_clear: an address that cannot be scrubbed gives NOSUPP");
	bus.capability_errno = ENOTTY;
	is_int(clear(0x100000200, 512), PMEM2_E_NOSUPP,
		"ndbus_clear: a bus that does not know the command ARS_CAP gives NOSUPP");
	bus.capability_errno = EACCES;
	is_int(clear(0x100000200, 512), -EACCES, "ndbus_clear: a lack of permission gives -EACCES");
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
	is_int(opened, -ENOENT, "ndbus_open: a missing control device gives -ENOENT");
	has_str(err_get(), "/dev/ndctl0", "ndbus_open: the message names the control device");
	tree_file("dev/ndctl0", "");
	walk_regions(tree_root, "char", makedev(252, 1), open_above, &opened, NULL);
	ok(opened >= 0, "ndbus_open: the control device of the region's bus is opened");
	if (emulator())
		skip("ndbus_clear: a file that is not a control device gives NOSUPP",
			"an emulator does not pass on ioctls that it does not know");
	else
		is_int(ndbus_clear(ndbus_ioctl, opened, 0, 512), PMEM2_E_NOSUPP,
			"ndbus_clear: a file that is not a control device gives NOSUPP");
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
