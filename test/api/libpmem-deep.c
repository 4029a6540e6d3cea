/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-deep.c - msync and the deep calls, of whole and of broken ranges
 *
 * msync is ours here: it counts, and can fail.
 */
#pragma GCC visibility push(default)

#include <sys/syscall.h>

#include "api/libpmem.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))

static int calls, interruptions, error;
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

static bool synced(const char *addr, size_t len)
{
	bool was = calls == 1 && from == addr && length == len && how == MS_SYNC;

	if (!was)
		diag("%d calls, the last of %zu bytes at %p", calls, length, (void *)from);
	calls = 0;
	return was;
}

typedef int call_fn(const void *addr, size_t len);

/* The behaviour that all three calls share on memory that is not a DAX device. */
static void common(const char *name, call_fn *call)
{
	char *addr = map_of("file", 4 * PAGE);

	calls = 0;
	is_int(call(addr, 4 * PAGE), 0, "%s: a whole file", name);
	ok(synced(addr, 4 * PAGE), "%s: is one msync of it", name);
	is_int(call(addr + PAGE + 7, 10), 0, "%s: ten bytes", name);
	ok(synced(addr + PAGE, 17), "%s: begins with their page", name);
	is_int(call(addr + 2 * PAGE - 1, 2), 0, "%s: a range across two pages", name);
	ok(synced(addr + PAGE, PAGE + 1), "%s: is one msync of both", name);
	is_int(call(addr + 1, 0), 0, "%s: an empty range", name);
	ok(!calls, "%s: asks the kernel for nothing", name);
	error = EIO;
	errno = 0;
	ok(call(addr, 1) == -1 && errno == EIO, "%s: a failed msync is told", name);
	has_str(pmem_errormsg(), "cannot write back 1 bytes", "%s: and explained", name);
	error = 0;
	errno = 0;
	ok(call(addr, 1) == -1 && errno == EIO,
		"%s: a second try fails again, although the kernel reports success", name);
	ok(call(addr + 3 * PAGE, 1) == -1 && errno == EIO,
		"%s: another page of the file fails, too", name);
	has_str(pmem_errormsg(), "may not be durable", "%s: the message says what is known", name);
	pmem_unmap(addr, 4 * PAGE);
	addr = map_of("file", 4 * PAGE);
	calls = 0;
	interruptions = 2;
	is_int(call(addr, 1), 0, "%s: signals that interrupt msync do not make it fail", name);
	is_int(calls, 3, "%s: an interrupted msync is repeated", name);
	calls = 0;
	pmem_unmap(addr, 4 * PAGE);
}

static void holes(const char *name, call_fn *call)
{
	char *addr = map_of("file", 3 * PAGE);

	pmem_unmap(addr + PAGE, PAGE);
	errno = 0;
	ok(call(addr + 2 * PAGE, PAGE) == 0, "%s: a range beside a hole", name);
	ok(call(addr, 1) == 0, "%s: a range before a hole", name);
	pmem_unmap(addr, 3 * PAGE);
}

static void unmapped(const char *name, call_fn *call)
{
	char *addr = map_of("file", PAGE);

	pmem_unmap(addr, PAGE);
	errno = 0;
	ok(call(addr, PAGE) == -1 && errno == ENOMEM, "%s where nothing is mapped: ENOMEM", name);
	errno = 0;
	ok(call(addr + 5, SIZE_MAX - 5) == -1 && errno == ENOMEM, "%s around the end: ENOMEM",
		name);
	has_str(pmem_errormsg(), "beyond the end of address space", "%s: is explained", name);
}

static void anonymous(const char *name, call_fn *call)
{
	char *addr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	is_int(call(addr, PAGE), 0, "%s: memory without a file", name);
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
		/* A flush of what is not mapped ends the process before it could be told. */
		if (!all[i].flushes)
			unmapped(all[i].name, all[i].call);
	}
	scratch_close();
	return tap_done();
}
