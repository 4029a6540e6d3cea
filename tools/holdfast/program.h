/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * program.h - what a program needs of libpmem, libpmem2 and librpmem, and what it gets here
 *
 * Read from its dynamic section with libelf; the program is not run. Text is of static storage or
 * belongs to the struct.
 */
#ifndef TOOLS_HOLDFAST_PROGRAM_H
#define TOOLS_HOLDFAST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* A call of Holdfast's libraries, or one that they leave out. */
struct known_call {
	const char *name;
	const char *library;
	int is_offered;
	const char *
		difference; /* from PMDK 1.12, a sentence; NULL: none that a program could notice */
};
const struct known_call *program_known_call(const char *name);

/* The node with this name is offered by the library. */
bool program_has_node(const char *library, const char *node);

struct program_library {
	char *name;
	const char
		*note; /* NULL for the three libraries; else what the program has to do with them */
};

struct program_node {
	char *name;
	char *library;
	int is_offered;
};

struct program_call {
	char *name;
	const char *library;
	char *node; /* NULL: without a version */
	int is_offered;
	const char *difference;
};

struct program {
	const char *path;
	char *error; /* why it cannot be read; else NULL */
	char *verdict;
	int runs; /* on Holdfast's libraries, as it is: 1 or 0, -1: it cannot be told */
	struct program_library **libraries;
	struct program_node **nodes;
	struct program_call **calls;
	size_t library_count, node_count, call_count;
};

/* Read it; an error is in the struct. Free it with program_fini(). */
void program_read(struct program *program, const char *path);
void program_fini(struct program *program);

/* Print it. */
void text_program(const struct program *program);
bool json_program(const struct program *program);

#endif
