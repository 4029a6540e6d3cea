/* SPDX-License-Identifier: BSD-3-Clause */
/* places.c - source lines of call stacks, by addr2line(1) */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

#define SHOWN 4 /* frames of a stack */

struct printer {
	FILE *to;
	unsigned shown;
	bool is_over; /* main() was reached */
};

static void print_line(struct printer *printer, char *function, char *place)
{
	function[strcspn(function, "\n")] = '\0';
	place[strcspn(place, " \n")] = '\0';
	if (place[0] == '?' || strstr(place, ":?") || printer->shown == SHOWN || printer->is_over)
		return;
	fprintf(printer->to, "%s%s %s", printer->shown ? " < " : "", place, function);
	printer->shown++;
	printer->is_over = !strcmp(function, "main");
}

/*
 * It prints function and place of the call, then those of the functions that it was inlined into.
 */
static void ask_addr2line(struct printer *printer, const char *object, uint64_t offset)
{
	char address[32], function[256], place[256];
	int ends[2];

	snprintf(address, sizeof(address), "%#llx", (unsigned long long)offset);
	if (pipe2(ends, O_CLOEXEC))
		return;
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
	FILE *from = fdopen(ends[0], "r");
	while (from && fgets(function, sizeof(function), from) && fgets(place, sizeof(place), from))
		print_line(printer, function, place);
	if (from)
		fclose(from);
	waitpid(pid, NULL, 0);
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
			ask_addr2line(&printer, object, stack->frames[i].offset - 1);
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
