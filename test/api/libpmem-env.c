/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-env.c - tests the environment variables that libpmem reads, each in a child process with
 * that variable set
 */
#include "api/libpmem.h"

#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define MiB  ((size_t)1 << 20)

/*
 * An address for PMEM_MMAP_HINT that is far below all addresses that the kernel chooses, and is
 * free in sanitized builds, too: gcc 16's address sanitizer has its heap at 0x7e9000000000, and the
 * thread sanitizer allows no address below 0x7e9000000000.
 */
#ifdef __SANITIZE_ADDRESS__
#define HINT       ((char *)0x6f0000000000)
#define HINT_WORDS "6f0000000000", "0x6F0000000000", "6f0000000000, or so", "6effffffffff"
#else
#define HINT       ((char *)0x7e9000000000)
#define HINT_WORDS "7e9000000000", "0x7E9000000000", "7e9000000000, or so", "7e8fffffffff"
#endif

/*
 * All functions from here to flushes_deep() run in child processes and return the number of wrong
 * results.
 */

static int says_yes(void)
{
	int is_pmem = 7, wrong = 0;
	char *addr = pmem_map_file(at("file"), PAGE, PMEM_FILE_CREATE, 0600, NULL, &is_pmem);

	wrong += !addr || is_pmem != 1;
	wrong += pmem_is_pmem(addr, PAGE) != 1 || pmem_is_pmem(NULL, SIZE_MAX) != 1;
	wrong += pmem_is_pmem(addr, 0) != 0 || pmem_is_pmem(NULL, 0) != 0;
	/*
	 * A deep flush depends on the kind of the file, not on PMEM_IS_PMEM_FORCE, so it must
	 * succeed.
	 */
	wrong += pmem_deep_persist(addr, PAGE) != 0;
	setenv("PMEM_IS_PMEM_FORCE", "0", 1);
	wrong += pmem_is_pmem(addr, 1) != 1;
	return wrong;
}

static int says_no(void)
{
	int is_pmem = 7, wrong = 0;
	char *addr = pmem_map_file(at("file"), PAGE, PMEM_FILE_CREATE, 0600, NULL, &is_pmem);

	wrong += !addr || is_pmem || pmem_is_pmem(addr, PAGE) || pmem_is_pmem(NULL, 1);
	setenv("PMEM_IS_PMEM_FORCE", "1", 1);
	return wrong + (pmem_is_pmem(addr, 1) != 0);
}

/* The library reads PMEM_IS_PMEM_FORCE at the first pmem_is_pmem(), not when it is loaded. */
static int says_yes_later(void)
{
	char *addr = pmem_map_file(at("file"), PAGE, PMEM_FILE_CREATE, 0600, NULL, NULL);

	setenv("PMEM_IS_PMEM_FORCE", "1", 1);
	return pmem_is_pmem(addr, 1) != 1;
}

static int maps_at_hint(void)
{
	char *first = map_of("a", PAGE), *second = map_of("b", 3 * MiB), *third = map_of("c", 1);
	int wrong = (first != HINT) + (second != HINT + 2 * MiB) + (third != HINT + 6 * MiB);

	pmem_unmap(second, 3 * MiB);
	wrong += map_of("d", 2 * MiB) != HINT + 2 * MiB;
	setenv("PMEM_MMAP_HINT", "7ea000000000", 1);
	return wrong + (map_of("e", 2 * MiB) != HINT + 4 * MiB);
}

static int maps_low(void)
{
	uintptr_t addr = (uintptr_t)map_of("a", PAGE);

	return addr % (2 * MiB) || !addr || addr > 1024 * MiB;
}

static int maps_anywhere(void)
{
	char *addr = map_of("a", PAGE);

	return (uintptr_t)addr % (2 * MiB) || addr == HINT;
}

static int flushes_nothing(void)
{
	pmem_flush((void *)64, 64);
	pmem_persist((void *)64, 64);
	pmem_drain();
	return 0;
}

static int flushes(void)
{
	pmem_flush((void *)64, 64);
	return 0;
}

static int flushes_deep(void)
{
	pmem_deep_flush((void *)64, 64);
	return 0;
}

static const struct {
	const char *name;
	int (*call)(void);
} calls[] = {
	{"pmem_is_pmem says yes", says_yes},
	{"pmem_is_pmem says no", says_no},
	{"pmem_is_pmem says yes if the variable is set later", says_yes_later},
	{"pmem_map_file maps at the hint", maps_at_hint},
	{"pmem_map_file maps at a low address", maps_low},
	{"pmem_map_file ignores the hint", maps_anywhere},
	{"flushes nothing", flushes_nothing},
	{"flushes", flushes},
	{"flushes deep", flushes_deep},
};

static int call(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].call();
	return 97;
}

