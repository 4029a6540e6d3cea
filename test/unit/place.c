/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * place.c - tests where mappings are placed: aligned, in reserved addresses, and at the first free
 * place above a hint
 */
#include "map/place.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "libpmem2/base.h"
#include "tap.h"

#define MiB ((size_t)1 << 20)
#define GiB ((size_t)1 << 30)

/*
 * While this is true, munmap() fails, as the real one does if it would split a mapping in two, and
 * the process already has the maximum number of mappings.
 */
static bool refuses;

int munmap(void *addr, size_t length)
{
	if (!refuses)
		return (int)syscall(SYS_munmap, addr, length);
	errno = ENOMEM;
	return -1;
}

/*
 * An address far below the addresses that the kernel chooses, in a region that sanitizers leave
 * free. The address sanitizer of gcc 16 has its heap at 0x7e9000000000, and the thread sanitizer
 * leaves no address as low as 0x6f0000000000 to the program.
 */
#ifdef __SANITIZE_ADDRESS__
#define HINT ((uintptr_t)0x6f0000000000)
#else
#define HINT ((uintptr_t)0x7e9000000000)
#endif

static char *above(uintptr_t hint, size_t length, size_t alignment)
{
	char *addr;

	if (place_reserve_above(hint, &addr, length, alignment))
		bail("no place: %s", err_get());
	return addr;
}

static void alignments(void)
{
	static const size_t lengths[] = {4096, 2 * MiB, 2 * GiB - 4096, 2 * GiB, 3 * GiB};
	static const size_t wanted[] = {2 * MiB, 2 * MiB, 2 * MiB, GiB, GiB};

	for (int i = 0; i < 5; i++) {
		char *addr;
		size_t alignment = place_alignment(lengths[i], 4096);
		is_int(alignment, wanted[i], "place_alignment: %zu bytes need an alignment of %zu",
			lengths[i], wanted[i]);
		ok(!place_reserve(&addr, lengths[i], alignment) && !((uintptr_t)addr % alignment),
			"place_reserve: the reserved addresses have the alignment that was asked for");
		place_release(addr, lengths[i]);
	}
	is_int(place_alignment(4096, 16 * MiB), 16 * MiB,
		"place_alignment: a larger alignment of the source is kept");
}

static void first_fits(void)
{
	char *a = above(HINT, 2 * MiB, 2 * MiB), *b = above(HINT, 4 * MiB, 2 * MiB);

	ok(a == (char *)HINT, "place_reserve_above: the first reserved range begins at the hint");
	ok(b == (char *)HINT + 2 * MiB,
		"place_reserve_above: the second reserved range follows the first");
	char *c = above(HINT, 2 * MiB, 2 * MiB);
	ok(c == (char *)HINT + 6 * MiB,
		"place_reserve_above: the third reserved range follows the second");
	place_release(b, 4 * MiB);
	char *d = above(HINT, 2 * MiB, 2 * MiB);
	ok(d == b, "place_reserve_above: addresses that were released are reserved again");
	char *e = above(HINT, 4 * MiB, 2 * MiB);
	ok(e == c + 2 * MiB,
		"place_reserve_above: a gap between reserved ranges that is too small is skipped");
	char *f = above(HINT, 4096, 2 * MiB);
	ok(f == b + 2 * MiB,
		"place_reserve_above: a gap between reserved ranges that is just large enough is used");
	char *g = above(HINT + 4096, 4096, 4096);
	ok(g == f + 4096,
		"place_reserve_above: if the page at the hint is reserved, the page behind it is used");
	char *h = above(HINT, 4096, GiB);
	ok(h == (char *)HINT + GiB, "place_reserve_above: an alignment of 1 GiB is kept");
	munmap(a, (size_t)(h - a) + 4096);
}

static void odd_hints(void)
{
	char *odd = above(HINT + 1, 4096, 2 * MiB);

	ok(odd == (char *)HINT + 2 * MiB, "place_reserve_above: an unaligned hint is rounded up");
	place_release(odd, 4096);
	char *high = above(UINTPTR_MAX, 4096, 2 * MiB);
	ok(high && !((uintptr_t)high % (2 * MiB)),
		"place_reserve_above: if the hint is the end of the address space, any free addresses are reserved");
	place_release(high, 4096);
	if (under_valgrind())
		skip("place_reserve_above: asking for half of the address space gives -ENOMEM",
			"valgrind divides the address space differently");
	else
		is_int(place_reserve_above(HINT, &high, SIZE_MAX / 2 + 1, 2 * MiB), -ENOMEM,
			"place_reserve_above: asking for half of the address space gives -ENOMEM");
}

