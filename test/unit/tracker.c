/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tracker.c - test the tracker, which knows the mappings of persistent memory (pmem), by comparison
 * with an array that has an entry for each byte
 */
#include "track/tracker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "tap.h"

#define PAGE  4096u
#define PAGES 64u
#define BYTES (PAGES * PAGE)

static char *arena;

/*
 * The model: for each byte of the arena, the number of the range that it belongs to, which is odd
 * for pmem, even for other memory, and 0 for no range.
 */
static unsigned model[BYTES];

static struct tracked range_of(size_t from, size_t to, bool is_pmem)
{
	return (struct tracked){(uintptr_t)arena + from, (uintptr_t)arena + to, is_pmem,
		{.kind = is_pmem ? DEVICE_FILE : DEVICE_DAX, .number = 1}};
}

static size_t whole(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

static void fill_model(size_t from, size_t to, unsigned value)
{
	for (size_t i = from; i < to; i++)
		model[i] = value;
}

static bool map_again(size_t from, size_t to)
{
	return mmap(arena + from, to - from, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		       0) == arena + from;
}

/*
 * Makes one random change to tracker and model. Maps pages that the change unmapped again, to keep
 * the arena complete.
 */
static bool change(unsigned *seed, unsigned number)
{
	size_t from = (size_t)rand_r(seed) % PAGES * PAGE;
	size_t length = 1 + (size_t)rand_r(seed) % (10 * PAGE);

	if (length > BYTES - from)
		length = BYTES - from;
	size_t to = from + length, end = from + whole(length);
	switch (rand_r(seed) % 4) {
	case 0:
		fill_model(from, end, 0);
		return !tracker_unmap(arena + from, length) && map_again(from, end);
	case 1:
		fill_model(from, end, 0);
		return !tracker_forget((uintptr_t)arena + from, (uintptr_t)arena + end);
	default:
		fill_model(from, end, 0);
		fill_model(from, to, number);
		struct tracked range = range_of(from, to, number & 1);
		return !tracker_add(&range);
	}
}

static bool expect_covered(size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!(model[i] & 1))
			return false;
	return from < to;
}

/*
 * Returns a random offset in the arena. Half of the time it is a page boundary, because ranges
 * begin there.
 */
static size_t somewhere(unsigned *seed)
{
	size_t at = (size_t)rand_r(seed) % BYTES;

	return rand_r(seed) % 2 ? at : at / PAGE * PAGE;
}

static bool ask(unsigned *seed)
{
	size_t from = somewhere(seed), to = rand_r(seed) % 2 ? somewhere(seed) : from + PAGE / 2;

	if (to > BYTES)
		to = BYTES;
	return tracker_covers((uintptr_t)arena + from, (uintptr_t)arena + to) ==
	       expect_covered(from, to);
}

static bool find(unsigned *seed)
{
	struct tracked found;
	size_t from = somewhere(seed), to = somewhere(seed), at = from;
	bool is = tracker_find((uintptr_t)arena + from, (uintptr_t)arena + to, &found);

	while (at < to && !model[at])
		at++;
	if (at >= to)
		return !is;
	if (!is || found.is_pmem != (model[at] & 1) ||
		found.device.kind != (found.is_pmem ? DEVICE_FILE : DEVICE_DAX))
		return false;
	/*
	 * The range that tracker_find() returned must begin at or before this byte, and end where
	 * the model's range ends.
	 */
	size_t end = at;
	while (end < BYTES && model[end] == model[at])
		end++;
	return found.from <= (uintptr_t)arena + at && found.to == (uintptr_t)arena + end;
}

static void random_sequences(void)
{
	unsigned seed = 1, changes = 0, questions = 0, searches = 0;

	for (unsigned i = 0; i < 4000; i++) {
		changes += change(&seed, i + 2);
		for (int j = 0; j < 5; j++) {
			questions += ask(&seed);
			searches += find(&seed);
		}
	}
	is_int(changes, 4000, "tracker: 4000 random additions, unmappings and removals succeed");
	is_int(questions, 20000,
		"tracker_covers: agrees with a simple reference model in 20000 calls");
	is_int(searches, 20000,
		"tracker_find: finds the same next range as a simple reference model in 20000 calls");
	tracker_forget((uintptr_t)arena, (uintptr_t)arena + BYTES);
	ok(!tracker_covers((uintptr_t)arena, (uintptr_t)arena + 1),
		"tracker_forget: no range is left after all tracked memory was removed");
}

