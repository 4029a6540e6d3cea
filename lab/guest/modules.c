/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * modules.c - tests what libpmem2 reports about the modules under a file: modules FILE COUNT IDS
 *
 * COUNT is the sum of the modules' unsafe shutdowns, IDS are their ids, concatenated, both as ndctl
 * reports them. `none' stands for a value that the kernel does not report.
 */
#include "guest.h"

static void not_told(int ret, const char *what)
{
	is_int(ret, PMEM2_E_NOSUPP,
		"%s: libpmem2 returns PMEM2_E_NOSUPP if the kernel does not report this value of the NVDIMMs",
		what);
	has_str(pmem2_errormsg(), "nmem",
		"a value that the kernel does not report: the message names the NVDIMM: %s",
		pmem2_errormsg());
}

static void counted(struct pmem2_source *src, const char *want)
{
	uint64_t count = 4711;
	int ret = pmem2_source_device_usc(src, &count);

	if (!strcmp(want, "none")) {
		not_told(ret, "unsafe shutdowns");
		is_int(count, 4711,
			"unsafe shutdowns: libpmem2 leaves its output unchanged if the kernel does not report the number");
		return;
	}
	if (!is_int(ret, 0,
		    "unsafe shutdowns: libpmem2 reports the number for the NVDIMMs under a file"))
		diag("%s", pmem2_errormsg());
	is_int(count, strtoll(want, NULL, 0),
		"unsafe shutdowns: libpmem2 and ndctl report the same number");
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
	if (!is_int(ret, 0, "device_id: libpmem2 reports the ids of the NVDIMMs under a file"))
		bail("%s", pmem2_errormsg());
	is_str(ids, want, "device_id: libpmem2 and ndctl report the same ids");
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
