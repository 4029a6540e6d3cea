/* SPDX-License-Identifier: BSD-3-Clause */
/* look.c - find stores that nobody told of: compare memory with its shadow */
#include "libholdfast-trace/recorder.h"

typedef uint64_t line_words[EVENT_LINE / 8];

static ALWAYS_INLINE void look_at_line(
	struct map *map, uintptr_t address, unsigned char *shadow, uint32_t stack)
{
	const volatile uint64_t *now = (const uint64_t *)address;
	uint64_t *known = (uint64_t *)(void *)shadow, differs = 0;
	line_words line;

	for (unsigned i = 0; i < EVENT_LINE / 8; i++)
		differs |= now[i] ^ known[i];
	if (likely(!differs))
		return;
	/* One copy, for another thread may go on storing. */
	for (unsigned i = 0; i < EVENT_LINE / 8; i++)
		known[i] = line[i] = now[i];
	write_event(&(struct event){.kind = EVENT_SEEN,
			    .stack = stack,
			    .place = map->place + (address - map->lo),
			    .length = EVENT_LINE},
		line);
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
