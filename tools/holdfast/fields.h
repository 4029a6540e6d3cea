/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields.h - every fact that `holdfast info` tells: one row each
 *
 * The rows are in the order of the output. JSON has all of them, text has those with a label, and
 * test/tool/info-fields holds the tables of holdfast(1) to them.
 */
#ifndef TOOLS_HOLDFAST_FIELDS_H
#define TOOLS_HOLDFAST_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum field_kind {
	FIELD_TEXT,   /* const char *; NULL is null */
	FIELD_WORD,   /* an enum, in the words of `word` */
	FIELD_INT,    /* int */
	FIELD_SIZE,   /* size_t */
	FIELD_FLAG,   /* int: 0 or 1 */
	FIELD_TRUTH,  /* the same, or -1: it cannot be read */
	FIELD_NUMBER, /* struct holdfast_number */
	FIELD_MAYBE,  /* const int64_t *; NULL is null */
	FIELD_LIST,   /* an array of pointers to structs */
	FIELD_OBJECT, /* a pointer to a struct; NULL is null */
	FIELD_GROUP,  /* members of this struct, as an object; null if the first of them is NULL */
};

struct field {
	const char *key;
	enum field_kind kind;
	size_t at; /* where the member is */
	const char *(*word)(int value);
	const struct fields *of; /* of each element, of the object or the group */
	size_t count;            /* of a list: where its length is, a size_t */
	size_t why;        /* of a list: where the text is that says why it is not known; or 0 */
	const char *label; /* for people; NULL: it is not among the details */
	/* Make the text for people, in `room` or of static storage; or NULL: leave it out. */
	const char *(*say)(const void *whole, char *room, size_t size);
};

struct fields {
	const char *name;
	const struct field *rows;
	size_t count;
};

extern const struct fields fields_output, fields_answer, fields_required, fields_path,
	fields_remote, fields_machine_output, fields_program_output, fields_health_output;

/* A member of a struct that a row is about. */
const void *field_member(const struct field *field, const void *whole);
int field_int(const struct field *field, const void *whole);
size_t field_length(const struct field *field, const void *whole);
const char *field_why(const struct field *field, const void *whole);

/* The type of the JSON value: "string", "number", "boolean", "array" or "object". */
const char *field_type(const struct field *field);

#endif
