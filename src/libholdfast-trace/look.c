/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * look.c - find stores that no hook or call reported, by comparing memory with its shadow, the
 * content as recorded so far
 */
#include "libholdfast-trace/recorder.h"

/* Has the line changed? If so, copies its present content to `line` and to the shadow. */
static ALWAYS_INLINE bool has_changed(uintptr_t address, unsigned char *shadow, line_words line)
{
	const volatile uint64_t *now = (const uint64_t *)address;
	uint64_t *known = (uint64_t *)(void *)shadow, differs = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < EVENT_LINE / 8; i++)
		differs |= now[i] ^ known[i];
	if (likely(!differs))
		return false;
		/* Read the line only once: another thread may store to it meanwhile. */
#pragma GCC unroll 8
	for (unsigned i = 0; i < EVENT_LINE / 8; i++)
		known[i] = line[i] = now[i];
	return true;
}

static ALWAYS_INLINE struct event seen(struct map *map, uintptr_t address, uint32_t stack)
{
	return (struct event){.kind = EVENT_SEEN,
		.stack = stack,
		.place = map->place + (address - map->lo),
		.length = EVENT_LINE};
}

static ALWAYS_INLINE void look_at_line(
	struct map *map, uintptr_t address, unsigned char *shadow, uint32_t stack)
{
	line_words line;

	if (has_changed(address, shadow, line)) {
		struct event event = seen(map, address, stack);
		write_event(&event, line);
	}
}

bool look_at_one(
	struct map *map, uintptr_t address, uint32_t stack, struct event *event, line_words line)
{
	if (!has_changed(address, map->shadow + (address - map->lo), line))
		return false;
	*event = seen(map, address, stack);
	return true;
}

void look(struct map *map, uintptr_t from, uintptr_t to, uint32_t stack)
{
	if (from < map->lo)
		from = map->lo;
	if (to > map->hi)
		to = map->hi;
	for (from &= ~(uintptr_t)(EVENT_LINE - 1); from < to; from += EVENT_LINE)
		look_at_line(map, from, map->shadow + (from - map->lo), stack);
}

static void look_at_map(struct map *map, void *stack)
{
	look(map, map->lo, map->hi, *(uint32_t *)stack);
}

void look_at_file(unsigned file, uint32_t stack)
{
	maps_each(file, look_at_map, &stack);
}