static void far_hints(void)
{
#ifdef __SANITIZE_THREAD__
	skip("place_reserve_above: with a hint near either end of the address space, addresses are reserved",
		"the thread sanitizer uses those addresses itself");
#else
	char *low = above(0, 4096, 2 * MiB);
	ok((uintptr_t)low >= 2 * MiB && (uintptr_t)low < GiB && !((uintptr_t)low % (2 * MiB)),
		"place_reserve_above: if the hint is 0, the lowest free addresses are reserved, but not address 0");
	place_release(low, 4096);
	char *high = above((uintptr_t)1 << 60, 4096, 2 * MiB);
	ok(high && !((uintptr_t)high % (2 * MiB)),
		"place_reserve_above: if the hint is above user space, any free addresses are reserved");
	place_release(high, 4096);
#endif
}

static void *reserve_many(void *mine)
{
	char **places = mine;

	for (int i = 0; i < 50; i++)
		places[i] = above(HINT, 2 * MiB, 2 * MiB);
	return NULL;
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * Replaces mmap(2) in the whole program. While `rivals` is not 0, this function simulates another
 * thread: when the library maps addresses that it has found free, the function first maps a page
 * there.
 */
static int rivals;
static char *taken[8];

void *mmap(void *addr, size_t length, int protection, int flags, int fd, off_t offset)
{
	if (addr && rivals) {
		int rival = --rivals;
		taken[rival] = (char *)syscall(SYS_mmap, addr, 4096, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (taken[rival] == addr)
			*taken[rival] = (char)(1 + rival);
	}
	return (void *)syscall(SYS_mmap, addr, length, protection, flags, fd, offset);
}

/* Addresses at which another thread has mapped memory in the meantime must not be overwritten. */
static void rivals_are_faster(void)
{
	const int count = sizeof(taken) / sizeof(taken[0]);
	int unharmed = 0;

	rivals = count;
	char *addr = above(HINT, 2 * MiB, 2 * MiB);
	is_int(rivals, 0,
		"place: a map is made although another thread takes the free place first, %d times in a row",
		count);
	for (int i = 0; i < count; i++)
		unharmed += taken[i] == (char *)HINT + (size_t)(count - 1 - i) * 2 * MiB &&
			    !msync(taken[i], 4096, MS_ASYNC) && *taken[i] == 1 + i;
	is_int(unharmed, count,
		"place: memory that another thread mapped at the free place meanwhile is not overwritten");
	ok(addr == (char *)HINT + (size_t)count * 2 * MiB,
		"place: the library's map gets the next free place");
	munmap((char *)HINT, (size_t)(count + 1) * 2 * MiB);
}

/* Threads that reserve addresses at the same time must get different ranges, without gaps. */
static void races(void)
{
	static char *places[4][50];
	char **all = places[0];
	pthread_t threads[4];
	int good = 0;

	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, reserve_many, places[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	qsort(all, 200, sizeof(*all), by_address);
	for (size_t i = 0; i < 200; i++)
		good += all[i] == (char *)HINT + i * 2 * MiB;
	is_int(good, 200,
		"place: four threads that reserve addresses at the same hint get 200 adjacent ranges");
	munmap(all[0], 200 * 2 * MiB);
}

static bool is_accessible(const char *addr)
{
	int ends[2];

	if (pipe(ends))
		bail("no pipe: %m");
	bool accessible = write(ends[1], addr, 1) == 1;
	close(ends[0]);
	close(ends[1]);
	return accessible;
}

static void refusals(void)
{
	char *addr;

	refuses = true;
	is_int(place_reserve(&addr, 2 * MiB, 2 * MiB), 0,
		"place_reserve: succeeds although munmap fails for the memory beside the aligned addresses");
	refuses = false;
	is_int((uintptr_t)addr % (2 * MiB), 0,
		"place_reserve: the reserved addresses are aligned although munmap fails for the memory beside them");
	if (mmap(addr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != addr)
		bail("cannot map: %m");
	ok(is_accessible(addr), "place_discard: the memory is accessible before the call");
	refuses = true;
	errno = EXDEV;
	place_discard(addr, 2 * MiB);
	is_int(errno, EXDEV, "place_discard: errno is unchanged if munmap fails");
	refuses = false;
	if (under_valgrind())
		skip("place_discard: memory that cannot be unmapped is inaccessible",
			"valgrind reports an access to it");
	else
		ok(!is_accessible(addr),
			"place_discard: memory that cannot be unmapped is inaccessible");
	is_int(place_reserve_at(addr, 4096), PMEM2_E_MAPPING_EXISTS,
		"place_discard: memory that cannot be unmapped stays reserved");
	munmap(addr, 2 * MiB);
}

int main(void)
{
	refusals();
	alignments();
	first_fits();
	odd_hints();
	far_hints();
	rivals_are_faster();
	races();
	return tap_done();
}
