/* SPDX-License-Identifier: BSD-3-Clause */
#include "map/writeback.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "map/acceptance.h"
#include "map/notes.h"
#include "map/pages.h"
#include "map/registry.h"
#include "map/shared.h"
#include "map/writeback_failure.h"

typedef void report_failure(struct range pages, const struct file_sync_failure *failure);

/* The part of a note in one map, in whole pages: a foreign map may begin within one. */
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
 * Write back the part of a note in the lowest live map, and cut that off the note; false if no
 * part of it is in any live map (N5). The map is pinned meanwhile. `error` is as of file_sync().
 */
static bool write_part(
	struct note *note, struct file_sync *part, int *error, struct file_sync_failure *failure)
{
	struct map *map = registry_pin(note->pages.from, note->pages.to);

	if (!map)
		return false;
	*part = part_in(map, note);
	*error = file_sync(part, failure);
	registry_unpin(map);
	log_debug("wrote back %zu bytes at %#" PRIxPTR, (size_t)(part->pages.to - part->pages.from),
		part->pages.from);
	note->pages.from = part->pages.to;
	return true;
}

/*
 * All of a note. The handler may leave by siglongjmp(): what is left of a note of this thread's
 * own is noted again before that.
 */
static void write_note(struct note *note, bool is_own, report_failure *report)
{
	struct file_sync_failure failure;
	struct file_sync part;
	int error;

	while (note->pages.from < note->pages.to && write_part(note, &part, &error, &failure)) {
		if (!error)
			continue;
		bool kept = is_own && note->pages.from < note->pages.to && notes_add(*note);
		report(part.pages, &failure);
		if (kept)
			return;
	}
}

static void drain_notes(void)
{
	struct note note;
	int saved = errno;

	while (notes_take(&note)) {
		uintptr_t from = note.pages.from;
		write_note(&note, true, writeback_failure_report);
		if (note.pages.from == from)
			log_warning("%zu bytes at %#" PRIxPTR
				    " are in no live map: nothing to write back",
				(size_t)(note.pages.to - from), from);
	}
	errno = saved;
}

void writeback_drain(void)
{
	if (notes_none())
		return;
	/* A cancellation point while all is still noted: a thread that ends drains. */
	pthread_testcancel();
	drain_notes();
}

/* Stores to the range may be as old as the epoch `since`; 0: as the map. */
static void note_range(const void *addr, size_t len, uint64_t since)
{
	struct note note = {pages_touched((uintptr_t)addr, len), since};
	int saved = errno;

	if (!len || notes_add(note))
		return;
	/* N2: the notes are full, or nobody would drain them. */
	drain_notes();
	if (!notes_add(note))
		write_note(&note, false, writeback_failure_report);
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

/*
 * Write back the notes of any thread in a range. Threads may go on to note there meanwhile: as
 * many notes are written as there are in the beginning.
 */
static void write_noted(struct range within, report_failure *report)
{
	struct note note;

	for (unsigned left = notes_count(within); left && notes_find(within, &note); left--) {
		struct note rest = note;
		write_note(&rest, false, report);
		notes_forget(&note);
	}
}

void writeback_map(const struct map *map)
{
	uintptr_t start = (uintptr_t)map->addr;

	write_noted((struct range){start, start + map->length}, writeback_failure_report);
}

int writeback_accept(const void *addr, size_t len)
{
	struct note asked = {pages_touched((uintptr_t)addr, len), 0};
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
		PMEM2_E_MAPPING_NOT_FOUND, "no live map has any of %zu bytes at %p", len, addr);
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
	shared_init();
	writeback_failure_init();
	registry_init();
	int error = acceptance_init();
	if (!error)
		error = notes_init(drain_notes);
	return error ? error
		     : -pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/*
 * exit(3) does not run other threads' key destructors, so what they noted is written back here. A
 * signal handler that calls exit() may have interrupted this very thread: locks that it holds are
 * left alone, and what it was writing is left to the kernel.
 */
static void __attribute__((destructor)) process_exits(void)
{
	write_noted((struct range){0, UINTPTR_MAX}, writeback_failure_report_at_exit);
	notes_fini();
}
