/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_map.c - calls of libpmem2 that the actor (actor.c) makes: configs, maps and their
 * functions
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "actor.h"

void *maps2[SLOTS];

static void *configs[SLOTS];
static void *config_reservation[SLOTS];
/* True for a map of existing memory that has no file, if its granularity is not BYTE. */
static bool existing_anon[SLOTS];

int slot_of_map(const void *map)
{
	for (int m = 0; m < SLOTS; m++)
		if (map && maps2[m] == map)
			return m;
	return -1;
}

static void config_new(const struct call *call)
{
	void *made = (void *)MARK;
	int rc = pmem2.config_new(&made);

	config_reservation[slot(call, "c")] = NULL;
	keep(configs, call, "c", rc, made);
}

static void config_delete(const struct call *call)
{
	void **c = &configs[slot(call, "c")];

	out_rc(pmem2.config_delete(c));
	out_object("c", *c);
}

static void granularity(const struct call *call)
{
	void *cfg = object(configs, call, "c");

	if (cfg)
		out_rc(pmem2.config_set_required_store_granularity(cfg, (int)arg(call, "value")));
}

static void offset(const struct call *call)
{
	void *cfg = object(configs, call, "c");

	if (cfg)
		out_rc(pmem2.config_set_offset(cfg, arg(call, "value")));
}

static void length(const struct call *call)
{
	void *cfg = object(configs, call, "c");

	if (cfg)
		out_rc(pmem2.config_set_length(cfg, arg(call, "value")));
}

static void sharing(const struct call *call)
{
	void *cfg = object(configs, call, "c");

	if (cfg)
		out_rc(pmem2.config_set_sharing(cfg, (int)arg(call, "value")));
}

static void protection(const struct call *call)
{
	void *cfg = object(configs, call, "c");

	if (cfg)
		out_rc(pmem2.config_set_protection(cfg, (unsigned)arg(call, "value")));
}

/* reservation c= r= off=: sets the reservation of a config; r=none removes the reservation */
static void reservation(const struct call *call)
{
	void *cfg = object(configs, call, "c"), *rsv = NULL;

	if (strcmp(word(call, "r"), "none"))
		rsv = reservations[slot(call, "r")];
	if (!cfg)
		return;
	config_reservation[slot(call, "c")] = rsv;
	out_rc(pmem2.config_set_vm_reservation(cfg, rsv, arg(call, "off")));
}

/*
 * Prints size, granularity and place of a map. The place is the offset in the reservation `rsv`,
 * or, without a reservation, only whether the address is aligned: addresses differ in each run.
 */
static void describe(void *map, const void *rsv)
{
	uintptr_t addr = (uintptr_t)pmem2.map_get_address(map);
	size_t size = pmem2.map_get_size(map);

	out("size=%zu granularity=%d", size, pmem2.map_get_store_granularity(map));
	if (rsv)
		out("at=%zu", addr - (uintptr_t)pmem2.vm_reservation_get_address((void *)rsv));
	else
		out("aligned=%d", addr % (size >= 2UL << 30 ? 1UL << 30 : 2UL << 20) == 0);
}

static void map_new(const struct call *call)
{
	void *cfg = object(configs, call, "c"), *src = object(sources, call, "s");
	void *made = (void *)MARK;

	if (!cfg || !src)
		return;
	int rc = pmem2.map_new(&made, cfg, src);
	keep(maps2, call, "m", rc, made);
	existing_anon[slot(call, "m")] = false;
	if (!rc)
		describe(made, config_reservation[slot(call, "c")]);
}

/*
 * existing m= s= a= off= len= g=: makes a map of existing memory and keeps it in slot m. A map of 0
 * bytes is not kept: no call of the script can use it.
 */
static void existing(const struct call *call)
{
	struct area *a = &areas[slot(call, "a")];
	void *src = object(sources, call, "s"), *made = (void *)MARK;
	size_t len = arg(call, "len");

	if (!src || !a->addr)
		return;
	int rc = pmem2.map_from_existing(
		&made, src, a->addr + arg(call, "off"), len, (int)arg(call, "g"));
	keep(maps2, call, "m", rc, made);
	existing_anon[slot(call, "m")] =
		pmem2.source_get_fd(src, &(int){0}) != 0 && arg(call, "g") != BYTE;
	if (!rc)
		out("size=%zu granularity=%d", pmem2.map_get_size(made),
			pmem2.map_get_store_granularity(made));
	if (!len)
		maps2[slot(call, "m")] = NULL;
}

static void map_delete(const struct call *call)
{
	void **m = &maps2[slot(call, "m")];

	if (!object(maps2, call, "m"))
		return;
	out_rc(pmem2.map_delete(m));
	out_object("m", *m);
}

/*
 * Stores to the outputs the part of the call's range that lies inside the map. Returns false if
 * there is no map, or if an access to the range would fault.
 */
