/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_memory.c - memcpy(3), memset(3) and similar calls, which store in no particular order and
 * neither flush nor drain
 */
#include "libholdfast-trace/recorder.h"

EXPORT void *memcpy(void *to, const void *from, size_t length)
{
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memmove(to, from, length);
	return record_move(to, from, length, THEN_NOTHING, CALLER);
}

EXPORT void *memmove(void *to, const void *from, size_t length)
{
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memmove(to, from, length);
	return record_move(to, from, length, THEN_NOTHING, CALLER);
}

EXPORT void *memset(void *to, int byte, size_t length)
{
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memset(to, byte, length);
	return record_fill(to, byte, length, THEN_NOTHING, CALLER);
}

/* The same functions under the names that they have in programs built with -D_FORTIFY_SOURCE. */
EXPORT void *__memcpy_chk(void *to, const void *from, size_t length, size_t room)
{
	if (length > room)
		__builtin_trap();
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memmove(to, from, length);
	return record_move(to, from, length, THEN_NOTHING, CALLER);
}

EXPORT void *__memmove_chk(void *to, const void *from, size_t length, size_t room)
{
	if (length > room)
		__builtin_trap();
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memmove(to, from, length);
	return record_move(to, from, length, THEN_NOTHING, CALLER);
}

EXPORT void *__memset_chk(void *to, int byte, size_t length, size_t room)
{
	if (length > room)
		__builtin_trap();
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memset(to, byte, length);
	return record_fill(to, byte, length, THEN_NOTHING, CALLER);
}
