/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * notes.h - the ranges that each thread has flushed and not drained yet
 *
 * A thread adds to its own notes and takes from them. Another thread, which closes a map or exits
 * the process, copies a note, writes it back, and only then has it forgotten: as long as a range
 * may not be durable, its own thread still has it to drain.
 *
 * Locks, in this order: the list of threads; the notes of one thread. They are held for a look-up
 * or a change, never while anything is written back.
 */
#ifndef MAP_NOTES_H
#define MAP_NOTES_H

#include "map/ranges.h"

struct note {
	struct range pages;
	uint64_t since; /* as in struct file_sync; 0: since the map is there */
	/* By notes_find(): whose it is, and how many notes that thread had added until then. */
	const void *of;
	uint64_t added;
};

/*
 * Once, when the library is loaded. A thread that exits calls `drain` first. 0 or -ENOMEM.
 */
int notes_init(void (*drain)(void));

/* Threads that exit from now on call nothing. */
void notes_fini(void);

/* Refuse to add anything from now on: nobody would drain it. */
void notes_stop(void);

/* False if there is no room, or no way to be called when this thread or the process exits. */
bool notes_add(struct note note);

/* Whether this thread has none: one load. If so, all that it ever noted is durable. */
bool notes_none(void);

/* The lowest note of this thread; false without any. It stays noted. */
bool notes_first(struct note *note);

/* Take out what this thread has noted below an address; false if there is nothing. */
bool notes_cut(uintptr_t to);

/* The number of notes of any thread with a byte in a range, and the one that begins first. */
unsigned notes_count(struct range within);
bool notes_find(struct range within, struct note *note);

/*
 * Remove a note that notes_find() has found. False if its thread has noted anything meanwhile:
 * what was stored before that is not written back, perhaps.
 */
bool notes_forget(const struct note *note);

/*
 * This thread is about to write back all that it has noted, or no longer. A child that one of its
 * signal handlers forks meanwhile goes on with that. Returns what was true before.
 */
bool notes_set_draining(bool draining);

/* Around fork: the child starts with no notes, unless it goes on with something that needs them. */
void notes_before_fork(void);
void notes_after_fork_in_parent(void);
void notes_after_fork_in_child(void);

#endif
