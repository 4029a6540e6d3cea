/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * record.c - turn calls of the program, such as flushes and copies, into records
 *
 * A range may go on from one map into the next one: where a mapped file has grown, or where a
 * program has mapped files side by side. Each part becomes records of its own.
 */
#include <stdio.h>

#include "libholdfast-trace/recorder.h"

#define CHUNK UINT64_C(32768)
/* how many drains with the same call stack compare all files with their shadows */
#define WIDE_LOOKS 8
#define WIDE_LIMIT (4u << 20) /* maximum size of all maps, in bytes, for drains to compare them */

static void add_size(struct map *map, void *sum)
{
	*(uint64_t *)sum += map->hi - map->lo;
}

static void look_at_all(uint32_t stack)
{
	uint64_t size = 0;

	maps_each(0, add_size, &size);
	if (size <= WIDE_LIMIT)
		look_at_file(0, stack);
}

/*
 * Compares all lines, even those that the program will flush later or never, because they may be
 * evicted now. Only the first drains of each call stack do this.
 */
static void look_wide(uint32_t stack)
{
	static uint8_t looks[1 << 16];

	if (stack >= sizeof(looks) || looks[stack] >= WIDE_LOOKS)
		return;
	looks[stack]++;
	look_at_all(stack);
}

/* Returns how much of a range that begins in the map lies behind the map's end. */
static ALWAYS_INLINE size_t beyond(const struct map *map, uintptr_t address, size_t length)
{
	size_t inside = map->hi - address;

	return unlikely(length > inside) ? length - inside : 0;
}

/*
 * Prepares the record of a flush, and returns the map that the flush is in. The record has the
 * whole cache lines that are flushed. Returns NULL if the memory is not under test.
 */
static ALWAYS_INLINE struct map *begin_flush(
	uintptr_t address, size_t length, struct call call, uintptr_t *from, struct event *flush)
{
	struct map *map = maps_find(address);

	if (!map || !length)
		return NULL;
	settle();
	uintptr_t to = address + length;
	*from = address & ~(uintptr_t)(EVENT_LINE - 1);
	if (to > map->hi || to < address)
		to = map->hi;
	to = (to + EVENT_LINE - 1) & ~(uintptr_t)(EVENT_LINE - 1);
	__builtin_prefetch(map->shadow + (*from - map->lo));
	*flush = (struct event){.kind = EVENT_FLUSH,
		.stack = stack_number(call),
		.place = map->place + (*from - map->lo),
		.length = to - *from};
	return map;
}

void record_flush(uintptr_t address, size_t length, struct call call)
{
	struct event flush;
	uintptr_t from;
	struct map *map;

	while ((map = begin_flush(address, length, call, &from, &flush))) {
		look(map, from, from + flush.length, flush.stack);
		write_event(&flush, NULL);
		length = beyond(map, address, length);
		address = map->hi;
	}
}

void record_persist(uintptr_t address, size_t length, struct call call)
{
	struct event flush, seen;
	uintptr_t from;
	line_words line;
	struct map *map = begin_flush(address, length, call, &from, &flush);

	if (!map || beyond(map, address, length)) {
		record_flush(address, length, call);
		record_fence(call);
		return;
	}
	look_wide(flush.stack);
	struct event fence = {.kind = EVENT_FENCE, .stack = flush.stack, .value = written_out()};
	if (flush.length > EVENT_LINE)
		look(map, from, from + flush.length, flush.stack);
	else if (look_at_one(map, from, flush.stack, &seen, line)) {
		write_three(&seen, line, &flush, &fence);
		return;
	}
	write_pair(&flush, &fence);
}

static bool differ(const unsigned char *known, const void *now, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (known[i] != ((const unsigned char *)now)[i])
			return true;
	return false;
}

void record_fence(struct call call)
{
	if (!ring || !maps_span)
		return;
	settle();
	uint32_t stack = stack_number(call);
	look_wide(stack);
	write_event(
		&(struct event){.kind = EVENT_FENCE, .stack = stack, .value = written_out()}, NULL);
}

