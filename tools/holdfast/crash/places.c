/* SPDX-License-Identifier: BSD-3-Clause */
/* places.c - find the source lines of call stacks with addr2line(1) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "holdfast/tool.h"
#include "command.h"

#define CALLS 4096 /* maximum number of frames whose source lines are remembered */

/*
 * The source lines of a frame, as addr2line printed them, remembered because many call stacks
 * contain the same frame.
 */
struct call_lines {
	const char *object;
	uint64_t offset;
	char *text; /* addr2line's output, to be freed; NULL: this element is unused */
};

/* The state of place_find(), which visits the frames of a call stack. */
struct search {
	struct calls *calls;
	bool is_over; /* true once main() was reached */
};

/*
 * Asks addr2line for the function and source line at an address. If the function was inlined,
 * addr2line also prints the functions that contain it. Each function and each source line is a line
 * of the output.
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

/*
 * Returns the source lines of a frame. Compares objects (programs and libraries) by the address of
 * the name, because the trace contains each name once.
 */
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

/* Reads "FILE:LINE", up to a blank or the end. Returns false if there is no source line. */
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
	call->file = realpath(text, NULL); /* shortens a path such as a/../b */
	if (call->file)
		free(text);
	else
		call->file = text;
	call->line = line;
	return true;
}

/*
 * Returns the length of the name of a C++ function without the list of parameters, which would make
 * reports too long.
 */
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
	/* end at the C library's function that calls main() */
	if (!strncmp(function, "__libc_start", 12)) {
		search->is_over = true;
		free(call.file);
		return;
	}
	call.function = must_have(strndup(function, without_parameters(function, length)));
	calls->list[calls->count++] = call;
	search->is_over |= length == 4 && !strncmp(function, "main", 4);
}

/* Returns the next line of the text, or an empty text after the last line. */
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
 * For an inlined C++ function that is local to its source file, addr2line prints a wrong name: that
 * of the outermost function into which it was inlined.
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
		/* subtract 1, because a return address is behind the call instruction */
		if (object)
			add_calls(&search, object, stack->frames[i].offset - 1);
	}
	/* print a frame without a source line only if no frame has one */
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
