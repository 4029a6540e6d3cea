/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * program.h - the calls of libpmem, libpmem2 and librpmem that a program needs, and how Holdfast's
 * libraries differ in them
 *
 * They are read from the program's dynamic section with libelf; the program is not run. Strings
 * are static or belong to the struct.
 */
#ifndef TOOLS_HOLDFAST_PROGRAM_H
#define TOOLS_HOLDFAST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* A call of Holdfast's libraries, or a call of PMDK's that they leave out. */
struct known_call {
	const char *name;
	const char *library;
	int is_offered;
	const char *difference; /* from PMDK 1.12; NULL: no program can notice one */
};
const struct known_call *program_known_call(const char *name);

/* Does Holdfast's library offer a version node with this name? */
bool program_has_node(const char *library, const char *node);

struct program_library {
	char *name;
	const char *note; /* NULL for the three libraries; otherwise the role of the library */
};

struct program_node {
	char *name;
	char *library;
	int is_offered;
};

struct program_call {
	char *name;
	const char *library;
	char *node; /* version node; NULL: no version */
	int is_offered;
	const char *difference;
};

struct program {
	const char *path;
	char *error; /* reason why it cannot be read, or NULL */
	char *verdict;
	int runs; /* does it run unchanged on Holdfast's libraries: 1 or 0; -1: not known */
	struct program_library **libraries;
	struct program_node **nodes;
	struct program_call **calls;
	size_t library_count, node_count, call_count;
};

/* Read the program; an error is reported in the struct. Free it with program_fini(). */
void program_read(struct program *program, const char *path);
void program_fini(struct program *program);

/* Print the result of program_read(), for people. */
void text_program(const struct program *program);
bool json_program(const struct program *program);

#endif
