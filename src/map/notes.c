/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/notes.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/attr.h"
#include "base/checked_lock.h"
#include "base/racecheck.h"
#include "base/signal_lock.h"

struct notes {
	pthread_mutex_t lock; /* guards the ranges */
	struct ranges ranges;
	/* number of ranges that the thread has ever noted for a later drain; guarded by the lock */
	uint64_t added;
	/* number of elements in `ranges`; the thread itself reads it without the lock */
	atomic_uint count;
	bool listed;   /* the thread is on the list; only the thread itself reads it */
	bool exited;   /* the exit handler has run; accessed only by its own thread */
	bool draining; /* see notes_set_draining(); accessed only by its own thread */
	struct tally tally;
	struct notes *next, **link;
};

static __thread struct notes notes;

/* The list of the living threads that have ever noted a range for a later drain. */
static struct {
	pthread_mutex_t lock;
	struct notes *first;
	pthread_key_t at_exit;
	atomic_bool has_key; /* true between notes_init() and notes_fini() */
	atomic_bool stopped;
	void (*drain)(void);
	/* notes_before_fork() has taken the lock of the forking thread's own notes */
	bool fork_took_own;
	/*
	 * The sum of the counters of all threads that are not on the list, which add to it by
	 * tally_add_shared().
	 */
	struct tally others;
} threads;

/*
 * Lock the list of threads, with signals blocked: a signal handler then never interrupts a thread
 * that holds the lock.
 */
static bool take_list(sigset_t *before)
{
	signals_block(before);
	if (checked_lock_take(&threads.lock))
		return true;
	signals_restore(before);
	return false;
}

static void release_list(const sigset_t *before)
{
	checked_lock_release(&threads.lock);
	signals_restore(before);
}

/*
 * Store how many ranges a thread has, so that the thread can read this count without a lock. The
 * caller holds the lock. Release: a thread that reads 0 also sees that the ranges are durable.
 */
static void ranges_changed(struct notes *of)
{
	atomic_store_explicit(&of->count, of->ranges.count, memory_order_release);
}

static struct note note_at(const struct notes *of, unsigned index)
{
	return (struct note){of->ranges.at[index], of->ranges.since[index], of, of->added};
}

static void remove_at(struct notes *of, unsigned index)
{
	ranges_remove(&of->ranges, (struct ranges_part){index, index + 1});
	ranges_changed(of);
}

/*
 * Put this thread on the list of threads that have notes (ranges flushed but not drained): so
 * another thread that closes a map finds these notes, and this thread drains them when it exits.
 */
static bool enlist(void)
{
	sigset_t before;

	if (atomic_load_explicit(&threads.stopped, memory_order_relaxed))
		return false;
	if (notes.listed)
		return true;
	/*
	 * Refuse to note ranges for a later drain if this thread's exit handler has already run:
	 * another key destructor may still flush, but nobody would drain what it flushed.
	 */
	if (notes.exited || !atomic_load(&threads.has_key) ||
		pthread_setspecific(threads.at_exit, &notes))
		return false;
	checked_lock_init(&notes.lock);
	racecheck_ignore(&notes.count, sizeof(notes.count));
	racecheck_ignore(&notes.tally, sizeof(notes.tally));
	if (!take_list(&before))
		return false;
	notes.next = threads.first;
	notes.link = &threads.first;
	if (notes.next)
		notes.next->link = &notes.next;
	threads.first = &notes;
	notes.listed = true;
	release_list(&before);
	return true;
}

/*
 * Add the counters of a thread that leaves the list of threads to the sum of all threads that are
 * not on the list.
 */
static void hand_over_counters(struct notes *of)
{
	uint64_t sums[TALLY_KINDS] = {0};

	tally_sum(&of->tally, sums);
	for (unsigned i = 0; i < TALLY_KINDS; i++)
		tally_add_shared(&threads.others, i, sums[i]);
	memset(&of->tally, 0, sizeof(of->tally));
}