void record_words(uintptr_t address, size_t length, struct call call)
{
	struct map *map = maps_find(address);

	if (!map || length > map->hi - address)
		return;
	uint32_t stack = 0;
	for (size_t done = 0, part; done < length; done += part) {
		unsigned char *known = map->shadow + (address + done - map->lo);
		struct event event = {.kind = EVENT_STORE,
			.place = map->place + (address + done - map->lo),
			.length = part = length - done < 8 ? length - done : 8};
		real_memmove(&event.value, (const void *)(address + done), part);
		if (!differ(known, &event.value, part))
			continue;
		real_memmove(known, &event.value, part);
		event.stack = stack = stack ? stack : stack_number(call);
		write_event(&event, NULL);
	}
}

void record_mark(uint64_t operation, bool is_end, struct call call)
{
	if (!ring || (!maps_span && !has_mirrors))
		return;
	settle();
	uint32_t stack = stack_number(call);
	look_at_all(stack);
	write_event(
		&(struct event){
			.kind = EVENT_MARK, .size = is_end, .stack = stack, .value = operation},
		NULL);
}

void record_clflush(uintptr_t address, struct call call)
{
	struct map *map = maps_find(address);
	uintptr_t line = address & ~(uintptr_t)(EVENT_LINE - 1);

	if (!map)
		return;
	settle();
	uint32_t stack = stack_number(call);
	look(map, line, line + EVENT_LINE, stack);
	write_event(&(struct event){.kind = EVENT_CLFLUSH,
			    .stack = stack,
			    .place = map->place + (line - map->lo),
			    .length = EVENT_LINE},
		NULL);
}

void record_stream(struct map *map, void *to, const void *from, size_t length, struct call call)
{
	uintptr_t at = (uintptr_t)to;

	settle();
	uint32_t stack = stack_number(call);
	look(map, at, at + length, stack);
	real_memmove(to, from, length);
	real_memmove(map->shadow + (at - map->lo), from, length);
	for (size_t done = 0; done < length; done += 8) {
		struct event event = {.kind = EVENT_STREAM,
			.stack = stack,
			.place = map->place + (at + done - map->lo),
			.length = length - done < 8 ? length - done : 8};
		real_memmove(&event.value, (const char *)from + done, event.length);
		write_event(&event, NULL);
	}
}

void record_sync(uintptr_t address, size_t length, struct call call)
{
	/* the kernel writes back whole pages */
	uintptr_t from = address & ~(uintptr_t)(EVENT_PAGE - 1), end;
	uintptr_t to = (address + length + EVENT_PAGE - 1) & ~(uintptr_t)(EVENT_PAGE - 1);
	struct map *map = length ? maps_find(from) : NULL;

	if (!map)
		return;
	settle();
	uint32_t stack = stack_number(call);
	if (address + length < address)
		to = UINTPTR_MAX;
	for (; map; map = from < to ? maps_find(from) : NULL) {
		end = to < map->hi ? to : map->hi;
		look(map, from, end, stack);
		write_event(&(struct event){.kind = EVENT_SYNC,
				    .stack = stack,
				    .place = map->place + (from - map->lo),
				    .value = written_out(),
				    .length = end - from},
			NULL);
		from = end;
	}
}

void record_file_sync(unsigned file, struct call call)
{
	uint32_t stack = stack_number(call);

	settle();
	look_at_file(file, stack);
	write_event(&(struct event){.kind = EVENT_SYNC,
			    .stack = stack,
			    .place = place_of(file, 0),
			    .value = written_out(),
			    .length = ring->files[file - 1].size},
		NULL);
}

