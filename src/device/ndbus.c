/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/ndbus.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ndctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2/base.h"

static int bus_name(const char *sysfs, int region, char name[SYSFS_NAME])
{
	int bus = sysfs_parent_open(sysfs, region);

	if (bus < 0)
		return bus;
	int error = sysfs_name(bus, name);
	close(bus);
	return error;
}

int ndbus_open(const char *sysfs, int region, const char *dev)
{
	char name[SYSFS_NAME], path[256];
	int error = bus_name(sysfs, region, name);

	if (!error && strncmp(name, "ndbus", 5))
		error = -ENODEV;
	if (error) {
		errno = -error;
		return err_sys("cannot find the NVDIMM bus of a region");
	}
	snprintf(path, sizeof(path), "%s/ndctl%s", dev, name + 5);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? err_sys("cannot open %s", path) : fd;
}

int ndbus_ioctl(int fd, unsigned long request, void *argument)
{
	/*
	 * Pass only 32 bits of the request: musl's ioctl takes an int, and the kernel ignores all
	 * other bits.
	 */
	return ioctl(fd, (unsigned)request, argument);
}

/*
 * Get the unit, in bytes, in which the nvdimm bus clears errors at this address: it only clears
 * whole units.
 */
static int clear_unit(
	ndbus_command *command, int fd, uint64_t address, uint64_t length, uint32_t *unit)
{
	struct nd_cmd_ars_cap capability = {.address = address, .length = length};

	if (command(fd, ND_IOCTL_ARS_CAP, &capability) < 0)
		return errno == ENOTTY || errno == EOPNOTSUPP
			       ? err_set(PMEM2_E_NOSUPP, "the bus cannot clear bad blocks")
			       : err_sys("cannot ask the NVDIMM bus which bad blocks it can clear");
	if (capability.status & ARS_STATUS_MASK)
		return err_set(PMEM2_E_NOSUPP,
			"the bus cannot clear bad blocks at %#" PRIx64 ": status %#x", address,
			capability.status);
	*unit = capability.clear_err_unit ? capability.clear_err_unit : 1;
	return 0;
}

int ndbus_clear(ndbus_command *command, int fd, uint64_t address, uint64_t length)
{
	struct nd_cmd_clear_error clear = {.address = address, .length = length};
	uint32_t unit = 1;
	int error = clear_unit(command, fd, address, length, &unit);

	if (error)
		return error;
	if (address % unit || length % unit)
		return err_set(-EINVAL,
			"%" PRIu64 " bytes at %#" PRIx64
			" are not aligned to the unit of %u bytes that the bus can clear",
			length, address, unit);
	if (command(fd, ND_IOCTL_CLEAR_ERROR, &clear) < 0)
		return err_sys("cannot clear %" PRIu64 " bytes at %#" PRIx64, length, address);
	if (clear.status & ARS_STATUS_MASK)
		return err_set(-EIO,
			"the firmware did not clear %" PRIu64 " bytes at %#" PRIx64 ": status %#x",
			length, address, clear.status);
	if (clear.cleared < length)
		return err_set(-ENXIO,
			"of %" PRIu64 " bytes at %#" PRIx64 " only %" PRIu64 " were cleared",
			length, address, (uint64_t)clear.cleared);
	return 0;
}
