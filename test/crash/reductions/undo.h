/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * undo.h - transactions: undo_keep() saves the old content of a range before the range changes
 *
 * undo_commit() flushes only ranges that undo_keep() has saved.
 */
#ifndef UNDO_H
#define UNDO_H

#include "reduction.h"

#define UNDO_ENTRIES 16
#define UNDO_BYTES   48

struct undo {
	ALIGNED uint64_t count;
	struct undo_entry {
		ALIGNED uint64_t offset;
		uint64_t length;
		unsigned char bytes[UNDO_BYTES];
	} entries[UNDO_ENTRIES];
};

static struct undo *undo(void)
{
	return (struct undo *)(void *)(base + 4096);
}

static void undo_keep(const void *what, size_t length)
{
	struct undo *log = undo();
	struct undo_entry *entry = &log->entries[log->count];

	entry->offset = offset_of(what);
	entry->length = length;
	memcpy(entry->bytes, what, length);
	persist(entry, sizeof(*entry));
	log->count++;
	persist(&log->count, sizeof(log->count));
}

static void undo_commit(void)
{
	struct undo *log = undo();

	for (uint64_t i = 0; i < log->count; i++)
		flush(at(log->entries[i].offset), log->entries[i].length);
	drain();
	log->count = 0; /* p6 x2 x4 x6 x8: lost */
	persist(&log->count, sizeof(log->count));
}

static void undo_recover(void)
{
	struct undo *log = undo();

	for (uint64_t i = log->count; i-- > 0;) {
		struct undo_entry *entry = &log->entries[i];
		memcpy(at(entry->offset), entry->bytes, entry->length);
		persist(at(entry->offset), entry->length);
	}
	log->count = 0;
	persist(&log->count, sizeof(log->count));
}

#endif
