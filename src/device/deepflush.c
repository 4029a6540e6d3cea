/* SPDX-License-Identifier: BSD-3-Clause */
#include "device/deepflush.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "device/sysfs.h"
#include "libpmem2/base.h"

struct deepflush deepflush_state(int region)
{
	char value[SYSFS_VALUE];
	int error = sysfs_read(region, "deep_flush", value);

	if (error == -ENOENT)
		return (struct deepflush){.state = DEEPFLUSH_ABSENT};
	if (!error && !strcmp(value, "0"))
		return (struct deepflush){.state = DEEPFLUSH_NOT_NEEDED};
	if (!error && !strcmp(value, "1"))
		return (struct deepflush){.state = DEEPFLUSH_AVAILABLE};
	return (struct deepflush){DEEPFLUSH_UNREADABLE, error ? error : -EBADMSG};
}

static int add_state(int region, void *context)
{
	struct deepflush *all = context, one = deepflush_state(region);

	if (one.state > all->state)
		*all = one;
	return 0;
}

struct deepflush device_deep_flush_state(const struct device *device, const char *sysfs)
{
	struct deepflush all = {.state = DEEPFLUSH_ABSENT};
	int error = device_regions(device, sysfs, add_state, &all, NULL);

	return error ? (struct deepflush){DEEPFLUSH_UNREADABLE, error} : all;
}

static int say_why(int region, const char *doing, int error)
{
	char name[SYSFS_NAME];

	if (sysfs_name(region, name))
		strcpy(name, "a region");
	errno = -error;
	return err_sys("cannot %s attribute deep_flush of %s", doing, name);
}

/*
 * Deep-flush one region. *first is the first failure so far; its error message must not be
 * replaced by that of a later failure.
 */
static int flush_and_go_on(int region, void *first)
{
	struct deepflush flush = deepflush_state(region);
	const char *doing = "read";
	int error = 0;

	if (flush.state == DEEPFLUSH_UNREADABLE) {
		error = flush.error;
	} else if (flush.state == DEEPFLUSH_AVAILABLE) {
		doing = "write to";
		error = sysfs_write(region, "deep_flush", "1");
	}
	if (error && !*(int *)first)
		*(int *)first = say_why(region, doing, error);
	return 0;
}

int device_deep_flush(const struct device *device, const char *sysfs)
{
	enum walk_cover cover;
	char name[DEVICE_NAME];
	int failed = 0, error = device_regions(device, sysfs, flush_and_go_on, &failed, &cover);

	if (error || failed)
		return error ? error : failed;
	if (cover != WALK_ALL)
		return err_set(PMEM2_E_DAX_REGION_NOT_FOUND,
			"not all of %s lies on regions of persistent memory",
			device_name(device, name));
	return 0;
}