static void rules(void)
{
	uintptr_t a = (uintptr_t)arena;
	struct tracked odd = range_of(0, PAGE + 5, true), next = range_of(2 * PAGE, 3 * PAGE, true);
	struct tracked stale = range_of(0, 4 * PAGE, true), fresh = range_of(PAGE, PAGE + 10, true);

	tracker_add(&odd);
	ok(tracker_covers(a, a + PAGE + 5), "tracker_covers: all bytes of a mapping are covered");
	ok(!tracker_covers(a, a + PAGE + 6),
		"tracker_covers: the rest of a mapping's last page is not covered");
	ok(!tracker_covers(a + 5, a + 5), "tracker_covers: an empty range is not covered");
	ok(!tracker_covers(a + 5, 4), "tracker_covers: a range that wraps around is not covered");
	tracker_add(&next);
	ok(!tracker_covers(a, a + 3 * PAGE),
		"tracker_covers: a range with a gap of less than a page is not covered");
	ok(!tracker_add(&stale),
		"tracker: a mapping can be added over older mappings that were not removed from the tracker");
	ok(tracker_covers(a, a + 4 * PAGE),
		"tracker: a mapping that was added over older ones is covered as a whole");
	tracker_add(&fresh);
	ok(tracker_covers(a, a + PAGE + 10) && tracker_covers(a + 2 * PAGE, a + 4 * PAGE),
		"tracker: a mapping added within a known range leaves the rest of that range covered");
	ok(!tracker_covers(a + PAGE + 10, a + PAGE + 11),
		"tracker: if a mapping is added within a range, the bytes between its end and the next page are not covered");
	tracker_forget(a, a + BYTES);
}

static void adjacency(void)
{
	uintptr_t a = (uintptr_t)arena;
	struct tracked left = range_of(0, PAGE, true), right = range_of(PAGE, 2 * PAGE, true);
	struct tracked other = range_of(PAGE, 2 * PAGE, false);

	tracker_add(&left);
	tracker_add(&right);
	ok(tracker_covers(a + 1, a + 2 * PAGE),
		"tracker_covers: adjacent ranges cover a range over both");
	tracker_add(&other);
	ok(tracker_covers(a, a + PAGE) && !tracker_covers(a, a + PAGE + 1),
		"tracker_covers: a mapping that is not persistent memory covers nothing");
	tracker_forget(a, a + BYTES);
}

static void failed_unmap(void)
{
	uintptr_t a = (uintptr_t)arena;
	struct tracked range = range_of(0, 3 * PAGE, true);

	tracker_add(&range);
	is_int(tracker_unmap(arena + 1, PAGE), -EINVAL,
		"tracker_unmap: an unaligned address is refused");
	has_str(err_get(), "cannot unmap 4096 bytes",
		"tracker_unmap: the message has the length of the range");
	is_int(tracker_unmap(arena, 0), -EINVAL, "tracker_unmap: an empty range is refused");
	is_int(tracker_unmap(arena, SIZE_MAX), -EINVAL,
		"tracker_unmap: a length of SIZE_MAX is refused");
	is_int(tracker_unmap(arena, SIZE_MAX - a + 2), -EINVAL,
		"tracker_unmap: a range past the end of the address space is refused");
	ok(tracker_covers(a, a + 3 * PAGE),
		"tracker_unmap: after refused calls, all bytes are still covered");
	is_int(tracker_unmap(arena + PAGE, 1), 0, "tracker_unmap: a range of one byte is accepted");
	ok(map_again(PAGE, 2 * PAGE) && !tracker_covers(a + PAGE, a + PAGE + 1) &&
			!tracker_covers(a + 2 * PAGE - 1, a + 2 * PAGE) &&
			tracker_covers(a, a + PAGE) && tracker_covers(a + 2 * PAGE, a + 3 * PAGE),
		"tracker_unmap: one byte unmaps its page, and not the neighbouring pages");
	tracker_forget(a, a + BYTES);
}

