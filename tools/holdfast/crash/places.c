/* SPDX-License-Identifier: BSD-3-Clause */
/* places.c - source lines of call stacks, by addr2line(1) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define SHOWN 4    /* frames of a stack */
#define CALLS 4096 /* frames whose lines are remembered */

/* A frame's lines, as addr2line prints them; many stacks share a frame. */
struct call_lines {
	const char *object;
	uint64_t offset;
	char *text; /* new memory; NULL: the element is free */
};

struct printer {
	FILE *to;
	unsigned shown;
	bool is_over; /* main() was reached */
};

/*
 * Function and place of the call, then those of the functions that it was inlined into, each on a
 * line.
 */
static char *ask_addr2line(const char *object, uint64_t offset)
{
	char address[32], buffer[512], *text = NULL;
	size_t size = 0, got;
	int ends[2];

	snprintf(address, sizeof(address), "%#llx", (unsigned long long)offset);
	if (pipe2(ends, O_CLOEXEC))
		return strdup("");
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		dup2(null, STDERR_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		execlp("addr2line", "addr2line", "-f", "-i", "-s", "-e", object, address, NULL);
		_exit(127);
	}
	close(ends[1]);
	FILE *from = fdopen(ends[0], "r"), *to = open_memstream(&text, &size);
	while (from && to && (got = fread(buffer, 1, sizeof(buffer), from)) > 0)
		fwrite(buffer, 1, got, to);
	if (from)
		fclose(from);
	if (to)
		fclose(to);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return text ? text : strdup("");
}

/* Names of objects are those of the trace: equal ones are the same memory. */
static const char *lines_of(const char *object, uint64_t offset)
{
	static struct call_lines known[CALLS];
	uint64_t hash = (offset ^ (uintptr_t)object) * UINT64_C(0x9E3779B97F4A7C15);
	struct call_lines *at = &known[hash >> 52];

	if (at->text && at->object == object && at->offset == offset)
		return at->text;
	free(at->text);
	*at = (struct call_lines){object, offset, ask_addr2line(object, offset)};
	return at->text ? at->text : "";
}

static void print_line(struct printer *printer, const char *function, int length, const char *place)
{
	int size = (int)strcspn(place, " \n");

	if (place[0] == '?' || memmem(place, (size_t)size, ":?", 2) || printer->shown == SHOWN ||
		printer->is_over)
		return;
	/* The C library calls main(): that is not the program. */
	if (!strncmp(function, "__libc_start", 12)) {
		printer->is_over = true;
		return;
	}
	fprintf(printer->to, "%s%.*s %.*s", printer->shown ? " < " : "", size, place, length,
		function);
	printer->shown++;
	printer->is_over = length == 4 && !strncmp(function, "main", 4);
}

static void print_lines_of(struct printer *printer, const char *object, uint64_t offset)
{
	const char *at = lines_of(object, offset);

	while (*at) {
		int length = (int)strcspn(at, "\n");
		const char *place = at + length + !!at[length];
		print_line(printer, at, length, place);
		at = place + strcspn(place, "\n");
		at += !!*at;
	}
}

static const char *object_path(const struct trace *trace, const struct frame *frame)
{
	if (!frame->object || frame->object > trace->object_count)
		return NULL;
	return trace->objects[frame->object - 1];
}

static void print_bare(FILE *to, const char *object, uint64_t offset)
{
	const char *slash = object ? strrchr(object, '/') : NULL;

	fprintf(to, "%s+%#llx",
		slash    ? slash + 1
		: object ? object
			 : "?",
		(unsigned long long)offset);
}

/* Frames without a line, of libraries, are left out if others have one. */
static unsigned print_lines(const struct trace *trace, const struct trace_stack *stack, FILE *to)
{
	struct printer printer = {.to = to};

	for (uint32_t i = 0; i < stack->count && printer.shown < SHOWN && !printer.is_over; i++) {
		const char *object = object_path(trace, &stack->frames[i]);
		/* A return address is behind its call. */
		if (object)
			print_lines_of(&printer, object, stack->frames[i].offset - 1);
	}
	return printer.shown;
}

char *place_words(const struct trace *trace, uint32_t number)
{
	char *words = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&words, &size);

	if (!number || number > trace->stack_count || !trace->stacks[number - 1].count) {
		fputs("after the end of the program", to);
	} else {
		const struct trace_stack *stack = &trace->stacks[number - 1];
		if (!print_lines(trace, stack, to))
			print_bare(to, object_path(trace, &stack->frames[0]),
				stack->frames[0].offset - 1);
	}
	fclose(to);
	return words;
}
