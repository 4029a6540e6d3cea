/* SPDX-License-Identifier: BSD-3-Clause */
/* places.c - find the source lines of call stacks with addr2line(1) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holdfast/tool.h"
#include "command.h"

#define CALLS 4096 /* maximum number of frames whose lines are remembered */

/* The source lines of a frame, as addr2line prints them; many stacks share a frame. */
struct call_lines {
	const char *object;
	uint64_t offset;
	char *text; /* output of addr2line, in new memory; NULL: the element is free */
};

/* The state of place_find(), which goes through a stack. */
struct search {
	struct calls *calls;
	bool is_over; /* set: main() was reached */
};

/*
 * Asks addr2line for the function and place of the call, and then for those of the functions into
 * which it was inlined. Each of them is one line.
 */
static char *ask_addr2line(const char *object, uint64_t offset)
{
	char address[32], buffer[512];
	struct collected text;
	size_t got;
	int ends[2];

	snprintf(address, sizeof(address), "%#llx", (unsigned long long)offset);
	if (pipe2(ends, O_CLOEXEC))
		return must_copy("");
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDERR_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		execlp("addr2line", "addr2line", "-C", "-f", "-i", "-e", object, address, NULL);
		_exit(127);
	}
	close(ends[1]);
	FILE *from = fdopen(ends[0], "r"), *to = collect_begin(&text);
	while (from && (got = fread(buffer, 1, sizeof(buffer), from)) > 0)
		fwrite(buffer, 1, got, to);
	if (from)
		fclose(from);
	else
		close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return collect_end(&text);
}

/* Objects are compared by the address of their name, because all names come from the trace. */
static const char *lines_of(const char *object, uint64_t offset)
{
	static struct call_lines known[CALLS];
	uint64_t hash = (offset ^ (uintptr_t)object) * UINT64_C(0x9E3779B97F4A7C15);
	struct call_lines *at = &known[hash >> 52];

	if (at->text && at->object == object && at->offset == offset)
		return at->text;
	free(at->text);
	*at = (struct call_lines){object, offset, ask_addr2line(object, offset)};
	return at->text;
}

/* Reads "FILE:LINE", which a blank and more may follow. False: there is no source line. */
static bool read_place(const char *place, size_t size, struct call *call)
{
	char *text = strndup(place, size), *end = text ? strstr(text, " (discriminator") : NULL;

	if (end)
		*end = '\0';
	char *colon = text ? strrchr(text, ':') : NULL;
	unsigned line = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
	if (!line || text[0] == '?') {
		free(text);
		return false;
	}
	*colon = '\0';
	call->file = realpath(text, NULL); /* shortens paths of debug information such as a/../b */
	if (call->file)
		free(text);
	else
		call->file = text;
	call->line = line;
	return true;
}

/* The length of a function's name in C++ without its parameters, which would fill the report. */
static size_t without_parameters(const char *name, size_t length)
{
	size_t end = length;
	int depth = 0;

	while (end && name[end - 1] != ')')
		end--;
	while (end) {
		end--;
		depth += (name[end] == ')') - (name[end] == '(');
		if (!depth)
			break;
	}
	return end ? end : length;
}

static void add_call(struct search *search, const char *function, size_t length, const char *place)
{
	struct calls *calls = search->calls;
	struct call call = {0};

	if (calls->count == PLACE_CALLS || search->is_over ||
		!read_place(place, strcspn(place, "\n"), &call))
		return;
	/* the C library's function that calls main() is not part of the program */
	if (!strncmp(function, "__libc_start", 12)) {
		search->is_over = true;
		free(call.file);
		return;
	}
	call.function = must_have(strndup(function, without_parameters(function, length)));
	calls->list[calls->count++] = call;
	search->is_over |= length == 4 && !strncmp(function, "main", 4);
}

/* The line behind this one; an empty text at the end. */
static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + !!*text;
}

static bool is_same_line(const char *a, const char *b)
{
	size_t length = strcspn(a, "\n");

	return length == strcspn(b, "\n") && !strncmp(a, b, length);
}

/*
 * For a function in C++ that only its own file knows, and that was inlined, addr2line prints the
 * name of the function into which it was inlined last.
 */
static bool is_misnamed(const char *line)
{
	const char *last = line;

	for (const char *at = next_line(next_line(line)); *at; at = next_line(next_line(at)))
		last = at;
	return last != line && is_same_line(line, last);
}

static void add_calls(struct search *search, const char *object, uint64_t offset)
{
	static const char unknown[] = "(inlined)";

	for (const char *at = lines_of(object, offset); *at; at = next_line(next_line(at))) {
		if (is_misnamed(at))
			add_call(search, unknown, sizeof(unknown) - 1, next_line(at));
		else
			add_call(search, at, strcspn(at, "\n"), next_line(at));
	}
}

static const char *object_path(const struct trace *trace, const struct frame *frame)
{
	if (!frame->object || frame->object > trace->object_count)
		return NULL;
	return trace->objects[frame->object - 1];
}

static char *bare_words(const char *object, uint64_t offset)
{
	const char *slash = object ? strrchr(object, '/') : NULL;
	char *words;

	return asprintf(&words, "%s+%#llx",
		       slash    ? slash + 1
		       : object ? object
				: "?",
		       (unsigned long long)offset) < 0
		       ? NULL
		       : words;
}

void place_find(const struct trace *trace, uint32_t number, struct calls *calls)
{
	struct search search = {.calls = calls};

	*calls = (struct calls){0};
	if (!number || number > trace->stack_count || !trace->stacks[number - 1].count) {
		calls->bare = strdup("after the end of the program");
		return;
	}
	const struct trace_stack *stack = &trace->stacks[number - 1];
	for (uint32_t i = 0; i < stack->count && calls->count < PLACE_CALLS && !search.is_over;
		i++) {
		const char *object = object_path(trace, &stack->frames[i]);
		/* a return address is that of the instruction behind the call */
		if (object)
			add_calls(&search, object, stack->frames[i].offset - 1);
	}
	/* frames of libraries without a source line are left out if other frames have one */
	if (!calls->count)
		calls->bare = bare_words(
			object_path(trace, &stack->frames[0]), stack->frames[0].offset - 1);
}

void place_forget(struct calls *calls)
{
	for (unsigned i = 0; i < calls->count; i++) {
		free(calls->list[i].file);
		free(calls->list[i].function);
	}
	free(calls->bare);
	*calls = (struct calls){0};
}

const char *place_base_name(const struct call *call)
{
	const char *slash = strrchr(call->file, '/');

	return slash ? slash + 1 : call->file;
}

char *place_calls_words(const struct calls *calls)
{
	struct collected words;
	FILE *to = collect_begin(&words);

	for (unsigned i = 0; i < calls->count; i++)
		fprintf(to, "%s%s:%u %s", i ? " < " : "", place_base_name(&calls->list[i]),
			calls->list[i].line, calls->list[i].function);
	if (!calls->count)
		fputs(calls->bare ? calls->bare : "?", to);
	return words_clean(collect_end(&words));
}

char *place_words(const struct trace *trace, uint32_t number)
{
	struct calls calls;

	place_find(trace, number, &calls);
	char *words = place_calls_words(&calls);
	place_forget(&calls);
	return words;
}
