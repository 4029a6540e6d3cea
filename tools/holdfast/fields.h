/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.h - every fact that `holdfast info` reports: one row each
 *
 * The rows are in the order of the output. JSON has all rows, text has those with a label.
 * test/tool/info-fields compares the tables of holdfast(1) with the rows.
 */
#ifndef TOOLS_HOLDFAST_FIELDS_H
#define TOOLS_HOLDFAST_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_TEXT,   /* const char *; NULL becomes null */
	FIELD_WORD,   /* an enum, printed as a word by the function `word` */
	FIELD_INT,    /* int */
	FIELD_SIZE,   /* size_t */
	FIELD_FLAG,   /* int: 0 or 1 */
	FIELD_TRUTH,  /* int: 0, 1, or -1: it cannot be read */
	FIELD_NUMBER, /* struct holdfast_number */
	FIELD_MAYBE,  /* const int64_t *; NULL becomes null */
	FIELD_LIST,   /* an array of pointers to structs */
	FIELD_OBJECT, /* a pointer to a struct; NULL becomes null */
	FIELD_GROUP,  /* members of this struct, as an object; null if its first member is NULL */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t at; /* offset of the member in the struct */
	const char *(*word)(int value);
	const struct fields *of; /* fields of each element of a list, of an object or of a group */
	size_t count;            /* of a list: offset of its length, a size_t */
	size_t why;        /* of a list: offset of the text that says why it is not known; or 0 */
	const char *label; /* name in the details for people; NULL: left out there */
	/* Makes the text for people: in `room`, or static. NULL: leave the row out. */
	const char *(*say)(const void *whole, char *room, size_t size);
};

struct fields {
	const char *name;
	const struct field *rows;
	size_t count;
};

extern const struct fields fields_output, fields_answer, fields_required, fields_path,
	fields_remote, fields_machine_output, fields_program_output, fields_health_output;

/* The address of the member of *whole that the row describes. */
const void *field_member(const struct field *field, const void *whole);
int field_int(const struct field *field, const void *whole);
size_t field_length(const struct field *field, const void *whole);
const char *field_why(const struct field *field, const void *whole);

/* The type of the JSON value: "string", "number", "boolean", "array" or "object". */
const char *field_type(const struct field *field);

#endif
