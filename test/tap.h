/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tap.h - report test points in the Test Anything Protocol
 *
 *	int main(void)
 *	{
 *		ok(1 + 1 == 2, "addition");
 *		is_int(strtol("7", NULL, 10), 7, "strtol of a digit");
 *		return tap_done();
 *	}
 *
 * A check returns true if it passed. On failure it prints its file and line, and the values that
 * it compared. Only the parent process may make checks: a forked child reports through its exit
 * status.
 *
 * If UNTIL_FAILURE is in the environment, a test program ends at the first check that fails.
 */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int tap_points, tap_failures;

#define TAP_UNUSED __attribute__((unused))

TAP_UNUSED static bool __attribute__((__format__(__printf__, 4, 0)))
tap_point(bool passed, const char *file, int line, const char *format, va_list ap)
{
	printf("%sok %d - ", passed ? "" : "not ", ++tap_points);
	vprintf(format, ap);
	putchar('\n');
	if (!passed) {
		tap_failures++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	return passed;
}

/* Ends the program if the point failed and UNTIL_FAILURE is set: print the point's notes first. */
static bool tap_result(bool passed)
{
	if (!passed && getenv("UNTIL_FAILURE"))
		exit(EXIT_FAILURE);
	return passed;
}

TAP_UNUSED static bool __attribute__((__format__(__printf__, 4, 5)))
tap_check(bool passed, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	tap_point(passed, file, line, format, ap);
	va_end(ap);
	return tap_result(passed);
}

/* Prints a note for the reader of the log, with the "# " that TAP requires before it. */
TAP_UNUSED static void __attribute__((__format__(__printf__, 1, 2))) diag(const char *format, ...)
{
	va_list ap;

	fputs("# ", stdout);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/*
 * ok(condition, FORMAT, ...): a test point with this name, which passes if the condition is true.
 */
#define ok(condition, ...) tap_check((condition), __FILE__, __LINE__, __VA_ARGS__)

TAP_UNUSED static bool __attribute__((__format__(__printf__, 5, 6)))
tap_is_int(long long got, long long want, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	bool same = tap_point(got == want, file, line, format, ap);
	va_end(ap);
	if (!same)
		diag("got %lld (%#llx), want %lld (%#llx)", got, (unsigned long long)got, want,
			(unsigned long long)want);
	return tap_result(same);
}

#define is_int(got, want, ...)                                                                     \
	tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)

TAP_UNUSED static bool __attribute__((__format__(__printf__, 5, 6)))
tap_has_str(const char *text, const char *part, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	bool found = tap_point(text && strstr(text, part), file, line, format, ap);
	va_end(ap);
	if (!found)
		diag("no \"%s\" in \"%s\"", part, text ? text : "(null)");
	return tap_result(found);
}

TAP_UNUSED static bool __attribute__((__format__(__printf__, 5, 6)))
tap_is_str(const char *got, const char *want, const char *file, int line, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	bool same = tap_point(got && !strcmp(got, want), file, line, format, ap);
	va_end(ap);
	if (!same)
		diag("got \"%s\", want \"%s\"", got ? got : "(null)", want);
	return tap_result(same);
}

#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)

/* A test point that passes if `text` contains `part`. */
#define has_str(text, part, ...) tap_has_str((text), (part), __FILE__, __LINE__, __VA_ARGS__)

/* Reports one test point that cannot be checked on this machine, and the reason. */
TAP_UNUSED static void skip(const char *what, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_points, what, reason);
	fflush(stdout);
}

/* Reports that the whole test program cannot run on this machine, and exits. */
TAP_UNUSED __attribute__((__noreturn__)) static void skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	exit(EXIT_SUCCESS);
}

/* Ends the program because the set-up of the test failed, which says nothing of the tested code. */
TAP_UNUSED __attribute__((__noreturn__, __format__(__printf__, 1, 2))) static void bail(
	const char *format, ...)
{
	va_list ap;

	fputs("Bail out! ", stdout);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	exit(99);
}

/*
 * Valgrind uses address space itself, chooses where mappings go, and handles signals differently.
 */
TAP_UNUSED static bool under_valgrind(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded && strstr(preloaded, "vgpreload");
}

/* The emulator command if this program is for another processor (meson sets it); NULL: none. */
TAP_UNUSED static const char *emulator(void)
{
	const char *wrapper = getenv("MESON_EXE_WRAPPER");

	return wrapper && *wrapper ? wrapper : NULL;
}

/*
 * Executes this program again with these arguments; returns only on failure. Does not use
 * /proc/self/exe, which is valgrind itself under valgrind. A program for another processor is
 * started through its emulator, because the kernel cannot execute it.
 */
TAP_UNUSED static void exec_again(char *const argv[])
{
	char *all[32], *words = emulator() ? strdup(emulator()) : NULL;
	size_t n = 0;

	for (char *word = words ? strtok(words, " ") : NULL; word && n < 16;
		word = strtok(NULL, " "))
		all[n++] = word;
	for (size_t i = 0; i < 15 && argv[i]; i++)
		all[n++] = argv[i];
	all[n] = NULL;
	execvp(all[0], all);
}

/* Prints the TAP plan, and returns the exit status for main(). */
TAP_UNUSED static int tap_done(void)
{
	printf("1..%d\n", tap_points);
	return tap_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
