/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_vm.c - calls of libpmem2 that the actor (actor.c) makes: reservations and bad blocks */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"

void *reservations[SLOTS];

static void *contexts[SLOTS];

/*
 * Returns the address that the call requests for a new reservation. at=fixed is the next range of
 * 64 GiB that was never used before, since PMDK's library does not unmap all of a deleted
 * reservation.
 */
static void *place(const struct call *call)
{
	static uintptr_t next = 0x100000000000;
	const char *where = word(call, "at");

	if (!strcmp(where, "any"))
		return NULL;
	if (!strcmp(where, "busy"))
		return areas[slot(call, "a")].addr;
	next += 64UL << 30;
	return (void *)(strcmp(where, "unaligned") ? next : next + 8);
}

static void out_reservation(void *rsv)
{
	out("size=%zu", pmem2.vm_reservation_get_size(rsv));
}

/*
 * rsv_new r= at=any|fixed|unaligned|busy size= [a=]: makes a reservation and keeps it in slot r. A
 * reservation of 0 bytes is not kept: no call of the script can use it.
 */
static void rsv_new(const struct call *call)
{
	void *asked = place(call), *made = (void *)MARK;
	size_t size = arg(call, "size"), r = slot(call, "r");
	int rc = pmem2.vm_reservation_new(&made, asked, size);

	out_rc(rc);
	out("r=%s", !made ? "null" : made == (void *)MARK ? "kept" : "set");
	reservations[r] = rc ? NULL : made;
	if (rc)
		return;
	uintptr_t addr = (uintptr_t)pmem2.vm_reservation_get_address(made);
	if (asked)
		out("place=%s", addr == (uintptr_t)asked ? "asked" : "other");
	else
		out("aligned=%d", addr % (size >= 2UL << 30 ? 1UL << 30 : 2UL << 20) == 0);
	out_reservation(made);
	if (!size)
		reservations[r] = NULL;
}

static void rsv_delete(const struct call *call)
{
	void **r = &reservations[slot(call, "r")];

	if (!object(reservations, call, "r"))
		return;
	out_rc(pmem2.vm_reservation_delete(r));
	out("r=%s", *r ? "set" : "null");
}

static void rsv_extend(const struct call *call)
{
	void *rsv = object(reservations, call, "r");

	if (!rsv)
		return;
	void *before = pmem2.vm_reservation_get_address(rsv);
	out_rc(pmem2.vm_reservation_extend(rsv, arg(call, "size")));
	out("moved=%d", pmem2.vm_reservation_get_address(rsv) != before);
	out_reservation(rsv);
}

static void rsv_shrink(const struct call *call)
{
	void *rsv = object(reservations, call, "r");

	if (!rsv)
		return;
	char *before = pmem2.vm_reservation_get_address(rsv);
	out_rc(pmem2.vm_reservation_shrink(rsv, arg(call, "off"), arg(call, "size")));
	out("moved=%td", (char *)pmem2.vm_reservation_get_address(rsv) - before);
	out_reservation(rsv);
}

static void out_found(int rc, const void *map)
{
	out_rc(rc);
	if (map == NULL || map == (void *)MARK)
		out("m=%s", map ? "kept" : "null");
	else
		out("m=%d", slot_of_map(map));
}

static void rsv_find(const struct call *call)
{
	void *rsv = object(reservations, call, "r"), *map = (void *)MARK;

	if (!rsv)
		return;
	int rc = pmem2.vm_reservation_map_find(rsv, arg(call, "off"), arg(call, "len"), &map);
	out_found(rc, map);
}

/*
 * rsv_walk r= how=first|last|next|prev [m=]: finds the first or last map of a reservation, or the
 * map next to the map m=
 */
static void rsv_walk(const struct call *call)
{
	void *rsv = object(reservations, call, "r"), *map = (void *)MARK;
	const char *how = word(call, "how");
	int rc;

	if (!rsv)
		return;
	if (!strcmp(how, "first"))
		rc = pmem2.vm_reservation_map_find_first(rsv, &map);
	else if (!strcmp(how, "last"))
		rc = pmem2.vm_reservation_map_find_last(rsv, &map);
	else {
		void *from = object(maps2, call, "m");
		if (!from)
			return;
		if (!strcmp(how, "next"))
			rc = pmem2.vm_reservation_map_find_next(rsv, from, &map);
		else
			rc = pmem2.vm_reservation_map_find_prev(rsv, from, &map);
	}
	out_found(rc, map);
}

static void badblock_new(const struct call *call)
{
	void *src = object(sources, call, "s"), *made = (void *)MARK;

	if (!src)
		return;
	out("anon=%d", pmem2.source_get_fd(src, &(int){0}) != 0);
	int rc = pmem2.badblock_context_new(&made, src);
	out_rc(rc);
	out("b=%s", !made ? "null" : made == (void *)MARK ? "kept" : "set");
	contexts[slot(call, "b")] = rc ? NULL : made;
}

static void badblock_delete(const struct call *call)
{
	void **b = &contexts[slot(call, "b")];

	pmem2.badblock_context_delete(b);
	out("b=%s", *b ? "set" : "null");
}

static void badblock_next(const struct call *call)
{
	void *context = object(contexts, call, "b");
	struct bad_block found = {MARK, MARK};

	if (!context)
		return;
	out_rc(pmem2.badblock_next(context, &found));
	out_touched("bb", found.offset ^ found.length, 0);
}

/*
 * badblock_clear b= path= off= len=: clears a bad block of the file path=, prints whether the bytes
 * of the block are the same as before, and restores them
 */
static void badblock_clear(const struct call *call)
{
	void *context = object(contexts, call, "b");
	const struct bad_block block = {arg(call, "off"), arg(call, "len")};
	char before[16384], after[16384];
	int fd = open(word(call, "path"), O_RDWR);

	if (!context || fd < 0)
		return;
	ssize_t size = pread(fd, before, sizeof(before), 0);
	out_rc(pmem2.badblock_clear(context, &block));
	ssize_t left = pread(fd, after, sizeof(after), 0);
	bool kept = size == left && !memcmp(before, after, (size_t)size);
	out("bytes=%s", kept ? "kept" : "changed");
	if (pwrite(fd, before, (size_t)size, 0) != size)
		out("not-restored");
	close(fd);
}

const struct command vm_commands[] = {
	{"rsv_new", rsv_new},
	{"rsv_delete", rsv_delete},
	{"rsv_extend", rsv_extend},
	{"rsv_shrink", rsv_shrink},
	{"rsv_find", rsv_find},
	{"rsv_walk", rsv_walk},
	{"badblock_new", badblock_new},
	{"badblock_delete", badblock_delete},
	{"badblock_next", badblock_next},
	{"badblock_clear", badblock_clear},
	{NULL, NULL},
};
