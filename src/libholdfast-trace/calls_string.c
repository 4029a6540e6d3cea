/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * calls_string.c - calls of the C library that store text or input, which are recorded as copies
 *
 * The C library makes these stores by itself. Without a record they would be found by a later
 * comparison, which cannot tell them from the program's own stores to the same line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "libholdfast-trace/recorder.h"

#define ANY SIZE_MAX /* size to assume for a destination of unknown size */

/* ---- text */

static void *put(void *to, const void *from, size_t length, struct call call)
{
	if (likely(!maps_may_have((uintptr_t)to)))
		return real_memmove(to, from, length);
	return record_move(to, from, length, THEN_NOTHING, call);
}

/* Stores a string with its terminating NUL. Returns the address of the NUL. */
static char *put_string(char *to, const char *from, size_t room, struct call call)
{
	size_t length = strlen(from);

	if (length >= room)
		__builtin_trap();
	put(to, from, length + 1, call);
	return to + length;
}

/* Stores `length` bytes as strncpy(3) does. Returns the address of the first NUL in them. */
static char *put_padded(char *to, const char *from, size_t length, size_t room, struct call call)
{
	size_t used = strnlen(from, length);

	if (length > room)
		__builtin_trap();
	put(to, from, used, call);
	if (likely(!maps_may_have((uintptr_t)to + used)))
		real_memset(to + used, 0, length - used);
	else
		record_fill(to + used, 0, length - used, THEN_NOTHING, call);
	return to + used;
}

/*
 * Defines a function twice: under its own name, and under the name that programs built with
 * -D_FORTIFY_SOURCE call.
 */
#define STRING_CALL(type, name, parameters, statement)                                             \
	EXPORT type name(STRIP parameters)                                                         \
	{                                                                                          \
		const size_t room = ANY;                                                           \
		statement                                                                          \
	}                                                                                          \
	EXPORT type __##name##_chk(STRIP parameters, size_t room)                                  \
	{                                                                                          \
		statement                                                                          \
	}

STRING_CALL(char *, strcpy, (char *to, const char *from), {
	put_string(to, from, room, CALLER);
	return to;
})

STRING_CALL(char *, stpcpy, (char *to, const char *from),
	{ return put_string(to, from, room, CALLER); })

STRING_CALL(char *, strncpy, (char *to, const char *from, size_t length), {
	put_padded(to, from, length, room, CALLER);
	return to;
})

STRING_CALL(char *, stpncpy, (char *to, const char *from, size_t length),
	{ return put_padded(to, from, length, room, CALLER); })

STRING_CALL(char *, strcat, (char *to, const char *from), {
	size_t used = strlen(to);
	put_string(to + used, from, room == ANY ? ANY : room - used, CALLER);
	return to;
})

STRING_CALL(char *, strncat, (char *to, const char *from, size_t length), {
	static const char end[1];
	size_t used = strlen(to);
	size_t more = strnlen(from, length);
	if (more >= room - used)
		__builtin_trap();
	put(to + used, from, more, CALLER);
	put(to + used + more, end, 1, CALLER);
	return to;
})

/* ---- formatted text */

typedef int print_function(char *, size_t, const char *, va_list);

static print_function *next_print;

/*
 * Looks up the function before main() runs: the recorder prints by it, too, and signal handlers of
 * the program may call it, in which a look-up is not safe.
 */
__attribute__((constructor(102))) static void find_next(void)
{
	next_print = (print_function *)next_function("vsnprintf");
}

static int print(char *to, size_t room, const char *format, va_list arguments, struct call call)
{
	print_function *next =
		next_print ? next_print : (print_function *)next_function("vsnprintf");
	char text[1024];
	va_list again;

	if (likely(!maps_may_have((uintptr_t)to)))
		return next(to, room, format, arguments);
	va_copy(again, arguments);
	int length = next(text, sizeof(text), format, arguments);
	if (length < 0 || (size_t)length >= sizeof(text)) {
		/*
		 * not recorded here: these stores are found later, when the memory is compared with
		 * the content as recorded so far
		 */
		length = next(to, room, format, again);
	} else if (room) {
		size_t kept = (size_t)length < room ? (size_t)length : room - 1;
		text[kept] = '\0';
		put(to, text, kept + 1, call);
	}
	va_end(again);
	return length;
}

/* The largest size that vsnprintf(3) takes; sprintf(3) has no limit. */
#define PRINT_ANY ((size_t)INT32_MAX)

EXPORT int vsnprintf(char *to, size_t room, const char *format, va_list arguments)
{
	return print(to, room, format, arguments, CALLER);
}

EXPORT int vsprintf(char *to, const char *format, va_list arguments)
{
	return print(to, PRINT_ANY, format, arguments, CALLER);
}

#define UNUSED __attribute__((__unused__))

#define PRINTS(name, parameters, last, room)                                                       \
	EXPORT int name(STRIP parameters, ...)                                                     \
	{                                                                                          \
		va_list arguments;                                                                 \
                                                                                                   \
		va_start(arguments, last);                                                         \
		int length = print(to, room, last, arguments, CALLER);                             \
		va_end(arguments);                                                                 \
		return length;                                                                     \
	}

PRINTS(snprintf, (char *to, size_t size, const char *format), format, size)
PRINTS(sprintf, (char *to, const char *format), format, PRINT_ANY)
PRINTS(__snprintf_chk, (char *to, size_t size, int flag UNUSED, size_t room, const char *format),
	format, size < room ? size : room)
PRINTS(__sprintf_chk, (char *to, int flag UNUSED, size_t size, const char *format), format,
	size < PRINT_ANY ? size : PRINT_ANY)

/* ---- input */

/* Records what a call has stored to a buffer, which record_look() has compared before. */
static ssize_t got(void *to, ssize_t length, struct call call)
{
	if (length > 0)
		record_stored((uintptr_t)to, (size_t)length, call);
	return length;
}

#define INPUT(name, parameters, arguments)                                                         \
	EXPORT ssize_t name(STRIP parameters)                                                      \
	{                                                                                          \
		__typeof__(name) *next = FOUND(next_function, __typeof__(name), #name);            \
                                                                                                   \
		if (likely(!maps_may_have((uintptr_t)to)))                                         \
			return next(STRIP arguments);                                              \
		record_look((uintptr_t)to, length, CALLER);                                        \
		return got(to, next(STRIP arguments), CALLER);                                     \
	}

INPUT(read, (int fd, void *to, size_t length), (fd, to, length))
INPUT(pread, (int fd, void *to, size_t length, off_t at), (fd, to, length, at))
INPUT(pread64, (int fd, void *to, size_t length, off_t at), (fd, to, length, at))
INPUT(recv, (int fd, void *to, size_t length, int flags), (fd, to, length, flags))

EXPORT size_t fread(void *to, size_t size, size_t count, FILE *stream)
{
	__typeof__(fread) *next = FOUND(next_function, __typeof__(fread), "fread");

	if (likely(!maps_may_have((uintptr_t)to)))
		return next(to, size, count, stream);
	record_look((uintptr_t)to, size * count, CALLER);
	size_t read = next(to, size, count, stream);
	got(to, (ssize_t)(read * size), CALLER);
	return read;
}
