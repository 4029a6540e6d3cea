/* SPDX-License-Identifier: BSD-3-Clause */
/* trace.c - the events of a run in memory, checked as they come in */
#include "trace/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/unmap.h"

int trace_init(struct trace *trace, uint64_t slots)
{
	*trace = (struct trace){.room = slots ? slots : 1, .spill.behind = 8};
	trace->slots = mmap(NULL, trace->room * EVENT_SLOT, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (trace->slots == MAP_FAILED) {
		trace->slots = NULL;
		return err_sys("no address space for a trace");
	}
	return 0;
}

void trace_fini(struct trace *trace)
{
	unmap(trace->slots, trace->room * EVENT_SLOT);
	spill_fini(&trace->spill);
	for (unsigned i = 0; i < trace->file_count; i++)
		free(trace->files[i].name);
	for (uint32_t i = 0; i < trace->object_count; i++)
		free(trace->objects[i]);
	free(trace->objects);
	free(trace->stacks);
	for (unsigned i = 0; i < NAMES_MAX; i++)
		free(trace->names[i]);
	for (unsigned i = 0; i < NAMES_DIRECTORIES; i++)
		free(trace->directories[i].name);
	for (unsigned i = 0; i < MISSED_WAYS; i++)
		free(trace->missed[i].name);
	free(trace->output);
	*trace = (struct trace){0};
}

/*
 * Gives an array room for element `number`; new elements are zero. Returns NULL if there is no
 * memory.
 */
static void *grow(void *array, uint32_t *count, uint32_t number, size_t size)
{
	if (number <= *count)
		return array;
	char *grown = realloc(array, number * size);
	if (!grown)
		return NULL;
	memset(grown + *count * size, 0, (number - *count) * size);
	*count = number;
	return grown;
}

static int add_object(struct trace *trace, const struct event *event)
{
	if (!event->value || event->value > 1 << 16)
		return err_set(-EINVAL, "library number %llu is out of range",
			(unsigned long long)event->value);
	char **grown =
		grow(trace->objects, &trace->object_count, (uint32_t)event->value, sizeof(char *));
	if (!grown)
		return err_set(-ENOMEM, "out of memory for the names of libraries");
	trace->objects = grown;
	free(grown[event->value - 1]);
	grown[event->value - 1] = strndup((const char *)event_payload(event), event->length);
	return grown[event->value - 1] ? 0 : err_set(-ENOMEM, "out of memory for a name");
}

static int add_stack(struct trace *trace, const struct event *event)
{
	if (!event->value || event->value > 1 << 20 ||
		event->length > EVENT_FRAMES * sizeof(struct frame))
		return err_set(-EINVAL,
			"call stack number %llu is out of range, or this call stack is too deep",
			(unsigned long long)event->value);
	struct trace_stack *grown = grow(trace->stacks, &trace->stack_count, (uint32_t)event->value,
		sizeof(struct trace_stack));
	if (!grown)
		return err_set(-ENOMEM, "out of memory for call stacks");
	trace->stacks = grown;
	struct trace_stack *stack = &grown[event->value - 1];
	stack->count = (uint32_t)(event->length / sizeof(struct frame));
	memcpy(stack->frames, event_payload(event), stack->count * sizeof(struct frame));
	return 0;
}

static int add_file(struct trace *trace, const struct event *event)
{
	unsigned number = place_file(event->place);

	if (!number || number > EVENT_FILES || event->value >= UINT64_C(1) << 46)
		return err_set(-EINVAL, "file number %u is out of range, or the file is too large",
			number);
	struct trace_file *file = &trace->files[number - 1];
	bool is_mirror = event->size == EVENT_FILE_MIRROR;
	if (file->is_there && file->is_mirror != is_mirror)
		return err_set(-EINVAL, "number %u names both a mirror and a local file", number);
	char *name = strndup((const char *)event_payload(event), event->length);
	if (!name)
		return err_set(-ENOMEM, "out of memory for a name");
	if (event->length || !file->name) {
		free(file->name);
		file->name = name;
	} else {
		free(name);
	}
	if (event->value > file->size)
		file->size = event->value;
	file->is_there = true;
	file->is_mirror = is_mirror;
	trace->has_names |= number == NAMES_FILE && event->size == EVENT_FILE_NAMES &&
			    event->value == NAMES_SIZE;
	if (number > trace->file_count)
		trace->file_count = number;
	return 0;
}

/* Files are created with this name: it must not lead out of a directory. */
static bool is_name(const char *name, uint64_t length)
{
	bool is_dots = (length == 1 && name[0] == '.') ||
		       (length == 2 && name[0] == '.' && name[1] == '.');

	return length && length < NAMES_LENGTH && !is_dots && !memchr(name, '/', length) &&
	       !memchr(name, '\0', length);
}

static int add_name(struct trace *trace, const struct event *event)
{
	const char *name = (const char *)event_payload(event);

	if (event->value >= NAMES_MAX || event->place >= NAMES_DIRECTORIES ||
		!is_name(name, event->length))
		return err_set(-EINVAL,
			"the trace is damaged: its entry %llu is not the name of a file",
			(unsigned long long)event->value);
	free(trace->names[event->value]);
	trace->names[event->value] = strndup(name, event->length);
	trace->name_directories[event->value] = (uint8_t)event->place;
	return trace->names[event->value] ? 0 : err_set(-ENOMEM, "out of memory for a name");
}

static int add_directory(struct trace *trace, const struct event *event)
{
	const char *name = (const char *)event_payload(event);

	if (!event->value || event->value >= NAMES_DIRECTORIES ||
		event->place >= NAMES_DIRECTORIES || !is_name(name, event->length))
		return err_set(-EINVAL,
			"the trace is damaged: its entry %llu is not the name of a directory",
			(unsigned long long)event->value);
	struct trace_directory *directory = &trace->directories[event->value];
	free(directory->name);
	directory->directory = (unsigned)event->place;
	directory->name = strndup(name, event->length);
	return directory->name ? 0 : err_set(-ENOMEM, "out of memory for a name");
}

char *trace_name(const struct trace *trace, uint64_t number)
{
	const char *parts[NAMES_DIRECTORIES] = {NULL};
	unsigned count = 0;
	size_t length = 1;

	if (number >= NAMES_MAX || !trace->names[number])
		return NULL;
	parts[count++] = trace->names[number];
	for (unsigned at = trace->name_directories[number];
		at && trace->directories[at].name && count < NAMES_DIRECTORIES;
		at = trace->directories[at].directory)
		parts[count++] = trace->directories[at].name;
	for (unsigned i = 0; i < count; i++)
		length += strlen(parts[i]) + 1;
	char *path = calloc(1, length);
	for (unsigned i = count; path && i-- > 0;) {
		strcat(path, parts[i]);
		strcat(path, i ? "/" : "");
	}
	return path;
}

static int add_output(struct trace *trace, const struct event *event)
{
	char *grown = realloc(trace->output, trace->output_size + event->length + 1);

	if (!grown)
		return err_set(-ENOMEM, "out of memory for the program's output");
	memcpy(grown + trace->output_size, event_payload(event), event->length);
	trace->output = grown;
	trace->output_size += event->length;
	return 0;
}

static int add_probes(struct trace *trace, const struct event *event)
{
	struct probe_report *report = &trace->probes;

	if (event->length != sizeof(*report))
		return err_set(-EINVAL,
			"a report on probed instructions has the wrong size: %llu bytes",
			(unsigned long long)event->length);
	memcpy(report, event_payload(event), sizeof(*report));
	for (unsigned i = 0; i < PROBE_REFUSALS; i++)
		report->refusals[i].object[sizeof(report->refusals[i].object) - 1] = '\0';
	return 0;
}

static int add_missed(struct trace *trace, const struct event *event)
{
	const char *name = (const char *)event_payload(event);

	if (event->value >= MISSED_WAYS)
		return err_set(-EINVAL, "a missed access has the kind %llu, which is out of range",
			(unsigned long long)event->value);
	struct trace_missed *missed = &trace->missed[event->value];
	missed->times++;
	if (!missed->name)
		missed->name = strndup(name, event->length);
	return missed->name ? 0 : err_set(-ENOMEM, "out of memory for a name");
}

/* True if the bytes that the event names lie inside a known file. */
static bool is_inside(const struct trace *trace, const struct event *event)
{
	unsigned number = place_file(event->place);
	uint64_t offset = place_offset(event->place);
	uint64_t length = event->length;

	if (!number || number > trace->file_count || !trace->files[number - 1].is_there)
		return false;
	uint64_t size = (trace->files[number - 1].size + 4095) & ~UINT64_C(4095);
	return length <= size && offset <= size - length;
}

static bool is_in_mirror(const struct trace *trace, uint64_t place)
{
	unsigned number = place_file(place);

	return number && number <= trace->file_count && trace->files[number - 1].is_mirror;
}

static bool has_good_changes(const struct event *event)
{
	const struct name_change *changes = (const struct name_change *)(event + 1);
	uint64_t count = event->length / sizeof(*changes);

	if (!count || count > EVENT_CHANGES || event->length % sizeof(*changes))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (changes[i].word >= EVENT_PAGE / sizeof(changes[i].value))
			return false;
	return true;
}

static bool is_well_formed(
	const struct trace *trace, const struct event *event, const struct event *slots)
{
	bool whole_lines = !(event->place % EVENT_LINE) && !(event->length % EVENT_LINE);

	if (event->kind <= EVENT_SYNC && is_in_mirror(trace, event->place))
		return false;
	switch (event->kind) {
	case EVENT_STORE:
	case EVENT_STREAM:
		return event->length && event->length <= 8 && is_inside(trace, event);
	case EVENT_ATOMIC:
		return event->length ? event->length <= 8 && is_inside(trace, event)
				     : !event->place;
	case EVENT_GROUP:
	case EVENT_COPY:
		return event->length && is_inside(trace, event);
	case EVENT_SEEN:
		return event->length == EVENT_LINE && whole_lines && is_inside(trace, event);
	case EVENT_FLUSH:
	case EVENT_CLFLUSH:
		return whole_lines && is_inside(trace, event);
	case EVENT_SYNC:
		return is_inside(trace, event);
	case EVENT_NAMES:
		return trace->has_names && place_file(event->place) == NAMES_FILE &&
		       !(event->place % EVENT_PAGE) && is_inside(trace, event) &&
		       has_good_changes(slots);
	case EVENT_NAMES_SYNC:
		return trace->has_names && event->place == names_page(0);
	case EVENT_SEND:
		return event->length && event->value <= EVENT_TOGETHER && is_inside(trace, event) &&
		       is_in_mirror(trace, event->place);
	case EVENT_DRAIN:
		return event->length <= EVENT_TOGETHER && is_in_mirror(trace, event->place);
	case EVENT_FENCE:
	case EVENT_MARK:
	case EVENT_FILE:
	case EVENT_STACK:
	case EVENT_OBJECT:
	case EVENT_OUTPUT:
	case EVENT_NAME:
	case EVENT_PROBES:
	case EVENT_MISSED:
	case EVENT_DIRECTORY:
		return true;
	default:
		return false;
	}
}

static int add_to_tables(struct trace *trace, const struct event *event)
{
	switch (event->kind) {
	case EVENT_FILE:
		return add_file(trace, event);
	case EVENT_STACK:
		return add_stack(trace, event);
	case EVENT_OBJECT:
		return add_object(trace, event);
	case EVENT_OUTPUT:
		return add_output(trace, event);
	case EVENT_NAME:
		return add_name(trace, event);
	case EVENT_PROBES:
		return add_probes(trace, event);
	case EVENT_MISSED:
		return add_missed(trace, event);
	case EVENT_DIRECTORY:
		return add_directory(trace, event);
	default:
		return 0;
	}
}

int trace_add(struct trace *trace, const struct event *slots, uint64_t available)
{
	struct event *kept = trace->slots + trace->count;
	struct event event = slots[0];

	if (event_has_payload(event.kind) && event.length > EVENT_MAX_PAYLOAD)
		return err_set(-EINVAL, "event %llu has a payload of %llu bytes, which is too long",
			(unsigned long long)trace->events, (unsigned long long)event.length);
	uint64_t count = event_slots(&event);
	if (count > available || trace->count + count > trace->room)
		return err_set(-EINVAL, "event %llu is truncated, or the trace is full",
			(unsigned long long)trace->events);
	if (!is_well_formed(trace, &event, slots))
		return err_set(-EINVAL, "event %llu is malformed (kind %u)",
			(unsigned long long)trace->events, event.kind);
	memcpy(kept, slots, count * EVENT_SLOT);
	int error = add_to_tables(trace, kept);
	if (error)
		return error;
	trace->count += count;
	trace->events++;
	trace->stores += event.kind >= EVENT_STORE && event.kind <= EVENT_COPY;
	trace->seen += event.kind == EVENT_SEEN;
	spill_older(&trace->spill, trace->slots, trace->count * EVENT_SLOT);
	return (int)count;
}

const struct event *trace_first(const struct trace *trace)
{
	trace_begin(trace, 0);
	return trace->count ? trace->slots : NULL;
}

const struct event *trace_next(const struct trace *trace, const struct event *event)
{
	uint64_t from = trace_index(trace, event), to = from + event_slots(event);

	trace_pass(trace, from, to);
	return to < trace->count ? trace->slots + to : NULL;
}