/* Records a copy within a map; `is_more`: it is a further part of the copy recorded last. */
static void record_part(
	struct map *map, uintptr_t to, size_t length, uint8_t is_more, uint32_t stack)
{
	while (length) {
		size_t part = CHUNK - (to & (EVENT_LINE - 1));
		if (part > length)
			part = length;
		unsigned char *shadow = map->shadow + (to - map->lo);
		real_memmove(shadow, (const void *)to, part);
		write_event(&(struct event){.kind = EVENT_COPY,
				    .size = is_more,
				    .stack = stack,
				    .place = map->place + (to - map->lo),
				    .length = part},
			shadow);
		to += part;
		length -= part;
		is_more = 1;
	}
}

/*
 * Records a copy. A long copy becomes several records; each but the last ends at the end of a
 * line.
 */
void record_copied(struct map *map, uintptr_t to, size_t length, uint32_t stack)
{
	uint8_t is_more = 0;

	for (size_t rest; map && length; length = rest, is_more = 1) {
		rest = beyond(map, to, length);
		record_part(map, to, length - rest, is_more, stack);
		to += length - rest;
		map = rest ? maps_find(to) : NULL;
	}
}

/*
 * Compares the lines of a range, which a copy is about to overwrite, with the shadow: the content
 * as recorded so far.
 */
static void look_before_copy(struct map *map, uintptr_t to, size_t length, uint32_t stack)
{
	for (size_t rest; map && length; length = rest) {
		rest = beyond(map, to, length);
		look(map, to, to + length - rest, stack);
		to += length - rest;
		map = rest ? maps_find(to) : NULL;
	}
}

void record_look(uintptr_t to, size_t length, struct call call)
{
	struct map *map = maps_find(to);

	if (!map)
		return;
	settle();
	look_before_copy(map, to, length, stack_number(call));
}

void record_stored(uintptr_t to, size_t length, struct call call)
{
	struct map *map = maps_find(to);

	if (map)
		record_copied(map, to, length, stack_number(call));
}

static void finish(struct map *map, uintptr_t to, size_t length, enum after_copy then,
	uint32_t stack, struct call call)
{
	uintptr_t from = to & ~(uintptr_t)(EVENT_LINE - 1);
	uintptr_t end = (to + length + EVENT_LINE - 1) & ~(uintptr_t)(EVENT_LINE - 1);

	record_copied(map, to, length, stack);
	if (then == THEN_NOTHING)
		return;
	if (beyond(map, to, length)) {
		record_flush(to, length, call);
		if (then == THEN_DRAIN)
			record_fence(call);
		return;
	}
	look(map, from, end, stack);
	struct event flush = {.kind = EVENT_FLUSH,
		.stack = stack,
		.place = map->place + (from - map->lo),
		.length = end - from};
	if (then == THEN_DRAIN)
		write_pair(&flush,
			&(struct event){
				.kind = EVENT_FENCE, .stack = stack, .value = written_out()});
	else
		write_event(&flush, NULL);
}

/*
 * Ends a copy to memory that is not under test. Nothing of the copy is recorded but its drain, if
 * it has one, because that completes earlier flushes, too.
 */
static void *finish_elsewhere(void *to, enum after_copy then, struct call call)
{
	if (then == THEN_DRAIN)
		record_fence(call);
	return to;
}

void *record_move(void *to, const void *from, size_t length, enum after_copy then, struct call call)
{
	struct map *map = maps_find((uintptr_t)to);

	if (!map)
		return finish_elsewhere(real_memmove(to, from, length), then, call);
	settle();
	uint32_t stack = stack_number(call);
	look_before_copy(map, (uintptr_t)to, length, stack);
	real_memmove(to, from, length);
	finish(map, (uintptr_t)to, length, then, stack, call);
	return to;
}

void *record_fill(void *to, int byte, size_t length, enum after_copy then, struct call call)
{
	struct map *map = maps_find((uintptr_t)to);

	if (!map)
		return finish_elsewhere(real_memset(to, byte, length), then, call);
	settle();
	uint32_t stack = stack_number(call);
	look_before_copy(map, (uintptr_t)to, length, stack);
	real_memset(to, byte, length);
	finish(map, (uintptr_t)to, length, then, stack, call);
	return to;
}
