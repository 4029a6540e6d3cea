/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/writeback.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/log.h"
#include "base/usdt.h"
#include "map/acceptance.h"
#include "map/notes.h"
#include "map/pages.h"
#include "map/registry.h"
#include "map/writeback_failure.h"

typedef void report_failure(
	struct range pages, const struct file_sync_failure *failure, int cancel_state);

/*
 * Returns the part of a note (a range that a thread has flushed but not drained) that lies in one
 * map, as whole pages. If the program has mapped the memory itself, the map may begin within a
 * page.
 */
static struct file_sync part_in(const struct map *map, const struct note *note)
{
	struct range in = pages_touched((uintptr_t)map->addr, map->length);
	struct file_sync part = {map->file, note->pages, note->since};

	if (part.pages.from < in.from)
		part.pages.from = in.from;
	if (part.pages.to > in.to)
		part.pages.to = in.to;
	if (part.since < map->born)
		part.since = map->born;
	return part;
}

/*
 * Write back a part of a note, which is a range that was flushed but not drained. A note may have
 * been joined from several ranges, and then touch maps of other granularities: nothing is done for
 * these, because their stores are durable after CPU flushes.
 */
static int write_part(
	const struct map *map, const struct file_sync *part, struct file_sync_failure *failure)
{
	if (map->granularity != PMEM2_GRANULARITY_PAGE)
		return 0;
	int error = file_sync(part, failure);
	log_debug("wrote back %zu bytes at %#" PRIxPTR, (size_t)(part->pages.to - part->pages.from),
		part->pages.from);
	return error;
}

static void ignore(const struct note *note)
{
	log_warning("%zu bytes at %#" PRIxPTR " are in no live map: nothing to write back",
		(size_t)(note->pages.to - note->pages.from), note->pages.from);
}

/*
 * Drain this thread's notes (the ranges that it has flushed but not drained), part by part. The map
 * is pinned before the part is removed from the notes: a thread that closes the map then finds the
 * pin or the note. Parts that were not tried yet are still noted when a failure is reported (N7).
 * Cancellation is off except in the program's handler, which may leave by siglongjmp(). The caller
 * has called notes_set_draining(true).
 */
static void drain_notes(void)
{
	struct file_sync_failure failure;
	struct note note;
	int saved = errno, state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	while (notes_first(&note)) {
		struct map *map = registry_pin(note.pages.from, note.pages.to);
		if (!map) {
			if (notes_cut(note.pages.to))
				ignore(&note);
			continue;
		}
		struct file_sync part = part_in(map, &note);
		int error = notes_cut(part.pages.to) ? write_part(map, &part, &failure) : 0;
		registry_unpin(map);
		if (error) {
			writeback_failure_report(part.pages, &failure, state);
			/* Set this again: if the program's handler drained, it is false now. */
			notes_set_draining(true);
		}
	}
	pthread_setcancelstate(state, NULL);
	errno = saved;
}

/*
 * Write back all ranges that this thread has flushed but not drained. This is a cancellation point,
 * at which nothing has been written back yet: a thread that is cancelled here does this when it
 * exits.
 */
static void drain_all(void)
{
	if (notes_none())
		return;
	pthread_testcancel();
	uint64_t begun = tally_now();
	drain_notes();
	uint64_t took = tally_now() - begun;
	notes_count_drain(took);
	USDT1(writeback_drain, took);
}

static void drain_at_thread_exit(void)
{
	notes_set_draining(true);
	drain_notes();
}

/*
 * Write back a note (a range that this or another thread has flushed but not drained), without
 * removing it. Cancellation is off.
 */
static void write_note(struct note note, report_failure *report, int cancel_state)
{
	struct file_sync_failure failure;
	struct map *map;

	while (note.pages.from < note.pages.to &&
		(map = registry_pin(note.pages.from, note.pages.to))) {
		struct file_sync part = part_in(map, &note);
		int error = write_part(map, &part, &failure);
		registry_unpin(map);
		note.pages.from = part.pages.to;
		if (error)
			report(part.pages, &failure, cancel_state);
	}
}

/* Write back at once a range that no thread has noted for a later drain. */
static void write_now(const struct note *note)
{
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	write_note(*note, writeback_failure_report, state);
	pthread_setcancelstate(state, NULL);
}

void writeback_drain(void)
{
	if (notes_none())
		return;
	notes_set_draining(true);
	drain_all();
	notes_set_draining(false);
}

