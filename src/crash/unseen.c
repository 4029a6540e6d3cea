/* SPDX-License-Identifier: BSD-3-Clause */
/* unseen.c - the first pass over a trace */
#include "crash/unseen.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"

/* Stores that were seen since their line was last compared: a list for each line. */
struct pass {
	struct unseen *unseen;
	struct table last; /* line: the newest note's number, from 1 on */
	struct note {
		uint64_t at;
		uint64_t older;
	} * notes;
	uint64_t count, capacity;
	bool failed;
};

static uint64_t key_of(uint64_t at, uint64_t line)
{
	return (mix(at + 1) ^ mix(line * 3 + 1)) | 1;
}

bool unseen_drops(const struct unseen *unseen, uint64_t at, uint64_t line)
{
	return table_find(&unseen->dropped, key_of(at, line)) != NULL;
}

static void compared(struct pass *pass, uint64_t line)
{
	table_remove(&pass->last, line + 1);
	if (!pass->last.count)
		pass->count = 0;
}

static void stored(struct pass *pass, uint64_t line, uint64_t at)
{
	if (pass->count == pass->capacity) {
		uint64_t capacity = pass->capacity ? pass->capacity * 2 : 1024;
		struct note *grown = realloc(pass->notes, capacity * sizeof(*grown));
		pass->failed |= !grown;
		if (!grown)
			return;
		pass->notes = grown;
		pass->capacity = capacity;
	}
	uint64_t *last = table_add(&pass->last, line + 1);
	if (!last) {
		pass->failed = true;
		return;
	}
	pass->notes[pass->count++] = (struct note){at, *last};
	*last = pass->count;
}

static void found(struct pass *pass, uint64_t line)
{
	uint64_t *last = table_find(&pass->last, line + 1);

	for (uint64_t i = last ? *last : 0; i; i = pass->notes[i - 1].older)
		pass->failed |=
			!table_add(&pass->unseen->dropped, key_of(pass->notes[i - 1].at, line));
	compared(pass, line);
}

static void each_line(
	struct pass *pass, const struct event *event, void (*call)(struct pass *, uint64_t line))
{
	uint64_t end = event->place + event->length;

	for (uint64_t at = event->place / EVENT_LINE; at * EVENT_LINE < end; at++)
		call(pass, at);
}

static void each_store(struct pass *pass, const struct event *event, uint64_t index)
{
	uint64_t end = event->place + event->length;

	for (uint64_t at = event->place / EVENT_LINE; at * EVENT_LINE < end; at++)
		stored(pass, at, index);
}

static void step(struct pass *pass, const struct event *event, uint64_t index)
{
	switch (event->kind) {
	case EVENT_SEEN:
		found(pass, event->place / EVENT_LINE);
		break;
	case EVENT_COPY:
		each_line(pass, event, compared);
		each_store(pass, event, index);
		break;
	case EVENT_STORE:
	case EVENT_ATOMIC:
	case EVENT_GROUP:
		each_store(pass, event, index);
		break;
	case EVENT_STREAM: /* on its own anyway (R7), and the line was compared before it */
	case EVENT_FLUSH:
	case EVENT_CLFLUSH:
	case EVENT_SYNC:
		each_line(pass, event, compared);
		break;
	default:
		break;
	}
}

int unseen_init(struct unseen *unseen, const struct trace *trace)
{
	struct pass pass = {.unseen = unseen};

	*unseen = (struct unseen){0};
	for (const struct event *event = trace_first(trace); event;
		event = trace_next(trace, event))
		step(&pass, event, trace_index(trace, event));
	free(pass.notes);
	table_fini(&pass.last);
	if (!pass.failed)
		return 0;
	unseen_fini(unseen);
	return err_set(-ENOMEM, "no memory for the stores of a trace");
}

void unseen_fini(struct unseen *unseen)
{
	table_fini(&unseen->dropped);
}