static void in(const char *variable, const char *name)
{
	const char *const variables[] = {variable, NULL};

	is_int(again(name, variables), 0, "%s: %s", variable, name);
}

static void is_pmem_force(void)
{
	in("PMEM_IS_PMEM_FORCE=1", "pmem_is_pmem says yes");
	in("PMEM_IS_PMEM_FORCE=1x", "pmem_is_pmem says yes");
	in("PMEM_IS_PMEM_FORCE= 1", "pmem_is_pmem says yes");
	in("PMEM_IS_PMEM_FORCE=0", "pmem_is_pmem says no");
	in("PMEM_IS_PMEM_FORCE=", "pmem_is_pmem says no");
	in("PMEM_IS_PMEM_FORCE=abc", "pmem_is_pmem says no");
	in("A=B", "pmem_is_pmem says yes if the variable is set later");
	if (pmem_is_pmem(map_of("probe", PAGE), PAGE))
		skip("PMEM_IS_PMEM_FORCE=2: pmem_is_pmem returns 0",
			"the file system of ordinary files here is in persistent memory");
	else
		in("PMEM_IS_PMEM_FORCE=2", "pmem_is_pmem says no");
}

static void mmap_hint(void)
{
	static const char *const words[] = {HINT_WORDS};
	char variable[64];

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(variable, sizeof(variable), "PMEM_MMAP_HINT=%s", words[i]);
		in(variable, "pmem_map_file maps at the hint");
	}
	in("PMEM_MMAP_HINT=nonsense", "pmem_map_file ignores the hint");
	in("PMEM_MMAP_HINT=", "pmem_map_file ignores the hint");
	in("PMEM_MMAP_HINT=fffffffffffffffff", "pmem_map_file ignores the hint");
	in("PMEM_MMAP_HINT=ffffffffffffffff", "pmem_map_file ignores the hint");
#ifdef __SANITIZE_THREAD__
	skip("PMEM_MMAP_HINT=0: pmem_map_file maps at a low address",
		"the thread sanitizer needs these addresses");
#else
	in("PMEM_MMAP_HINT=0", "pmem_map_file maps at a low address");
#endif
}

#if defined(__x86_64__) && !defined(CPU_MAY_NOT_FLUSH)
/*
 * Flushes memory that is not mapped: on a real CPU this ends the process by SIGSEGV. An emulated
 * CPU may ignore such a flush.
 */
static int flush_nowhere(void)
{
	__builtin_ia32_clflush((const void *)PAGE);
	return 0;
}
#endif

/*
 * The child processes flush memory that is not mapped: a child ends by a signal if the library
 * really executes the flush.
 */
static void no_flush(void)
{
	static const char *const never[] = {"PMEM_NO_FLUSH=1", NULL};
	static const char *const always[] = {"PMEM_NO_FLUSH=0", NULL};

	in("PMEM_NO_FLUSH=1", "flushes nothing");
#ifdef CPU_MAY_NOT_FLUSH
	(void)never;
	(void)always;
	skip("PMEM_NO_FLUSH=0: pmem_flush flushes",
		"this CPU may have no flush instruction for programs");
#else
	if (emulator()) {
		skip("PMEM_NO_FLUSH=0: pmem_flush flushes",
			"an emulator does not fault on a flush of memory that is not mapped");
		return;
	}
#ifdef __x86_64__
	if (!in_child(flush_nowhere)) {
		skip("PMEM_NO_FLUSH=0: pmem_flush flushes",
			"this CPU does not fault on a flush of memory that is not mapped");
		return;
	}
#endif
	ok(again("flushes deep", never) != 0,
		"PMEM_NO_FLUSH=1: pmem_deep_flush flushes nevertheless");
	ok(again("flushes", always) != 0, "PMEM_NO_FLUSH=0: pmem_flush flushes");
	if (pmem_has_auto_flush() == 1)
		skip("PMEM_NO_FLUSH unset: pmem_flush flushes",
			"the CPU caches of this machine survive a power failure");
	else
		ok(again("flushes", NULL) != 0, "PMEM_NO_FLUSH unset: pmem_flush flushes");
#endif
}

int main(int argc, char **argv)
{
	/*
	 * A child that flushes makes no scratch directory and closes standard error: a signal may
	 * end the child before it could remove the directory, and sanitizers would report the
	 * signal on standard error.
	 */
	if (argc > 1 && !strncmp(argv[1], "flushes", 7)) {
		fclose(stderr);
		close(STDERR_FILENO);
		return call(argv[1]);
	}
	scratch_open();
	if (argc > 1) {
		int wrong = call(argv[1]);
		scratch_close();
		return wrong;
	}
	is_pmem_force();
	mmap_hint();
	no_flush();
	scratch_close();
	return tap_done();
}
