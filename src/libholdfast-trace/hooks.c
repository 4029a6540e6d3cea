/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hooks.c - records every store of a program that `holdfast cc` has built, one by one, with its
 * value
 *
 * A hook is called before its store, and does not get the stored value. So it only notes address
 * and length; the value is read from memory at this thread's next event, which is called settling.
 * Events are every store with a hook, even to memory not under test, the end of every function,
 * and every call that lets another thread continue (calls_thread.c). So a store is in the trace
 * before any store of another thread that depends on it.
 *
 * Before the store, the bytes that it will overwrite are compared with the shadow (the content as
 * recorded so far), because a store without a hook may have changed them.
 */
#include "libholdfast-trace/recorder.h"
#include "trace/hooks.h"

struct noted {
	uintptr_t address;
	size_t length;
	uint32_t stack;
};

TLS_SHARED bool has_noted;
TLS struct noted noted; /* valid if has_noted */

static bool differs(const struct map *map, uintptr_t address, size_t length)
{
	const unsigned char *now = (const unsigned char *)address;
	const unsigned char *known = map->shadow + (address - map->lo);

	for (size_t i = 0; i < length; i++)
		if (now[i] != known[i])
			return true;
	return false;
}

static struct event record_of(
	const struct map *map, unsigned kind, uintptr_t address, size_t length, uint32_t stack)
{
	return (struct event){.kind = (uint8_t)kind,
		.stack = stack,
		.place = map->place + (address - map->lo),
		.length = length};
}

static void write_store(struct map *map, unsigned kind, uintptr_t address, size_t length,
	const void *value, uint32_t stack)
{
	struct event event = record_of(map, kind, address, length, stack);

	real_memmove(map->shadow + (address - map->lo), value, length);
	if (length <= sizeof(event.value))
		real_memmove(&event.value, value, length);
	write_event(&event, length <= sizeof(event.value) ? NULL : value);
}

NOINLINE void settle_noted(void)
{
	struct noted store = noted;
	struct map *map = maps_find(store.address);
	unsigned char value[64];

	has_noted = false;
	/*
	 * There is nothing to record: the store has not changed the bytes, or a comparison
	 * (look.c) has recorded them already.
	 */
	if (!map || !differs(map, store.address, store.length))
		return;
	if (store.length > sizeof(value)) {
		record_copied(map, store.address, store.length, store.stack);
		return;
	}
	real_memmove(value, (const void *)store.address, store.length);
	write_store(map, store.length <= 8 ? EVENT_STORE : EVENT_GROUP, store.address, store.length,
		value, store.stack);
}

static NOINLINE void note(uintptr_t address, size_t length, struct call call)
{
	struct map *map = maps_find(address);

	if (!map || length > map->hi - address)
		return;
	uint32_t stack = stack_number(call);
	if (differs(map, address, length) || length > 64)
		look(map, address, address + length, stack);
	noted = (struct noted){address, length, stack};
	has_noted = true;
}

static ALWAYS_INLINE void hooked(void *address, size_t length, struct call call)
{
	settle();
	if (unlikely(maps_may_have((uintptr_t)address)))
		note((uintptr_t)address, length, call);
}

#define WRITE(name, size)                                                                          \
	EXPORT void name(void *address)                                                            \
	{                                                                                          \
		hooked(address, size, CALLER);                                                     \
	}

#define NOTHING(name, size)                                                                        \
	EXPORT void name(void *address)                                                            \
	{                                                                                          \
		(void)address;                                                                     \
	}

HOOKS_OF_WRITES(WRITE)
HOOKS_OF_READS(NOTHING)
NOTHING(__tsan_func_entry, 0)
NOTHING(__tsan_vptr_read, 0)

EXPORT void __tsan_init(void)
{
}

EXPORT void __tsan_func_exit(void)
{
	settle();
}

EXPORT void __tsan_write_range(void *address, unsigned long length)
{
	hooked(address, length, CALLER);
}

EXPORT void __tsan_read_range(void *address, unsigned long length)
{
	(void)address;
	(void)length;
}

EXPORT void __tsan_vptr_update(void **address, void *value)
{
	(void)value;
	hooked(address, sizeof(void *), CALLER);
}

EXPORT void *__tsan_memcpy(void *to, const void *from, size_t length)
{
	return record_move(to, from, length, THEN_NOTHING, CALLER);
}

EXPORT void *__tsan_memmove(void *to, const void *from, size_t length)
{
	return record_move(to, from, length, THEN_NOTHING, CALLER);
}

EXPORT void *__tsan_memset(void *to, int byte, size_t length)
{
	return record_fill(to, byte, length, THEN_NOTHING, CALLER);
}

/* ---- atomic operations: the hook executes the operation itself, so that it knows the value */