static void thread_exits(void *of_thread)
{
	struct notes *of = of_thread;
	sigset_t before;

	threads.drain();
	of->exited = true;
	if (!of->listed)
		return;
	if (!take_list(&before))
		return;
	*of->link = of->next;
	if (of->next)
		of->next->link = of->link;
	of->listed = false;
	hand_over_counters(of);
	release_list(&before);
	racecheck_watch(&of->count, sizeof(of->count));
	racecheck_watch(&of->tally, sizeof(of->tally));
	racecheck_forget_lock(&of->lock);
}

bool notes_add(struct note note)
{
	if (!enlist() || !checked_lock_take(&notes.lock))
		return false;
	bool added = ranges_add(&notes.ranges, note.pages, note.since);
	notes.added++;
	ranges_changed(&notes);
	checked_lock_release(&notes.lock);
	return added;
}

bool notes_none(void)
{
	return likely(!atomic_load_explicit(&notes.count, memory_order_acquire));
}

bool notes_first(struct note *note)
{
	if (notes_none() || !checked_lock_take(&notes.lock))
		return false;
	bool found = notes.ranges.count;
	if (found)
		*note = note_at(&notes, 0);
	checked_lock_release(&notes.lock);
	return found;
}

bool notes_cut(uintptr_t to)
{
	bool found = false;

	if (!checked_lock_take(&notes.lock))
		return false;
	while (notes.ranges.count && notes.ranges.at[0].from < to) {
		found = true;
		if (notes.ranges.at[0].to <= to)
			remove_at(&notes, 0);
		else
			notes.ranges.at[0].from = to;
	}
	checked_lock_release(&notes.lock);
	return found;
}

/*
 * Call `visit` for the notes of each thread (its ranges that are flushed but not drained) until a
 * call returns true.
 */
static void visit_threads(bool (*visit)(struct notes *of, void *context), void *context)
{
	bool done = false;
	sigset_t before;

	if (!take_list(&before))
		return;
	for (struct notes *of = threads.first; of && !done; of = of->next) {
		/*
		 * The lock cannot be taken if this is a signal handler that has interrupted the
		 * thread while the thread held the lock. Skip the thread's notes: the kernel writes
		 * back their pages later.
		 */
		if (!checked_lock_take(&of->lock))
			continue;
		done = visit(of, context);
		checked_lock_release(&of->lock);
	}
	release_list(&before);
}

/*
 * A search, in all threads, for the notes that lie in a range (notes are ranges that are flushed
 * but not drained), and its result.
 */
struct search {
	struct range within;
	unsigned count;
	struct note first;
};

static bool search_in(struct notes *of, void *context)
{
	struct search *search = context;
	struct ranges_part part = ranges_within(&of->ranges, search->within);

	if (part.first == part.end)
		return false;
	if (!search->count || of->ranges.at[part.first].from < search->first.pages.from)
		search->first = note_at(of, part.first);
	search->count += part.end - part.first;
	return false;
}

unsigned notes_count(struct range within)
{
	struct search search = {.within = within};

	visit_threads(search_in, &search);
	return search.count;
}

bool notes_find(struct range within, struct note *note)
{
	struct search search = {.within = within};

	visit_threads(search_in, &search);
	if (search.count)
		*note = search.first;
	return search.count;
}

/*
 * A search for a note (a range that is flushed but not drained) in order to remove it. `done`: the
 * note was removed, by this search or before.
 */
struct forgetting {
	const struct note *note;
	bool done;
};

static bool forget_in(struct notes *of, void *context)
{
	struct forgetting *forgetting = context;
	const struct note *note = forgetting->note;

	if (note->of != of)
		return false;
	struct ranges_part part = ranges_within(&of->ranges, note->pages);
	bool same = part.first < part.end && note->added == of->added &&
		    of->ranges.at[part.first].from == note->pages.from &&
		    of->ranges.at[part.first].to == note->pages.to;
	if (same)
		remove_at(of, part.first);
	/*
	 * If the thread that noted these pages has no range in them any more, it has written them
	 * back itself.
	 */
	forgetting->done = same || part.first == part.end;
	return true;
}

