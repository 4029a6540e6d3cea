/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * objects.c - an unmodified libpmemobj, on a disk that loses data during writeback
 *
 *	objects POOL BREAK MEND		make a pool and let the disk fail under it
 *	objects POOL			open the pool again
 *
 * BREAK is a command after which the disk fails writes, MEND one after which it works again.
 * libpmemobj calls our pmem_msync, and ends the process if the call fails. This program interposes
 * a pmem_msync of its own, which records the result of ours, and survives abort(3).
 */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

struct oid {
	uint64_t pool;
	uint64_t offset;
};

static struct {
	void *(*create)(const char *path, const char *layout, size_t size, unsigned mode);
	void *(*open)(const char *path, const char *layout);
	void (*close)(void *pool);
	struct oid (*root)(void *pool, size_t size);
	void (*persist)(void *pool, const void *addr, size_t length);
	const char *(*errormsg)(void);
} obj;

static int (*next_msync)(const void *addr, size_t length);
static int answer, error;

__attribute__((visibility("default"))) int pmem_msync(const void *addr, size_t length);
int pmem_msync(const void *addr, size_t length)
{
	answer = next_msync(addr, length);
	error = answer ? errno : 0;
	return answer;
}

static void *find(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol)
		bail("libpmemobj has no %s: %s", name, dlerror());
	return symbol;
}

static void load(void)
{
	void *pmem = dlopen("libpmem.so.1", RTLD_NOW | RTLD_GLOBAL);
	void *library = dlopen("libpmemobj.so.1", RTLD_NOW);

	if (!pmem || !library)
		bail("cannot load a library: %s", dlerror());
	next_msync = (int (*)(const void *, size_t))find(pmem, "pmem_msync");
	obj.create = (void *(*)(const char *, const char *, size_t, unsigned))find(
		library, "pmemobj_create");
	obj.open = (void *(*)(const char *, const char *))find(library, "pmemobj_open");
	obj.close = (void (*)(void *))find(library, "pmemobj_close");
	obj.root = (struct oid(*)(void *, size_t))find(library, "pmemobj_root");
	obj.persist = (void (*)(void *, const void *, size_t))find(library, "pmemobj_persist");
	obj.errormsg = (const char *(*)(void))find(library, "pmemobj_errormsg");
	if (!dlsym(pmem, "pmem_has_auto_flush") || !dlsym(RTLD_DEFAULT, "pmem_msync"))
		bail("libpmem is not ours, or pmem_msync is not this program's");
}

static sigjmp_buf back;

static void survive(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

/* Persists a byte. Returns the errno of pmem_msync, 0 for success, or -1 if it was not called. */
static int persist(void *pool, char *at)
{
	answer = error = -1;
	signal(SIGABRT, survive);
	if (!sigsetjmp(back, 1)) {
		*at += 1;
		obj.persist(pool, at, 1);
	}
	return error;
}

static char *root_of(void *pool)
{
	struct oid root = obj.root(pool, 65536);

	if (!root.offset)
		bail("cannot get the root object: %s", obj.errormsg());
	return (char *)pool + root.offset;
}

static void command(const char *line)
{
	if (system(line))
		bail("command %s failed", line);
}

static void failing(const char *path, const char *break_disk, const char *mend_disk)
{
	void *pool = obj.create(path, "lab", (size_t)8 << 20, 0600);

	if (!pool)
		bail("no pool: %s", obj.errormsg());
	char *root = root_of(pool);
	memset(root, 1, 65536);
	obj.persist(pool, root, 65536);
	is_int(persist(pool, root), 0,
		"libpmemobj: pmem_msync succeeds before the disk loses data");
	command(break_disk);
	is_int(persist(pool, root), EIO,
		"libpmemobj: pmem_msync fails with EIO on a disk that loses data");
	is_int(answer, -1, "libpmemobj: pmem_msync returns -1 on a disk that loses data");
	command(mend_disk);
	is_int(persist(pool, root), EIO,
		"libpmemobj: pmem_msync: after one failure it keeps failing, even when the disk works again");
	is_int(persist(pool, root + 40000), EIO,
		"libpmemobj: pmem_msync: after one failure a call for another page fails, too");
	signal(SIGABRT, survive);
	if (!sigsetjmp(back, 1))
		obj.close(pool);
}

static void again(const char *path)
{
	void *pool = obj.open(path, "lab");

	if (!pool)
		bail("no pool: %s", obj.errormsg());
	is_int(persist(pool, root_of(pool)), 0,
		"libpmemobj: after a failed pmem_msync, pmem_msync succeeds in the next process that opens the pool");
	obj.close(pool);
}

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 4)
		bail("usage: objects POOL [BREAK MEND]");
	load();
	if (argc == 4)
		failing(argv[1], argv[2], argv[3]);
	else
		again(argv[1]);
	return tap_done();
}
