/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * privileged.c - calls of librpmem that would connect, in a program with more rights than its user
 *
 * The script `privileged' gives the program these rights (set-group-ID) and runs it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "tap.h"

#define SIZE ((size_t)8 << 20)

static bool refused(bool failed)
{
	bool as_it_should = failed && errno == EPERM && strstr(rpmem_errormsg(), "more rights");

	if (!as_it_should)
		diag("errno %d: %s", errno, rpmem_errormsg());
	return as_it_should;
}

int main(void)
{
	void *pool = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct holdfast_remote_set *set;
	unsigned nlanes = 1;

	if (!getauxval(AT_SECURE)) {
		printf("1..0 # SKIP the file system does not give programs more rights\n");
		return 0;
	}
	ok(refused(!rpmem_create("127.0.0.1", "s.set", pool, SIZE, &nlanes, NULL)),
		"rpmem_create: it fails with EPERM in a program with more rights than its user");
	ok(refused(!rpmem_open("127.0.0.1", "s.set", pool, SIZE, &nlanes, NULL)),
		"rpmem_open: it fails with EPERM in a program with more rights than its user");
	ok(refused(rpmem_remove("127.0.0.1", "s.set", 0)),
		"rpmem_remove: it fails with EPERM in a program with more rights than its user");
	ok(refused(holdfast_remote_describe("127.0.0.1", "s.set", &set)),
		"holdfast_remote_describe: it fails with EPERM in a program with more rights than its user");
	ok(!dlopen("libfabric.so.1", RTLD_NOW | RTLD_NOLOAD),
		"libfabric: it is not loaded into a program with more rights than its user");
	return tap_done();
}
