/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-deep.c - tests pmem_msync(), pmem_deep_drain() and pmem_deep_persist(), also of ranges
 * that are not mapped
 *
 * The msync() of this file replaces libc's: it counts calls, and fails when a test wants it to.
 */
#pragma GCC visibility push(default)

#include <sys/syscall.h>

#include "api/libpmem.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

/*
 * State of the replaced msync(): its number of calls; how many calls shall still fail with EINTR;
 * the errno with which later calls fail, or 0.
 */
static int calls, interruptions, error;
/* The arguments of the last call of msync(). */
static char *from;
static size_t length;
static int how;

int msync(void *addr, size_t len, int flags)
{
	calls++;
	from = addr;
	length = len;
	how = flags;
	if (interruptions || error) {
		errno = interruptions ? EINTR : error;
		interruptions -= interruptions > 0;
		return -1;
	}
	return (int)syscall(SYS_msync, addr, len, flags);
}

/*
 * Returns true if msync() was called exactly once, for this range. Resets the number of calls to 0.
 */
static bool synced(const char *addr, size_t len)
{
	bool was = calls == 1 && from == addr && length == len && how == MS_SYNC;

	if (!was)
		diag("%d calls, the last of %zu bytes at %p", calls, length, (void *)from);
	calls = 0;
	return was;
}

typedef int call_fn(const void *addr, size_t len);

/* Tests the three calls on memory of an ordinary file, not of a DAX device. */
static void common(const char *name, call_fn *call)
{
	char *addr = map_of("file", 4 * PAGE);

	calls = 0;
	is_int(call(addr, 4 * PAGE), 0, "%s: a call for a whole file succeeds", name);
	ok(synced(addr, 4 * PAGE), "%s: a whole file is written back by one msync", name);
	is_int(call(addr + PAGE + 7, 10), 0, "%s: a call for ten bytes succeeds", name);
	ok(synced(addr + PAGE, 17), "%s: the msync of ten bytes begins at the start of their page",
		name);
	is_int(call(addr + 2 * PAGE - 1, 2), 0, "%s: a call for a range across two pages succeeds",
		name);
	ok(synced(addr + PAGE, PAGE + 1),
		"%s: a range across two pages is written back by one msync", name);
	is_int(call(addr + 1, 0), 0, "%s: a call for an empty range succeeds", name);
	ok(!calls, "%s: an empty range does not call msync", name);
	error = EIO;
	errno = 0;
	ok(call(addr, 1) == -1 && errno == EIO,
		"%s: if msync fails, the call fails with the same errno", name);
	has_str(pmem_errormsg(), "cannot write back 1 bytes",
		"%s: the message for a failed msync contains the number of bytes", name);
	error = 0;
	errno = 0;
	ok(call(addr, 1) == -1 && errno == EIO,
		"%s: a second call for a failed range fails again, although the kernel reports success",
		name);
	ok(call(addr + 3 * PAGE, 1) == -1 && errno == EIO,
		"%s: after a failure a call for another page of the file fails, too", name);
	has_str(pmem_errormsg(), "may not be durable",
		"%s: after a failure the message of later calls says that the file may not be durable",
		name);
	pmem_unmap(addr, 4 * PAGE);
	addr = map_of("file", 4 * PAGE);
	calls = 0;
	interruptions = 2;
	is_int(call(addr, 1), 0, "%s: the call succeeds although signals interrupt msync", name);
	is_int(calls, 3, "%s: an interrupted msync is repeated", name);
	calls = 0;
	pmem_unmap(addr, 4 * PAGE);
}

static void holes(const char *name, call_fn *call)
{
	char *addr = map_of("file", 3 * PAGE);

	pmem_unmap(addr + PAGE, PAGE);
	errno = 0;
	ok(call(addr + 2 * PAGE, PAGE) == 0,
		"%s: a call for a mapped range right behind an unmapped page succeeds", name);
	ok(call(addr, 1) == 0,
		"%s: a call for a mapped range right before an unmapped page succeeds", name);
	pmem_unmap(addr, 3 * PAGE);
}

static void unmapped(const char *name, call_fn *call)
{
	char *addr = map_of("file", PAGE);

	pmem_unmap(addr, PAGE);
	errno = 0;
	ok(call(addr, PAGE) == -1 && errno == ENOMEM,
		"%s: a range where nothing is mapped fails with ENOMEM", name);
	errno = 0;
	ok(call(addr + 5, SIZE_MAX - 5) == -1 && errno == ENOMEM,
		"%s: a range beyond the end of the address space fails with ENOMEM", name);
	has_str(pmem_errormsg(), "beyond the end of address space",
		"%s: the message says that the range goes beyond the end of the address space",
		name);
}

static void anonymous(const char *name, call_fn *call)
{
	char *addr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	is_int(call(addr, PAGE), 0, "%s: a call for memory without a file succeeds", name);
	munmap(addr, PAGE);
}

int main(void)
{
	static const struct {
		const char *name;
		call_fn *call;
		bool flushes;
	} all[] = {
		{"pmem_msync", pmem_msync, false},
		{"pmem_deep_drain", pmem_deep_drain, false},
		{"pmem_deep_persist", pmem_deep_persist, true},
	};

	scratch_open();
	for (int i = 0; i < 3; i++) {
		common(all[i].name, all[i].call);
		holes(all[i].name, all[i].call);
		anonymous(all[i].name, all[i].call);
		/*
		 * Unmapped memory is not tested here: a flush of it would end the process by a
		 * signal.
		 */
		if (!all[i].flushes)
			unmapped(all[i].name, all[i].call);
	}
	scratch_close();
	return tap_done();
}
