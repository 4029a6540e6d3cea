/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memcheck.h"
#include "base/usdt.h"
#include "cpu/cpu.h"
#include "map/notes.h"

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

size_t pages_round_up(size_t length)
{
	size_t page = page_size();

	return (length + page - 1) & -page;
}

struct range pages_touched(uintptr_t addr, size_t len)
{
	uintptr_t page = page_size();
	uintptr_t end = len > UINTPTR_MAX - addr ? UINTPTR_MAX : addr + len;

	if (!len)
		return (struct range){addr, addr};
	return (struct range){addr & -page, end > -page ? UINTPTR_MAX : (end + page - 1) & -page};
}

size_t pages_number(struct range range)
{
	return (range.to - range.from) / page_size();
}

bool pages_are_mapped(struct range range)
{
	unsigned char resident[512];
	uintptr_t page = page_size(), step = sizeof(resident) * page, length;

	for (uintptr_t at = range.from & -page; at < range.to; at += length) {
		length = range.to - at < step ? range.to - at : step;
		if (mincore((void *)at, length, resident) && errno == ENOMEM)
			return false;
	}
	return true;
}

int pages_sync(struct range range)
{
	uintptr_t from = range.from & -(uintptr_t)page_size();
	int result;

	if (range.from >= range.to)
		return 0;
	cpu.engine->drain();
	memcheck_pause();
	while ((result = msync((void *)from, range.to - from, MS_SYNC)) && errno == EINTR) {
		notes_count_event(TALLY_RETRIES, 1);
		USDT2(writeback_retry, from, range.to - from);
	}
	memcheck_resume();
	return result ? -errno : 0;
}
