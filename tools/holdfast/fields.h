/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.h - tables of all facts that `holdfast info` reports, with a row for each fact
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
	FIELD_TEXT,   /* const char *; NULL is printed as null */
	FIELD_WORD,   /* an enum, printed as a word by the function `word` */
	FIELD_INT,    /* int */
	FIELD_SIZE,   /* size_t */
	FIELD_FLAG,   /* int: 0 or 1 */
	FIELD_TRUTH,  /* int: 0 (false), 1 (true), or -1 (cannot be read) */
	FIELD_NUMBER, /* struct holdfast_number */
	FIELD_MAYBE,  /* const int64_t *; NULL is printed as null */
	FIELD_LIST,   /* an array of pointers to structs */
	FIELD_OBJECT, /* a pointer to a struct; NULL is printed as null */
	FIELD_GROUP,  /* an object of several members; null if the first of them is NULL */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t at; /* offset of the member in the struct */
	const char *(*word)(int value);
	const struct fields *of; /* fields of each element of a list, of an object or of a group */
	size_t count;            /* for a list: offset of the size_t with its length */
	size_t why;              /* for a list: offset of the reason why it is unknown, or 0 */
	const char *label;       /* label of the fact in text output; NULL: only in JSON */
	/*
	 * Returns the value as text for people, which is in `room` or static; NULL: leave the fact
	 * out.
	 */
	const char *(*say)(const void *whole, char *room, size_t size);
};

struct fields {
	const char *name;
	const struct field *rows;
	size_t count;
};

extern const struct fields fields_output, fields_answer, fields_required, fields_path,
	fields_remote, fields_machine_output, fields_program_output, fields_health_output;

/* Returns the address of the member of the struct *whole that the row describes. */
const void *field_member(const struct field *field, const void *whole);
int field_int(const struct field *field, const void *whole);
size_t field_length(const struct field *field, const void *whole);
const char *field_why(const struct field *field, const void *whole);

/* The type of the JSON value: "string", "number", "boolean", "array" or "object". */
const char *field_type(const struct field *field);

#endif