/*
 * Note a range for this thread's next drain. `since` is an epoch, the number of a failed
 * write-back: all stores to the range that may not be durable were made after that failure. 0
 * stands for the epoch of the map.
 */
static void note_range(const void *addr, size_t len, uint64_t since)
{
	struct note note = {.pages = pages_touched((uintptr_t)addr, len), .since = since};
	int saved = errno;

	if (!len)
		return;
	bool added = notes_add(note);
	notes_count_event(TALLY_FLUSHES, 1);
	notes_count_event(TALLY_BYTES, len);
	if (likely(added))
		return;
	/*
	 * Drain now. Either no memory is left to note the range for a later drain, or the thread
	 * ends and has drained for the last time (N2 of writeback.h).
	 */
	bool goes_on = notes_set_draining(true);
	drain_notes();
	notes_set_draining(goes_on);
	if (!notes_add(note))
		write_now(&note);
	errno = saved;
}

void writeback_note(const void *addr, size_t len)
{
	note_range(addr, len, 0);
}

uint64_t writeback_copy_begins(void)
{
	return file_sync_epoch();
}

void writeback_note_copy(const void *addr, size_t len, uint64_t begun)
{
	note_range(addr, len, begun);
}

void writeback_persist(const void *addr, size_t len)
{
	writeback_persist_copy(addr, len, 0);
}

void writeback_persist_copy(const void *addr, size_t len, uint64_t begun)
{
	notes_set_draining(true);
	note_range(addr, len, begun);
	drain_all();
	notes_set_draining(false);
	USDT2(writeback_persist, addr, len);
}

/*
 * Write back the notes (ranges flushed but not drained) that any thread has in a range. Other
 * threads may add or drain notes meanwhile, so the number of notes may change. The loop searches
 * from the same address as many times as there were notes at the beginning. After that, or if a
 * note cannot be removed, it continues behind the note that it has just written back.
 */
static void write_noted(struct range within, report_failure *report)
{
	unsigned left = notes_count(within);
	struct note note;
	int state;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	notes_set_draining(true);
	while (notes_find(within, &note)) {
		write_note(note, report, state);
		if (notes_forget(&note) && left)
			left--;
		else
			within.from = note.pages.to;
	}
	notes_set_draining(false);
	pthread_setcancelstate(state, NULL);
}

void writeback_map(const struct map *map)
{
	uintptr_t start = (uintptr_t)map->addr;

	write_noted((struct range){start, start + map->length}, writeback_failure_report);
}

int writeback_accept(const void *addr, size_t len)
{
	struct note asked = {.pages = pages_touched((uintptr_t)addr, len)};
	bool found = false;
	struct map *map;

	while (asked.pages.from < asked.pages.to &&
		(map = registry_pin(asked.pages.from, asked.pages.to))) {
		struct file_sync part = part_in(map, &asked);
		registry_unpin(map);
		file_sync_accept(part.file, part.pages);
		asked.pages.from = part.pages.to;
		found = true;
	}
	if (found)
		return 0;
	return err_set(
		PMEM2_E_MAPPING_NOT_FOUND, "no live map has any of the %zu bytes at %p", len, addr);
}

static void before_fork(void)
{
	notes_before_fork();
	registry_before_fork();
	writeback_failure_before_fork();
}

static void after_fork_in_parent(void)
{
	writeback_failure_after_fork_in_parent();
	registry_after_fork_in_parent();
	notes_after_fork_in_parent();
}

static void after_fork_in_child(void)
{
	writeback_failure_after_fork_in_child();
	registry_after_fork_in_child();
	notes_after_fork_in_child();
}

int writeback_init(void)
{
	writeback_failure_init();
	registry_init();
	int error = acceptance_init();
	if (!error)
		error = notes_init(drain_at_thread_exit);
	return error ? error
		     : -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/*
 * exit(3) does not run the key destructors of other threads: so the ranges that these have flushed
 * but not drained are written back here. After this, a flush in a destructor of the program writes
 * back at once. A signal handler that calls exit() may have interrupted this thread: locks that it
 * holds are not taken, and the ranges that it was writing back are left to the kernel.
 */
static void __attribute__((destructor)) process_exits(void)
{
	notes_stop();
	write_noted((struct range){0, UINTPTR_MAX}, writeback_failure_report_at_exit);
	notes_fini();
	registry_fini();
}
