/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hooks.c - the functions that the compiler calls for stores, without recording anything
 *
 * A program that `holdfast cc` has built calls these functions when it runs by itself. Under
 * `holdfast crash` the recorder's functions of the same names replace them.
 */
#include <stddef.h>
#include <string.h>

#include "trace/hooks.h"

#define EXPORT __attribute__((visibility("default")))

#define NOTHING(name, size)                                                                        \
	EXPORT void name(void *address)                                                            \
	{                                                                                          \
		(void)address;                                                                     \
	}

HOOKS_OF_WRITES(NOTHING)
HOOKS_OF_READS(NOTHING)
NOTHING(__tsan_func_entry, 0)
NOTHING(__tsan_vptr_read, 0)

EXPORT void __tsan_init(void)
{
}

EXPORT void __tsan_func_exit(void)
{
}

EXPORT void __tsan_write_range(void *address, unsigned long length)
{
	(void)address;
	(void)length;
}

EXPORT void __tsan_read_range(void *address, unsigned long length)
{
	(void)address;
	(void)length;
}

EXPORT void __tsan_vptr_update(void **address, void *value)
{
	(void)address;
	(void)value;
}

EXPORT void *__tsan_memcpy(void *to, const void *from, size_t length)
{
	return memcpy(to, from, length);
}

EXPORT void *__tsan_memmove(void *to, const void *from, size_t length)
{
	return memmove(to, from, length);
}

EXPORT void *__tsan_memset(void *to, int byte, size_t length)
{
	return memset(to, byte, length);
}

EXPORT void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

EXPORT void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

EXPORT void holdfast_crash_flush(const void *address, int instruction)
{
	hook_really_flush(address, instruction);
}

EXPORT void holdfast_crash_fence(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

EXPORT void holdfast_crash_stream(void *to, const void *from, unsigned long length)
{
	hook_really_stream(to, from, length);
}

/*
 * Atomic operations ignore the program's memory order, and use the strongest one, which is correct
 * for each.
 */
#define CHANGE(bits, type, verb, result)                                                           \
	EXPORT type __tsan_atomic##bits##_##verb(volatile type *at, type value, int order)         \
	{                                                                                          \
		(void)order;                                                                       \
		return HOOK_SWAP(type, at, result);                                                \
	}

#define COMPARE(bits, type, strength)                                                              \
	EXPORT int __tsan_atomic##bits##_compare_exchange_##strength(                              \
		volatile type *at, type *expected, type value, int order, int otherwise)           \
	{                                                                                          \
		type found = __sync_val_compare_and_swap(at, *expected, value);                    \
		int done = found == *expected;                                                     \
                                                                                                   \
		(void)order;                                                                       \
		(void)otherwise;                                                                   \
		*expected = found;                                                                 \
		return done;                                                                       \
	}

#define ATOMICS(bits, type)                                                                        \
	EXPORT type __tsan_atomic##bits##_load(const volatile type *at, int order)                 \
	{                                                                                          \
		(void)order;                                                                       \
		return HOOK_LOAD(type, at);                                                        \
	}                                                                                          \
	EXPORT void __tsan_atomic##bits##_store(volatile type *at, type value, int order)          \
	{                                                                                          \
		(void)order;                                                                       \
		(void)HOOK_SWAP(type, at, value);                                                  \
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
		(void)order;                                                                       \
		(void)otherwise;                                                                   \
		return __sync_val_compare_and_swap(at, expected, value);                           \
	}

HOOKS_OF_ATOMICS(ATOMICS)
