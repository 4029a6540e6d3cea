/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * modules.c - what libpmem2 says of the modules under a file: modules FILE COUNT IDS
 *
 * COUNT is the sum of their unsafe shutdowns, IDS their ids in a row, as ndctl sees them.
 */
#include "guest.h"

int main(int argc, char **argv)
{
	char ids[256];
	size_t length = sizeof(ids);
	uint64_t count = 4711;

	if (argc != 4)
		bail("usage: modules FILE COUNT IDS");
	int fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[1]);
	struct pmem2_source *src = source_of(fd);
	if (!is_int(pmem2_source_device_usc(src, &count), 0, "unsafe shutdowns"))
		diag("%s", pmem2_errormsg());
	is_int(count, strtoll(argv[2], NULL, 0), "unsafe shutdowns: as many as ndctl says");
	if (!is_int(pmem2_source_device_id(src, ids, &length), 0, "ids"))
		bail("%s", pmem2_errormsg());
	is_str(ids, argv[3], "ids: the modules' that ndctl names");
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
