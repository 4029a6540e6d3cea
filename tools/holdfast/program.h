/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * program.h - find out which functions of libpmem, libpmem2 and librpmem a program needs, and how
 * Holdfast's versions of these functions differ
 *
 * The names are read from the program's dynamic section with libelf; the program is not run.
 * Strings are static or belong to the struct.
 */
#ifndef TOOLS_HOLDFAST_PROGRAM_H
#define TOOLS_HOLDFAST_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

/* A function of PMDK's libraries, and whether Holdfast's libraries offer it, too. */
struct known_call {
	const char *name;
	const char *library;
	int is_offered;
	const char *difference; /* how it differs from PMDK 1.12; NULL: not noticeably */
};
const struct known_call *program_known_call(const char *name);

/* True if Holdfast's version of the library has a symbol version with this name. */
bool program_has_node(const char *library, const char *node);

struct program_library {
	char *name;
	const char *note; /* role of the library; NULL for libpmem, libpmem2, librpmem */
};

struct program_node {
	char *name;
	char *library;
	int is_offered;
};

struct program_call {
	char *name;
	const char *library;
	char *node; /* symbol version; NULL: none */
	int is_offered;
	const char *difference;
};

struct program {
	const char *path;
	char *error; /* why the program cannot be read, or NULL */
	char *verdict;
	int runs; /* runs unchanged on Holdfast's libraries: 1 yes, 0 no, -1 not known */
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