EXPORT void __tsan_atomic_thread_fence(int order)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/*
	 * for a sequentially consistent fence, compilers emit an MFENCE or a locked instruction;
	 * for a weaker one they emit no instruction
	 */
	if (order == __ATOMIC_SEQ_CST)
		record_fence(CALLER);
	else
		settle();
}

EXPORT void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	settle();
}

/*
 * Called before an atomic operation: compares the bytes that it will overwrite with the shadow, the
 * content as recorded so far.
 */
static struct map *before_atomic(volatile void *at, size_t length)
{
	struct map *map = maps_find((uintptr_t)at);

	settle();
	if (map && differs(map, (uintptr_t)at, length))
		look(map, (uintptr_t)at, (uintptr_t)at + length, 0);
	return map;
}

/*
 * Called after an atomic operation. If `locks`, the operation is also a fence, which completes the
 * flushes of this thread.
 */
static void after_atomic(struct map *map, volatile void *at, const void *value, size_t length,
	bool locks, struct call call)
{
	if (map && length <= 8)
		write_store(map, locks ? EVENT_ATOMIC : EVENT_STORE, (uintptr_t)at, length, value,
			stack_number(call));
	else if (map)
		write_store(map, EVENT_GROUP, (uintptr_t)at, length, value, stack_number(call));
	else if (locks && ring && maps_span)
		write_event(
			&(struct event){.kind = EVENT_ATOMIC, .stack = stack_number(call)}, NULL);
}

#define CHANGE(bits, type, verb, result)                                                           \
	EXPORT type __tsan_atomic##bits##_##verb(volatile type *at, type value, int order)         \
	{                                                                                          \
		struct map *map = before_atomic(at, sizeof(type));                                 \
		type was = HOOK_SWAP(type, at, result);                                            \
		type old = was;                                                                    \
		type stored = (type)(result);                                                      \
                                                                                                   \
		(void)order;                                                                       \
		after_atomic(map, at, &stored, sizeof(type), true, CALLER);                        \
		return old;                                                                        \
	}

#define COMPARE(bits, type, strength)                                                              \
	EXPORT int __tsan_atomic##bits##_compare_exchange_##strength(                              \
		volatile type *at, type *expected, type value, int order, int otherwise)           \
	{                                                                                          \
		struct map *map = before_atomic(at, sizeof(type));                                 \
		type found = __sync_val_compare_and_swap(at, *expected, value);                    \
		int done = found == *expected;                                                     \
                                                                                                   \
		(void)order;                                                                       \
		(void)otherwise;                                                                   \
		*expected = found;                                                                 \
		after_atomic(done ? map : NULL, at, &value, sizeof(type), true, CALLER);           \
		return done;                                                                       \
	}

#define ATOMICS(bits, type)                                                                        \
	EXPORT type __tsan_atomic##bits##_load(const volatile type *at, int order)                 \
	{                                                                                          \
		(void)order;                                                                       \
		settle();                                                                          \
		return HOOK_LOAD(type, at);                                                        \
	}                                                                                          \
	EXPORT void __tsan_atomic##bits##_store(volatile type *at, type value, int order)          \
	{                                                                                          \
		struct map *map = before_atomic(at, sizeof(type));                                 \
                                                                                                   \
		(void)HOOK_SWAP(type, at, value);                                                  \
		after_atomic(map, at, &value, sizeof(type), order == __ATOMIC_SEQ_CST, CALLER);    \
	}                                                                                          \
	CHANGE(bits, type, exchange, value)                                                        \
	CHANGE(bits, type, fetch_add, old + value)                                                 \
	CHANGE(bits, type, fetch_sub, old - value)                                                 \
	CHANGE(bits, type, fetch_and, old &value)                                                  \
	CHANGE(bits, type, fetch_or, old | value)                                                  \
	CHANGE(bits, type, fetch_xor, old ^ value)                                                 \
	CHANGE(bits, type, fetch_nand, ~(old & value))                                             \
	COMPARE(bits, type, strong)                                                                \
	COMPARE(bits, type, weak)                                                                  \
	EXPORT type __tsan_atomic##bits##_compare_exchange_val(                                    \
		volatile type *at, type expected, type value, int order, int otherwise)            \
	{                                                                                          \
		struct map *map = before_atomic(at, sizeof(type));                                 \
		type found = __sync_val_compare_and_swap(at, expected, value);                     \
                                                                                                   \
		(void)order;                                                                       \
		(void)otherwise;                                                                   \
		after_atomic(                                                                      \
			found == expected ? map : NULL, at, &value, sizeof(type), true, CALLER);   \
		return found;                                                                      \
	}

HOOKS_OF_ATOMICS(ATOMICS)
