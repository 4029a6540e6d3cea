/* SPDX-License-Identifier: BSD-3-Clause */
/* badpage.h - memory beyond the end of its file: touching it raises SIGBUS, as a bad block does */
#ifndef TEST_UNIT_BADPAGE_H
#define TEST_UNIT_BADPAGE_H

#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

/* Maps `good` usable pages of a file, and behind them `bad` pages that raise SIGBUS. */
TAP_UNUSED static char *bad_pages(size_t good, size_t bad)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = memfd_create("bad", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)(good * page)))
		bail("cannot make a file: %m");
	char *addr = mmap(NULL, (good + bad) * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		bail("cannot map the file: %m");
	close(fd);
	return addr;
}

#endif
