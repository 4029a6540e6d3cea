/* SPDX-License-Identifier: BSD-3-Clause */
/* calls_pmem.c - functions that record the program's calls of libpmem */
#include "libholdfast-trace/recorder.h"

#define NODRAIN (1u << 0)
#define NOFLUSH (1u << 5)

/* Looks up libpmem's own function, to be called for memory that is not under test. */
#define NEXT(type, name) FOUND(next_function, type, name)

typedef void flush_function(const void *, size_t);
typedef int sync_function(const void *, size_t);
typedef void drain_function(void);
typedef void *move_function(void *, const void *, size_t, unsigned);
typedef void *fill_function(void *, int, size_t, unsigned);

/* true once libpmem itself has flushed memory: then its drains have to be executed, too */
static bool others_were_flushed;

static void flush(const char *name, const void *addr, size_t len, struct call call)
{
	if (maps_find((uintptr_t)addr)) {
		record_flush((uintptr_t)addr, len, call);
		if (!is_really())
			return;
	}
	flush_function *next = (flush_function *)next_function(name);
	others_were_flushed = true;
	if (next)
		next(addr, len);
}

static void drain(struct call call)
{
	record_fence(call);
	drain_function *next = others_were_flushed ? NEXT(drain_function, "pmem_drain") : NULL;
	if (next)
		next();
}

static enum after_copy after(unsigned flags)
{
	return flags & NOFLUSH ? THEN_NOTHING : flags & NODRAIN ? THEN_FLUSH : THEN_DRAIN;
}

/*
 * Flushes and drains the destination of a recorded copy, if this run executes flushes and does not
 * only record them.
 */
static void *finish(void *to, size_t len, enum after_copy then)
{
	flush_function *next =
		is_really() && then != THEN_NOTHING ? NEXT(flush_function, "pmem_flush") : NULL;
	drain_function *next_drain =
		next && then == THEN_DRAIN ? NEXT(drain_function, "pmem_drain") : NULL;

	others_were_flushed |= next != NULL;
	if (next)
		next(to, len);
	if (next_drain)
		next_drain();
	return to;
}

/*
 * Ends a copy to memory that is not under test. Nothing of the copy is recorded but its drain, if
 * it has one, because that completes earlier flushes, too.
 */
static void *finish_elsewhere(void *to, unsigned flags, struct call call)
{
	if (after(flags) == THEN_DRAIN)
		record_fence(call);
	return to;
}

static void *move(void *to, const void *from, size_t len, unsigned flags, struct call call)
{
	move_function *next;

	if (maps_find((uintptr_t)to) || !(next = NEXT(move_function, "pmem_memmove"))) {
		record_move(to, from, len, after(flags), call);
		return finish(to, len, after(flags));
	}
	others_were_flushed = true;
	next(to, from, len, flags);
	return finish_elsewhere(to, flags, call);
}

static void *fill(void *to, int byte, size_t len, unsigned flags, struct call call)
{
	fill_function *next;

	if (maps_find((uintptr_t)to) || !(next = NEXT(fill_function, "pmem_memset"))) {
		record_fill(to, byte, len, after(flags), call);
		return finish(to, len, after(flags));
	}
	others_were_flushed = true;
	next(to, byte, len, flags);
	return finish_elsewhere(to, flags, call);
}

EXPORT void pmem_flush(const void *addr, size_t len)
{
	flush("pmem_flush", addr, len, CALLER);
}

EXPORT void pmem_deep_flush(const void *addr, size_t len)
{
	flush("pmem_deep_flush", addr, len, CALLER);
}

EXPORT void pmem_drain(void)
{
	drain(CALLER);
}

EXPORT void pmem_persist(const void *addr, size_t len)
{
	if (likely(!others_were_flushed && maps_find((uintptr_t)addr)) && !is_really()) {
		record_persist((uintptr_t)addr, len, CALLER);
		return;
	}
	flush("pmem_flush", addr, len, CALLER);
	drain(CALLER);
}

EXPORT int pmem_msync(const void *addr, size_t len)
{
	bool is_ours = maps_find((uintptr_t)addr);
	sync_function *next = is_ours && !is_really() ? NULL : NEXT(sync_function, "pmem_msync");

	if (next ? next(addr, len) : !is_ours)
		return -1;
	if (is_ours)
		record_sync((uintptr_t)addr, len, CALLER);
	return 0;
}

EXPORT int pmem_deep_drain(const void *addr, size_t len)
{
	if (maps_find((uintptr_t)addr)) {
		drain(CALLER);
		if (!is_really())
			return 0;
	}
	sync_function *next = NEXT(sync_function, "pmem_deep_drain");
	return next ? next(addr, len) : -1;
}

EXPORT int pmem_deep_persist(const void *addr, size_t len)
{
	if (maps_find((uintptr_t)addr)) {
		record_flush((uintptr_t)addr, len, CALLER);
		drain(CALLER);
		if (!is_really())
			return 0;
	}
	sync_function *next = NEXT(sync_function, "pmem_deep_persist");
	return next ? next(addr, len) : -1;
}

EXPORT void *pmem_memmove(void *to, const void *from, size_t len, unsigned flags)
{
	return move(to, from, len, flags, CALLER);
}

EXPORT void *pmem_memcpy(void *to, const void *from, size_t len, unsigned flags)
{
	return move(to, from, len, flags, CALLER);
}

EXPORT void *pmem_memset(void *to, int byte, size_t len, unsigned flags)
{
	return fill(to, byte, len, flags, CALLER);
}

EXPORT void *pmem_memmove_persist(void *to, const void *from, size_t len)
{
	return move(to, from, len, 0, CALLER);
}

EXPORT void *pmem_memcpy_persist(void *to, const void *from, size_t len)
{
	return move(to, from, len, 0, CALLER);
}

EXPORT void *pmem_memset_persist(void *to, int byte, size_t len)
{
	return fill(to, byte, len, 0, CALLER);
}

EXPORT void *pmem_memmove_nodrain(void *to, const void *from, size_t len)
{
	return move(to, from, len, NODRAIN, CALLER);
}

EXPORT void *pmem_memcpy_nodrain(void *to, const void *from, size_t len)
{
	return move(to, from, len, NODRAIN, CALLER);
}

EXPORT void *pmem_memset_nodrain(void *to, int byte, size_t len)
{
	return fill(to, byte, len, NODRAIN, CALLER);
}