/*
 * Test with several threads. The first and the last page are always covered, the pages next to
 * these never. Two threads add and remove pages in between, which moves the last page's entry in
 * the tracker's array.
 */
#define LAST (PAGES - 1)

static atomic_bool done;
static unsigned rounds;

static void *reader(void *wrong)
{
	uintptr_t a = (uintptr_t)arena;

	while (!atomic_load(&done)) {
		atomic_fetch_add((atomic_uint *)wrong,
			!tracker_covers(a + 5, a + PAGE) + tracker_covers(a + PAGE, a + PAGE + 1));
		for (int j = 0; j < 20; j++)
			atomic_fetch_add((atomic_uint *)wrong,
				!tracker_covers(a + LAST * PAGE, a + PAGES * PAGE) +
					tracker_covers(a + LAST * PAGE - 1, a + LAST * PAGE));
	}
	return NULL;
}

static void *writer(void *half)
{
	size_t first = (uintptr_t)half ? PAGES / 2 : 2;

	for (unsigned i = 0; i < rounds; i++) {
		size_t page = first + i % (PAGES / 2 - 2);
		struct tracked range = range_of(page * PAGE, (page + 1) * PAGE, true);
		tracker_add(&range);
		if (i % 3)
			tracker_forget(range.from, range.to);
	}
	return NULL;
}

static void threads(void)
{
	pthread_t readers[4], writers[2];
	struct tracked first = range_of(0, PAGE, true), last = range_of(LAST * PAGE, BYTES, true);
	atomic_uint wrong = 0;

	rounds = under_valgrind() ? 1000 : 40000;
	tracker_add(&first);
	tracker_add(&last);
	for (int i = 0; i < 4; i++)
		pthread_create(&readers[i], NULL, reader, &wrong);
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&writers[i], NULL, writer, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	atomic_store(&done, true);
	for (int i = 0; i < 4; i++)
		pthread_join(readers[i], NULL);
	is_int(atomic_load(&wrong), 0,
		"tracker: while two threads change the tracker, four reading threads never see a half-done change");
	atomic_store(&done, false);
}

/* Forks while other threads change the tracker: each child must be able to use its tracker. */
static void forks(void)
{
	pthread_t writers[2];
	int good = 0;

	rounds = 3000;
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&writers[i], NULL, writer, (void *)i);
	for (int i = 0; i < 20; i++) {
		int status = -1;
		pid_t child = fork();
		if (!child) {
			uintptr_t a = (uintptr_t)arena;
			struct tracked range = range_of(PAGE, 2 * PAGE, true);
			alarm(20);
			bool right = tracker_covers(a, a + PAGE) && !tracker_add(&range) &&
				     tracker_covers(a, a + 2 * PAGE);
			/*
			 * Bypass the thread sanitizer, which would report the parent's threads as
			 * missing.
			 */
			syscall(SYS_exit_group, !right);
		}
		waitpid(child, &status, 0);
		good += !status;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	is_int(good, 20, "tracker: forked children know all ranges and can change them");
	ok(!tracker_covers((uintptr_t)arena + PAGE, (uintptr_t)arena + PAGE + 1),
		"tracker: a forked child's change is not seen by the parent");
}

int main(void)
{
	arena = mmap(NULL, BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || sysconf(_SC_PAGESIZE) != PAGE)
		skip_all("this test needs pages of 4 KiB");
	ok(!tracker_covers((uintptr_t)arena, (uintptr_t)arena + 1),
		"tracker_covers: nothing is covered before tracker_init");
	is_int(tracker_init(), 0, "tracker_init: succeeds");
	random_sequences();
	rules();
	adjacency();
	failed_unmap();
	threads();
	forks();
	return tap_done();
}