bool notes_forget(const struct note *note)
{
	struct forgetting forgetting = {note, false};

	visit_threads(forget_in, &forgetting);
	return forgetting.done;
}

static void count_one(unsigned kind, uint64_t number)
{
	if (likely(notes.listed))
		tally_add(&notes.tally, kind, number);
	else
		tally_add_shared(&threads.others, kind, number);
}

void notes_count_event(enum tally_kind kind, uint64_t number)
{
	count_one(kind, number);
}

void notes_count_drain(uint64_t ns)
{
	count_one(TALLY_DRAINS, 1);
	count_one(tally_time(ns), 1);
}

void notes_sum(uint64_t sums[TALLY_KINDS])
{
	sigset_t before;

	memset(sums, 0, TALLY_KINDS * sizeof(*sums));
	bool locked = take_list(&before);
	tally_sum(&threads.others, sums);
	for (const struct notes *of = locked ? threads.first : NULL; of; of = of->next)
		tally_sum(&of->tally, sums);
	if (locked)
		release_list(&before);
}

int notes_init(void (*drain)(void))
{
	checked_lock_init(&threads.lock);
	racecheck_ignore(&threads.has_key, sizeof(threads.has_key));
	racecheck_ignore(&threads.stopped, sizeof(threads.stopped));
	racecheck_ignore(&threads.others, sizeof(threads.others));
	threads.drain = drain;
	if (pthread_key_create(&threads.at_exit, thread_exits))
		return -ENOMEM;
	atomic_store(&threads.has_key, true);
	return 0;
}

void notes_stop(void)
{
	atomic_store(&threads.stopped, true);
}

void notes_fini(void)
{
	if (atomic_exchange(&threads.has_key, false))
		pthread_key_delete(threads.at_exit);
	/*
	 * Remove all threads from the list, because threads that exit after this point do not
	 * remove themselves.
	 */
	if (checked_lock_take(&threads.lock)) {
		threads.first = NULL;
		checked_lock_release(&threads.lock);
	}
}

void notes_before_fork(void)
{
	checked_lock_take(&threads.lock);
	threads.fork_took_own = !notes.listed || checked_lock_take(&notes.lock);
}

void notes_after_fork_in_parent(void)
{
	if (notes.listed && threads.fork_took_own)
		checked_lock_release(&notes.lock);
	checked_lock_release(&threads.lock);
}

bool notes_set_draining(bool draining)
{
	bool before = notes.draining;

	notes.draining = draining;
	return before;
}

/*
 * Keep, in a forked child, this thread's notes (its ranges that are flushed but not drained). A
 * signal handler has forked while the thread was changing or draining them, and the child continues
 * this change or drain.
 */
static void keep_in_child(void)
{
	if (!notes.listed)
		return;
	checked_lock_init_in_child(&notes.lock);
	if (!threads.fork_took_own)
		checked_lock_take(&notes.lock);
	notes.next = NULL;
	notes.link = &threads.first;
	threads.first = &notes;
}

/*
 * Remove all other threads from the list: they do not exist in a forked child, and in the parent
 * they drain their notes themselves (N8 of writeback.h).
 */
void notes_after_fork_in_child(void)
{
	memset(&notes.tally, 0, sizeof(notes.tally));
	memset(&threads.others, 0, sizeof(threads.others));
	threads.first = NULL;
	if (threads.fork_took_own && !notes.draining) {
		if (notes.listed)
			racecheck_unlock_in_child(&notes.lock);
		notes.listed = false;
		notes.ranges.count = 0;
		ranges_changed(&notes);
	} else {
		keep_in_child();
	}
	checked_lock_init_in_child(&threads.lock);
}
