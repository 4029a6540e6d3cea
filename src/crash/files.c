/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * files.c - set the images of files to their content at the beginning, at the end, and before each
 * round of an exploration
 */
#include <string.h>
#include <sys/mman.h>

#include "crash/explore.h"
#include "crash/unit.h"

static void copy_lines(
	const struct event *event, unsigned char *const *to, unsigned char *const *from)
{
	unsigned file = place_file(event->place) - 1;
	uint64_t begin = place_offset(event->place) & ~(uint64_t)(EVENT_LINE - 1);
	uint64_t end = place_offset(event->place) +
		       (event->kind == EVENT_NAMES ? EVENT_PAGE : event->length);

	end = (end + EVENT_LINE - 1) & ~(uint64_t)(EVENT_LINE - 1);
	memcpy(to[file] + begin, from[file] + begin, end - begin);
}

static bool is_store(const struct event *event)
{
	return ((event->kind >= EVENT_STORE && event->kind <= EVENT_SEEN) ||
		       event->kind == EVENT_NAMES) &&
	       event->length;
}

void explore_first_image(const struct trace *trace, struct memories *memories)
{
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		if (is_store(event))
			copy_lines(event, memories->image, memories->first);
}

void explore_base_image(const struct trace *trace, struct memories *memories, unsigned worker)
{
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		if (is_store(event))
			copy_lines(event, memories_image(memories, worker), memories->base);
}

static unsigned char *line_of(struct memories *memories, const struct put_back *line)
{
	return memories->image[place_file(line->place) - 1] + place_offset(line->place);
}

bool explore_put_back(const struct trace *trace, struct memories *memories, uint64_t number,
	struct put_back *line)
{
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event)) {
		uint64_t first = event->place / EVENT_LINE;
		uint64_t end = (event->place + event->length + EVENT_LINE - 1) / EVENT_LINE;
		if (!is_store(event) || event->kind == EVENT_NAMES)
			continue;
		if (number < end - first) {
			struct event all = {
				.place = (first + number) * EVENT_LINE, .length = EVENT_LINE};
			line->place = all.place;
			memcpy(line->bytes, line_of(memories, line), EVENT_LINE);
			copy_lines(&all, memories->image, memories->first);
			return true;
		}
		number -= end - first;
	}
	return false;
}

void explore_put_forward(struct memories *memories, const struct put_back *line)
{
	memcpy(line_of(memories, line), line->bytes, EVENT_LINE);
}

/* Returns the bytes that an event stores to a file. */
static const unsigned char *data_of(const struct event *event)
{
	return event_has_payload(event->kind) ? event_payload(event)
					      : (const unsigned char *)&event->value;
}

void explore_store(struct memories *memories, const struct event *event)
{
	bool is_names = event->kind == EVENT_NAMES;
	struct element element = {.data = data_of(event),
		.place = event->place,
		.length = is_names ? (uint8_t)event->length : 0,
		.flags = ELEMENT_NAMES};

	if (is_store(event) && is_names)
		element_apply(&element, memories->image);
	else if (is_store(event))
		memcpy(memories->image[place_file(event->place) - 1] + place_offset(event->place),
			element.data, event->length);
}

/* Resets a file's `base` by dropping its pages. Returns false if they cannot be dropped. */
static bool drop(const struct memories *memories, unsigned file)
{
	return memories->droppable[file] &&
	       !madvise(memories->base[file], memories->droppable[file], MADV_DONTNEED);
}

void explore_rewind(const struct trace *trace, struct memories *memories)
{
	bool is_dropped[EVENT_FILES] = {false};

	for (unsigned i = 0; i < trace->file_count; i++)
		is_dropped[i] = drop(memories, i);
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		if (is_store(event)) {
			if (!is_dropped[place_file(event->place) - 1])
				copy_lines(event, memories->base, memories->first);
			for (unsigned worker = 0; worker <= memories->more_count; worker++)
				copy_lines(
					event, memories_image(memories, worker), memories->first);
		}
}

void explore_last_image(const struct trace *trace, struct memories *memories)
{
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		explore_store(memories, event);
}
