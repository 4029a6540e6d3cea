/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * history.c - what each event of a trace does, in each model: to stores (store.c), names (names.c),
 * and to what is durable (durable.c)
 */
#include "crash/history.h"

#include <stdlib.h>

#include "crash/pending.h"

void history_init(struct history *history, const struct trace *trace, const struct unseen *unseen,
	unsigned char *const *base, history_settled *settled, void *context)
{
	*history = (struct history){.trace = trace,
		.unseen = unseen,
		.model = unseen->model,
		.is_torn = unseen->is_torn,
		.base = base,
		.settled = settled,
		.context = context,
		.many = HISTORY_MANY};
}

void history_fini(struct history *history)
{
	for (uint32_t i = 0; i < history->count; i++)
		packed_free(&history->pending[i]);
	free(history->pending);
	links_fini(&history->links);
	for (size_t i = 0; i < history->threads.size; i++) {
		struct flights *flights = (struct flights *)history->threads.cells[i].value;
		if (history->threads.cells[i].key && flights) {
			free(flights->list);
			free(flights);
		}
	}
	for (size_t i = 0; i < history->wholes.size; i++)
		if (history->wholes.cells[i].key)
			free((void *)(uintptr_t)history->wholes.cells[i].value);
	table_fini(&history->wholes);
	sheet_fini(&history->units);
	table_fini(&history->epochs);
	sheet_fini(&history->lines);
	free(history->unpacked);
	table_fini(&history->threads);
	table_fini(&history->stacks);
}

/*
 * Applies a fence, which completes flushes. In the model armv8, an atomic operation or a barrier
 * (an event of size 1) only orders stores.
 */
static int order(struct history *history, const struct event *event)
{
	bool is_barrier = event->kind == EVENT_ATOMIC || event->size == 1;
	int error = durable_barrier(history, event->thread);

	if (error || (history->model == MODEL_ARMV8 && is_barrier))
		return error;
	return durable_fence(history, event->thread);
}

static int stream(struct history *history, const struct event *event)
{
	uint64_t first = pending_number(history, event->place);
	uint64_t last = pending_number(history, event->place + event->length - 1);
	int error = store_event(history, event);

	if (error || !model_streams(history->model))
		return error;
	return durable_wait(history, event->thread,
		&(struct flight){.first = first,
			.count = (uint32_t)(last - first + 1),
			.is_stream = true,
			.before = ((uint32_t)trace_index(history->trace, event) + 1) & INT32_MAX});
}

/*
 * Is this event a further part of a copy? Then it belongs to the same group as the previous part.
 */
static bool goes_on(const struct event *event)
{
	return event->kind == EVENT_COPY && event->size == 1;
}

int history_step(struct history *history, const struct event *event)
{
	/* no crash is tried before a record that does not concern memory */
	bool is_of_memory = event->kind <= EVENT_MARK;
	int error = goes_on(event) || !is_of_memory ? 0 : durable_at_once(history);

	if (error)
		return error;
	if (!goes_on(event))
		history->group_event = trace_index(history->trace, event) + 1;
	switch (event->kind) {
	case EVENT_STORE:
	case EVENT_GROUP:
	case EVENT_COPY:
	case EVENT_SEEN:
		return store_event(history, event);
	case EVENT_STREAM:
		return stream(history, event);
	case EVENT_ATOMIC:
		error = order(history, event);
		return error || !event->length ? error : store_event(history, event);
	case EVENT_FLUSH:
		return model_flushes(history->model) ? durable_flush(history, event) : 0;
	case EVENT_CLFLUSH:
		if (history->model == MODEL_ARMV8)
			return durable_flush(history, event);
		return model_flushes(history->model) ? durable_complete(history, event) : 0;
	case EVENT_SYNC:
		return durable_complete(history, event);
	case EVENT_FENCE:
		return order(history, event);
	case EVENT_NAMES:
		return history->model == MODEL_PAGE ? names_change(history, event) : 0;
	case EVENT_NAMES_SYNC:
		return history->model == MODEL_PAGE ? names_sync(history, event) : 0;
	default:
		return 0;
	}
}

bool history_completes(const struct history *history, const struct event *event)
{
	if (history->has_new && model_is_at_once(history->model) && !goes_on(event) &&
		event->kind <= EVENT_MARK)
		return true;
	if (event->kind == EVENT_FENCE && event->size >= EVENT_FENCE_BEGIN)
		return event->size == EVENT_FENCE_BEGIN;
	if (history->model == MODEL_ARMV8 && (event->kind == EVENT_ATOMIC || event->size == 1) &&
		event->kind != EVENT_CLFLUSH && event->kind != EVENT_SYNC)
		return false;
	switch (event->kind) {
	case EVENT_FENCE:
	case EVENT_ATOMIC:
		return durable_by_fence(history, event->thread);
	case EVENT_CLFLUSH:
		if (history->model != MODEL_CACHE_LINE)
			return false;
		/* fallthrough */
	case EVENT_SYNC:
		return durable_by_sync(history, event);
	case EVENT_NAMES_SYNC:
		return pending_find(history, pending_number(history, event->place)) != NULL;
	default:
		return false;
	}
}
