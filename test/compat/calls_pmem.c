/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_pmem.c - calls of libpmem that the actor (actor.c) makes */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actor.h"

static struct area mapped[SLOTS]; /* maps that pmem_map_file() has made */

static void out_errno(int rc)
{
	int error = errno;

	out("rc=%d", rc);
	if (rc < 0)
		out("%s %s", strerrorname_np(error), pmem.errormsg()[0] ? "said" : "silent");
}

/*
 * Prints the alignment of a map, and its distance from the address in PMEM_MMAP_HINT if this
 * distance is below 1 TiB.
 */
static void out_place(const char *addr, size_t len)
{
	const char *text = getenv("PMEM_MMAP_HINT");

	out("aligned=%d", (uintptr_t)addr % (len >= 2UL << 30 ? 1UL << 30 : 2UL << 20) == 0);
	uintptr_t from_hint = (uintptr_t)addr - (text ? strtoull(text, NULL, 16) : 0);
	if (text && from_hint < 1UL << 40)
		out("from-hint=%#lx", from_hint);
}

/*
 * map_file p= path= len= flags= mode= outputs=: calls pmem_map_file(). Bit 0 of outputs= requests
 * the length, bit 1 requests is_pmem. If the call fails and leaves a file behind, prints this and
 * removes the file, so that later calls find the same files with both libraries.
 */
static void map_file(const struct call *call)
{
	const char *path = word(call, "path");
	uint64_t outputs = arg(call, "outputs");
	size_t len = MARK;
	int is_pmem = MARK;
	struct area *p = &mapped[slot(call, "p")];

	if (!strcmp(path, "NULL"))
		path = NULL;
	struct stat before;
	bool existed = path && !stat(path, &before);
	out("existed=%d was=%jd", existed, existed ? (intmax_t)before.st_size : -1);
	errno = 0;
	char *addr = pmem.map_file(path, arg(call, "len"), (int)arg(call, "flags"),
		(mode_t)arg(call, "mode"), outputs & 1 ? &len : NULL,
		outputs & 2 ? &is_pmem : NULL);
	int error = errno;
	*p = (struct area){addr, 0};
	if (addr) {
		out("mapped");
		out_place(addr, arg(call, "len"));
	} else {
		out("%s", strerrorname_np(error) ? strerrorname_np(error) : "0");
		out("%s", pmem.errormsg()[0] ? "said" : "silent");
		if (!existed && path && !access(path, F_OK)) {
			out("left-a-file");
			unlink(path);
		}
	}
	if (len == MARK)
		out("len=kept");
	else
		out("len=%zu", len);
	if (is_pmem == MARK)
		out("is_pmem=kept");
	else
		out("is_pmem=%d", is_pmem);
	/* The length of this map is known only if the script requested it (bit 0 of outputs=). */
	if (addr && len != MARK)
		p->len = (len + page_size() - 1) & ~(page_size() - 1);
}

/*
 * Stores to the outputs the part of the call's range that lies inside the map p= or the area a=.
 * Returns false if there is no such map or area.
 */
static bool range_of(const struct call *call, char **addr, uint64_t *len)
{
	struct area *p = word(call, "a") ? &areas[slot(call, "a")] : &mapped[slot(call, "p")];
	uint64_t off = arg(call, "off");

	*len = arg(call, "len");
	if (!p->addr) {
		out("nothing-in-p");
		return false;
	}
	clamp(&off, len, p->len);
	*addr = p->addr + off;
	return true;
}

static bool reachable_range(const struct call *call, char **addr, uint64_t *len, bool write)
{
	if (!range_of(call, addr, len))
		return false;
	if (reachable(*addr, *len, write))
		return true;
	out("unreachable");
	return false;
}

/*
 * Unmaps a range twice, since unmapping a range that is not mapped must succeed, too. Then maps
 * inaccessible memory in its place: otherwise a later map could be at this address with one library
 * and at another address with the other library.
 */
