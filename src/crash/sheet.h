/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sheet.h - map numbers of lines or units, many of which follow each other, to numbers of 32 bits
 *
 * Takes 4 to 5 bytes a number if neighbours are there, too. A zeroed struct is an empty sheet.
 */
#ifndef CRASH_SHEET_H
#define CRASH_SHEET_H

#include "crash/table.h"

#define SHEET_LEAF 64u

/* SHEET_LEAF numbers that follow each other. */
struct sheet_leaf {
	uint64_t number; /* the first number, divided by SHEET_LEAF */
	uint64_t used;   /* a bit for each number that is there */
	uint32_t slot;   /* index in the sheet's list */
	uint32_t values[SHEET_LEAF];
};

struct sheet {
	struct table leaves; /* by number, plus 1: struct sheet_leaf */
	struct sheet_leaf **list;
	uint32_t leaf_count, capacity;
	uint64_t count; /* numbers that are there */
};

/* The address of the number's value, valid until it is removed; NULL if it is not there. */
uint32_t *sheet_find(const struct sheet *sheet, uint64_t number);

/* As sheet_find(), but a missing number is added with the value 0. NULL: no memory. */
uint32_t *sheet_add(struct sheet *sheet, uint64_t number);

void sheet_remove(struct sheet *sheet, uint64_t number);
void sheet_fini(struct sheet *sheet);

/* A position in a sheet that does not change meanwhile; zeroed at the beginning. */
struct sheet_at {
	uint32_t leaf;
	uint64_t passed; /* a bit for each number of the leaf that was returned */
};

/*
 * Sets *number to the next number in the sheet, in no particular order. False: all were returned.
 */
bool sheet_next(const struct sheet *sheet, struct sheet_at *at, uint64_t *number);

#endif
