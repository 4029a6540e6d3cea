/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pages.c - tests which pages a range touches, and how these pages are written back
 *
 * The test replaces msync(2) with a function that counts its calls and can fail, and the drain of
 * the CPU's engine with one that counts.
 */
#include "map/pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "tap.h"

static size_t page;

static struct {
	unsigned calls, drains, drains_before; /* drains_before: drains before the last msync */
	uintptr_t from;
	size_t length;
	int flags;
	unsigned interruptions; /* number of next msync calls that fail with EINTR */
	int error;              /* errno of the calls after the interrupted ones; 0: success */
} kernel;

int msync(void *addr, size_t length, int flags)
{
	kernel.calls++;
	kernel.drains_before = kernel.drains;
	kernel.from = (uintptr_t)addr;
	kernel.length = length;
	kernel.flags = flags;
	errno = kernel.interruptions ? EINTR : kernel.error;
	if (kernel.interruptions)
		kernel.interruptions--;
	return errno ? -1 : 0;
}

static void count_drain(void)
{
	kernel.drains++;
}

static void forget(void)
{
	kernel.calls = kernel.drains = kernel.drains_before = 0;
	kernel.interruptions = 0;
	kernel.error = 0;
}

static struct range bytes(uintptr_t from, size_t length)
{
	return (struct range){from, from + length};
}

static bool touched(uintptr_t addr, size_t len, uintptr_t from, uintptr_t to)
{
	struct range pages = pages_touched(addr, len);
	bool same = pages.from == from && pages.to == to;

	if (!same)
		diag("%#zx to %#zx", (size_t)pages.from, (size_t)pages.to);
	return same;
}

static void rounding(void)
{
	struct range none = pages_touched(page + 5, 0);
	uintptr_t last = -(uintptr_t)page;

	is_int((long long)pages_round_up(0), 0, "pages_round_up: 0 bytes are rounded up to 0");
	is_int((long long)pages_round_up(1), (long long)page,
		"pages_round_up: 1 byte is rounded up to a page");
	is_int((long long)pages_round_up(page), (long long)page,
		"pages_round_up: the length of a page is not changed");
	is_int((long long)pages_round_up(SIZE_MAX), 0,
		"pages_round_up: a length that cannot be rounded up within SIZE_MAX gives 0");
	ok(touched(page, page, page, 2 * page),
		"pages_touched: a range of one aligned page touches only this page");
	ok(touched(2 * page - 1, 2, page, 3 * page),
		"pages_touched: two bytes across a page boundary touch two pages");
	ok(touched(page + 5, page - 5, page, 2 * page),
		"pages_touched: a range at the end of a page touches one page");
	ok(none.from == none.to, "pages_touched: an empty range touches no page");
	ok(touched(page + 5, SIZE_MAX, page, UINTPTR_MAX),
		"pages_touched: a range beyond the end of the address space is cut off at this end");
	ok(touched(last + 5, 1, last, UINTPTR_MAX),
		"pages_touched: a byte in the last page of the address space touches that page");
	ok(touched(last - 1, 1, last - page, last),
		"pages_touched: a byte in the last page but one touches only that page");
}

static void asking(void)
{
	forget();
	is_int(pages_sync(bytes(3 * page, 2 * page)), 0, "pages_sync: two pages are written back");
	ok(kernel.from == 3 * page && kernel.length == 2 * page && kernel.flags == MS_SYNC,
		"pages_sync: msync is called for both pages, with MS_SYNC");
	is_int(kernel.calls, 1, "pages_sync: msync is called once");
	is_int(kernel.drains_before, 1, "pages_sync: the drain comes before msync");
	is_int(kernel.drains, 1, "pages_sync: the CPU's stores are drained once");
	is_int(pages_sync(bytes(3 * page + 7, 10)), 0, "pages_sync: ten bytes are written back");
	ok(kernel.from == 3 * page && kernel.length == 17,
		"pages_sync: msync of ten bytes begins at the start of their page and ends after the ten bytes");
	forget();
	is_int(pages_sync(bytes(3 * page + 7, 0)), 0, "pages_sync: an empty range succeeds");
	is_int(kernel.calls + kernel.drains, 0,
		"pages_sync: an empty range calls neither drain nor msync");
}

static void interrupted(void)
{
	forget();
	kernel.interruptions = 3;
	is_int(pages_sync(bytes(page, page)), 0,
		"pages_sync: succeeds although signals interrupt msync");
	is_int(kernel.calls, 4, "pages_sync: msync is repeated until no signal interrupts it");
	forget();
	kernel.interruptions = 1;
	kernel.error = EIO;
	is_int(pages_sync(bytes(page, page)), -EIO,
		"pages_sync: an error of msync after an interruption is returned");
	is_int(kernel.calls, 2, "pages_sync: msync is not repeated after an error");
}

static void failures(void)
{
	forget();
	kernel.error = ENOSPC;
	err_set(-1, "as before");
	is_int(pages_sync(bytes(page, page)), -ENOSPC,
		"pages_sync: a failure of msync is returned as a negative errno");
	is_int(errno, ENOSPC, "pages_sync: a failure of msync leaves errno set");
	has_str(err_get(), "as before", "pages_sync: a failure does not change the error message");
}

int main(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	cpu_init();
	struct cpu_engine engine = *cpu.engine;
	engine.drain = count_drain;
	cpu.engine = &engine;
	rounding();
	asking();
	interrupted();
	failures();
	return tap_done();
}