static void unmap(const struct call *call)
{
	char *addr;
	uint64_t len;

	if (!range_of(call, &addr, &len))
		return;
	int rc = pmem.unmap(addr, len);
	out_errno(rc);
	if (rc)
		return;
	out_errno(pmem.unmap(addr, len));
	out_errno(pmem.msync(addr, len));
	len = (len + page_size() - 1) & ~(page_size() - 1);
	mmap(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
}

static void is_pmem(const struct call *call)
{
	char *addr = NULL;
	uint64_t len = arg(call, "len");

	if ((word(call, "a") || word(call, "p")) && !range_of(call, &addr, &len))
		return;
	out("is_pmem=%d", pmem.is_pmem(addr, len));
}

/* sync p= how=msync|deep_drain off= len=: calls pmem_msync or pmem_deep_drain for a range */
static void do_sync(const struct call *call)
{
	char *addr;
	uint64_t len;

	if (!range_of(call, &addr, &len))
		return;
	if (!strcmp(word(call, "how"), "msync"))
		out_errno(pmem.msync(addr, len));
	else
		out_errno(pmem.deep_drain(addr, len));
}

/* flush p= how=flush|persist|drain|deep_flush|deep_persist off= len=: calls pmem_HOW for a range */
static void flush(const struct call *call)
{
	const char *how = word(call, "how");
	char *addr;
	uint64_t len;

	if (!reachable_range(call, &addr, &len, false))
		return;
	/*
	 * With len 0, PMDK's library flushes the cache line of `addr`: round `addr` down, so that
	 * this line is in the map.
	 */
	if (!len)
		addr = (char *)((uintptr_t)addr & ~(uintptr_t)63);
	errno = EXDEV;
	if (!strcmp(how, "flush"))
		pmem.flush(addr, len);
	else if (!strcmp(how, "persist"))
		pmem.persist(addr, len);
	else if (!strcmp(how, "deep_flush"))
		pmem.deep_flush(addr, len);
	else if (!strcmp(how, "deep_persist"))
		out_errno(pmem.deep_persist(addr, len));
	else
		pmem.drain();
	if (strcmp(how, "deep_persist"))
		out_touched("errno", (uint64_t)errno, EXDEV);
}

static void *do_copy(const char *how, char *dest, const char *src, uint64_t len, unsigned flags)
{
	if (!strcmp(how, "memmove"))
		return pmem.memmove(dest, src, len, flags);
	if (!strcmp(how, "memcpy"))
		return pmem.memcpy(dest, src, len, flags);
	if (!strcmp(how, "memmove_persist"))
		return pmem.memmove_persist(dest, src, len);
	if (!strcmp(how, "memcpy_persist"))
		return pmem.memcpy_persist(dest, src, len);
	if (!strcmp(how, "memmove_nodrain"))
		return pmem.memmove_nodrain(dest, src, len);
	return pmem.memcpy_nodrain(dest, src, len);
}

static void *do_fill(const char *how, char *dest, int c, uint64_t len, unsigned flags)
{
	if (!strcmp(how, "memset"))
		return pmem.memset(dest, c, len, flags);
	if (!strcmp(how, "memset_persist"))
		return pmem.memset_persist(dest, c, len);
	return pmem.memset_nodrain(dest, c, len);
}

/*
 * Copies or fills as copy() of calls_map.c does; how= names one of the nine calls of libpmem,
 * without the prefix "pmem_".
 */
static void copy(const struct call *call)
{
	const char *how = word(call, "how");
	unsigned flags = (unsigned)arg(call, "flags");
	char *dest, *outside = NULL, *src;
	uint64_t len, from = arg(call, "from");
	void *result;

	if (!reachable_range(call, &dest, &len, true))
		return;
	struct area *p = word(call, "a") ? &areas[slot(call, "a")] : &mapped[slot(call, "p")];
	if (from == (uint64_t)-1) {
		src = outside = malloc(len + 1);
		fill(outside, len, arg(call, "seed"));
	} else {
		src = p->addr + from % (p->len - len + 1);
	}
	if (!reachable(src, len, false)) {
		out("unreachable");
	} else {
		if (!strncmp(how, "memset", 6))
			result = do_fill(how, dest, (int)from, len, flags);
		else
			result = do_copy(how, dest, src, len, flags);
		out("returns=%s hash=%" PRIx64, result == dest ? "dest" : "other", hash(dest, len));
	}
	free(outside);
}

static void content(const struct call *call)
{
	char *addr;
	uint64_t len;

	if (reachable_range(call, &addr, &len, false))
		out("hash=%" PRIx64, hash(addr, len));
}

static void check_version(const struct call *call)
{
	const char *text =
		pmem.check_version((unsigned)arg(call, "major"), (unsigned)arg(call, "minor"));

	out("%s", text ? text : "fine");
	if (text)
		out("%s", text == pmem.errormsg() ? "is-errormsg" : "is-not-errormsg");
}

static void facts(const struct call *call)
{
	out("auto_flush=%d hw_drain=%d", pmem.has_auto_flush(), pmem.has_hw_drain());
}

const struct command pmem_commands[] = {
	{"map_file", map_file},
	{"unmap", unmap},
	{"is_pmem", is_pmem},
	{"sync", do_sync},
	{"flush", flush},
	{"copy", copy},
	{"bytes", content},
	{"check_version", check_version},
	{"facts", facts},
	{NULL, NULL},
};