static bool range_of(const struct call *call, char **addr, uint64_t *len, bool write)
{
	void *map = object(maps2, call, "m");
	uint64_t off = arg(call, "off");

	*len = arg(call, "len");
	if (!map)
		return false;
	clamp(&off, len, pmem2.map_get_size(map));
	*addr = (char *)pmem2.map_get_address(map) + off;
	if (reachable(*addr, *len, write))
		return true;
	out("unreachable");
	return false;
}

static void store(const struct call *call)
{
	char *addr;
	uint64_t len;

	if (range_of(call, &addr, &len, true))
		fill(addr, len, arg(call, "seed"));
}

static void content(const struct call *call)
{
	char *addr;
	uint64_t len;

	if (range_of(call, &addr, &len, false))
		out("hash=%" PRIx64, hash(addr, len));
}

/*
 * flush2 m= how=flush|persist|drain off= len=: calls the function of a map that how= names, for a
 * range
 */
static void flush(const struct call *call)
{
	const char *how = word(call, "how");
	char *addr;
	uint64_t len;

	if (!range_of(call, &addr, &len, false))
		return;
	void *map = maps2[slot(call, "m")];
	errno = EXDEV;
	if (!strcmp(how, "flush"))
		pmem2.get_flush_fn(map)(addr, len);
	else if (!strcmp(how, "persist"))
		pmem2.get_persist_fn(map)(addr, len);
	else
		pmem2.get_drain_fn(map)();
	out_touched("errno", (uint64_t)errno, EXDEV);
}

/*
 * copy2 m= how=memcpy|memmove|memset off= len= from= flags= seed=: copies to the map; the source
 * is memory outside the map if from=-1, otherwise the offset from= in the same map
 */
static void copy(const struct call *call)
{
	const char *how = word(call, "how");
	unsigned flags = (unsigned)arg(call, "flags");
	char *dest, *outside = NULL;
	uint64_t len, from = arg(call, "from");
	void *result;

	if (!range_of(call, &dest, &len, true))
		return;
	void *map = maps2[slot(call, "m")];
	char *base = pmem2.map_get_address(map), *src = base;
	if (from == (uint64_t)-1) {
		src = outside = malloc(len + 1);
		fill(outside, len, arg(call, "seed"));
	} else {
		src += from % (pmem2.map_get_size(map) - len + 1);
	}
	if (!reachable(src, len, false))
		out("unreachable");
	else {
		if (!strcmp(how, "memcpy"))
			result = pmem2.get_memcpy_fn(map)(dest, src, len, flags);
		else if (!strcmp(how, "memmove"))
			result = pmem2.get_memmove_fn(map)(dest, src, len, flags);
		else
			result = pmem2.get_memset_fn(map)(dest, (int)from, len, flags);
		out("returns=%s hash=%" PRIx64, result == dest ? "dest" : "other", hash(dest, len));
	}
	free(outside);
}

/*
 * Prints for each function of a map (persist, flush and so on) if it is NULL, and if it is the same
 * function as in earlier maps of the same granularity.
 */
static void functions(const struct call *call)
{
	static void *known[3][6];
	void *map = object(maps2, call, "m");

	if (!map)
		return;
	void *got[6] = {(void *)pmem2.get_persist_fn(map), (void *)pmem2.get_flush_fn(map),
		(void *)pmem2.get_drain_fn(map), (void *)pmem2.get_memmove_fn(map),
		(void *)pmem2.get_memcpy_fn(map), (void *)pmem2.get_memset_fn(map)};
	void **seen = known[pmem2.map_get_store_granularity(map)];
	for (int i = 0; i < 6; i++) {
		out("%s", !got[i] ? "NULL" : !seen[i] || seen[i] == got[i] ? "same" : "changed");
		seen[i] = got[i];
	}
}

/*
 * Calls pmem2_deep_flush(), except for a map without a file: there PMDK's library would use a file
 * that does not exist.
 */
static void deep_flush(const struct call *call)
{
	void *map = object(maps2, call, "m");
	uint64_t off = arg(call, "off"), len = arg(call, "len");

	if (!map)
		return;
	if (existing_anon[slot(call, "m")]) {
		out("left-out");
		return;
	}
	char *base = pmem2.map_get_address(map);
	if (off + len <= pmem2.map_get_size(map) && !reachable(base + off, len, false))
		out("unreachable");
	else
		out_rc(pmem2.deep_flush(map, base + off, len));
}

const struct command map_commands[] = {
	{"config_new", config_new},
	{"config_delete", config_delete},
	{"granularity", granularity},
	{"offset", offset},
	{"length", length},
	{"sharing", sharing},
	{"protection", protection},
	{"reservation", reservation},
	{"map_new", map_new},
	{"existing", existing},
	{"map_delete", map_delete},
	{"store", store},
	{"content", content},
	{"flush2", flush},
	{"copy2", copy},
	{"functions", functions},
	{"deep_flush2", deep_flush},
	{NULL, NULL},
};
