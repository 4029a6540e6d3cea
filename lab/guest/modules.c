/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * modules.c - what libpmem2 says of the modules under a file: modules FILE COUNT IDS
 *
 * COUNT is the sum of their unsafe shutdowns, IDS their ids in a row, as ndctl sees them; or `none'
 * where the kernel does not tell.
 */
#include "guest.h"

static void not_told(int ret, const char *what)
{
	is_int(ret, PMEM2_E_NOSUPP, "%s: not told is not 0", what);
	has_str(pmem2_errormsg(), "nmem", "and the module is named: %s", pmem2_errormsg());
}

static void counted(struct pmem2_source *src, const char *want)
{
	uint64_t count = 4711;
	int ret = pmem2_source_device_usc(src, &count);

	if (!strcmp(want, "none")) {
		not_told(ret, "unsafe shutdowns");
		is_int(count, 4711,
			"unsafe shutdowns: the output is unchanged where they cannot be told");
		return;
	}
	if (!is_int(ret, 0, "unsafe shutdowns: they are told"))
		diag("%s", pmem2_errormsg());
	is_int(count, strtoll(want, NULL, 0), "unsafe shutdowns: as many as ndctl says");
}

static void identified(struct pmem2_source *src, const char *want)
{
	char ids[256];
	size_t length = sizeof(ids);
	int ret = pmem2_source_device_id(src, ids, &length);

	if (!strcmp(want, "none")) {
		not_told(ret, "ids");
		return;
	}
	if (!is_int(ret, 0, "device_id: the ids are told"))
		bail("%s", pmem2_errormsg());
	is_str(ids, want, "ids: the modules' that ndctl names");
}

int main(int argc, char **argv)
{
	if (argc != 4)
		bail("usage: modules FILE COUNT IDS");
	int fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[1]);
	struct pmem2_source *src = source_of(fd);
	counted(src, argv[2]);
	identified(src, argv[3]);
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
