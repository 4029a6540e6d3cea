/* SPDX-License-Identifier: BSD-3-Clause */
/* unmap.c - unmap() unmaps memory, and logs a failure of munmap(2) */
#include "base/unmap.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "unit/logged.h"

/* The errno that the next munmap(2) fails with; 0: it succeeds. */
static int refusal;

int munmap(void *addr, size_t length)
{
	if (!refusal)
		return (int)syscall(SYS_munmap, addr, length);
	errno = refusal;
	refusal = 0;
	return -1;
}

static char *map_page(void)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		bail("cannot map: %m");
	return page;
}

int main(void)
{
	logged_open();
	setenv("PMEM2_LOG_LEVEL", "2", 1);
	log_init("PMEM2");

	unsigned char is_there;
	char *page = map_page();
	errno = EIO;
	unmap(page, 4096);
	ok(mincore(page, 4096, &is_there) && errno == ENOMEM, "unmap: the memory is unmapped");
	refusal = EINVAL;
	unmap(NULL, 4096);
	unmap(MAP_FAILED, 4096);
	ok(refusal, "unmap: does not call munmap for NULL and MAP_FAILED");
	is_str(logged(), "", "unmap: a success is not logged");
	refusal = ENOMEM;
	errno = EIO;
	page = map_page();
	unmap(page, 4096);
	is_int(errno, EIO, "unmap: errno is unchanged if munmap fails");
	has_str(logged(), "4096 bytes at", "unmap: a failure of munmap is logged");
	logged_close();
	return tap_done();
}
