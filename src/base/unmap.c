/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/unmap.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/log.h"

void unmap(void *addr, size_t length)
{
	int saved = errno;

	if (!addr || addr == MAP_FAILED)
		return;
	if (munmap(addr, length))
		log_warning("cannot unmap %zu bytes at %p: %m", length, addr);
	errno = saved;
}
