/* SPDX-License-Identifier: BSD-3-Clause */
/* names.c - rule R12 of unit.h: changes of names and sizes */
#include <string.h>

#include "crash/pending.h"

/*
 * Adds changes of names. On an ordered file system each change becomes a group of its own; on a
 * file system that does not keep their order, all changes are in one group.
 */
int names_change(struct history *history, const struct event *event)
{
	uint64_t number = pending_number(history, event->place);
	struct packed *unit = pending_find(history, number);

	if (!unit && !(unit = pending_make(history, number)))
		return pending_no_memory();
	if (!history->is_posix || !unit->count)
		unit->grouping.groups++;
	if (!pending_add(history, unit, event, 0, (unsigned)event->length, ELEMENT_NAMES))
		return pending_no_memory();
	struct element element;
	piece_unpack(history->trace, &packed_look(unit)[unit->count - 1], &element);
	for (uint32_t i = 0; i < element_changes(&element); i++)
		if (!pending_count_line(history, element_change_place(&element, i), 1))
			return pending_no_memory();
	return 0;
}

/* Does the event change a name in this directory? */
static bool is_in(const struct history *history, const struct event *event, uint64_t directory)
{
	const struct name_change *changes = (const struct name_change *)(event + 1);

	for (uint64_t i = 0; !event->size && i < event->length / sizeof(*changes); i++)
		if (changes[i].word < NAMES_MAX &&
			history->trace->name_directories[changes[i].word] == directory)
			return true;
	return false;
}

/*
 * Does syncing `file`, or the watched directory if `file` is 0, make the change durable? Syncing a
 * directory makes the names in it durable; syncing a file makes its size durable. On an ordered
 * file system both also make the name of the file or directory itself durable.
 */
static bool is_synced(const struct history *history, const struct event *change, uint64_t file)
{
	bool is_name = !change->size, is_own = file && change->value == file;

	if (!file || file >= NAMES_DIRECTORY)
		return is_in(history, change, file ? file - NAMES_DIRECTORY : 0) ||
		       (is_own && !history->is_posix);
	return is_own && (!is_name || !history->is_posix);
}

/*
 * Makes changes of names and sizes durable. On an ordered file system, all changes that come
 * before a durable one become durable, too.
 */
int names_sync(struct history *history, const struct event *event)
{
	struct packed *unit = pending_find(history, pending_number(history, event->place));
	struct piece *pieces = unit ? packed_pieces(unit) : NULL;
	bool is_before = false;

	for (uint32_t i = unit ? unit->count : 0; i-- > 0;) {
		bool is_durable = is_synced(
			history, piece_event(history->trace, &pieces[i], 0), event->value);
		is_before |= is_durable && !history->is_posix;
		if (is_durable || is_before)
			pieces[i].flags |= ELEMENT_DURABLE;
	}
	return unit ? retire_pieces(history, (uint32_t)(unit - history->pending)) : 0;
}

/* Copies a durable change of names to `base`, word by word, each to the line that contains it. */
void names_retire(struct history *history, const struct element *element)
{
	unsigned char before[EVENT_CHANGES][EVENT_LINE];
	uint32_t count = element_changes(element);

	for (uint32_t n = 0; n < count; n++) {
		uint64_t line = pending_line_at(element_change_place(element, n));
		memcpy(before[n], history_line(history, line), EVENT_LINE);
	}
	element_apply(element, history->base);
	for (uint32_t n = 0; n < count; n++) {
		uint64_t line = pending_line_at(element_change_place(element, n));
		bool is_first = true;
		for (uint32_t m = 0; m < n; m++)
			is_first &= pending_line_at(element_change_place(element, m)) != line;
		pending_count_line(history, line, -1);
		if (is_first)
			retire_remember(history, element, line, before[n]);
		if (is_first && history->settled)
			history->settled(history->context, line, before[n]);
	}
}
