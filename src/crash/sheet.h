/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sheet.h - a table that maps numbers, many of which are consecutive, to values of 32 bits
 *
 * The numbers are those of lines or units of files. The table, a struct sheet, takes 4 to 5 bytes
 * for each number if the table also has most of the adjacent numbers. A zeroed struct is an empty
 * table.
 */
#ifndef CRASH_SHEET_H
#define CRASH_SHEET_H

#include "crash/table.h"

#define SHEET_LEAF 64u

/* An entry of the table: the values for SHEET_LEAF consecutive numbers. */
struct sheet_leaf {
	uint64_t number; /* the first of these numbers, divided by SHEET_LEAF */
	uint64_t used;   /* a bit for each of these numbers: 1 if the table has the number */
	uint32_t slot;   /* index of this entry in `list` of struct sheet */
	uint32_t values[SHEET_LEAF];
};

struct sheet {
	struct table leaves; /* maps `number` of an entry, plus 1, to the entry */
	struct sheet_leaf **list;
	uint32_t leaf_count, capacity;
	uint64_t count; /* how many numbers the table has */
};

/*
 * Returns the address of the value for this number, valid until the number is removed; NULL if the
 * table does not have the number.
 */
uint32_t *sheet_find(const struct sheet *sheet, uint64_t number);

/*
 * Like sheet_find(), but if the table does not have the number, adds it with the value 0. Returns
 * NULL if there is no memory.
 */
uint32_t *sheet_add(struct sheet *sheet, uint64_t number);

void sheet_remove(struct sheet *sheet, uint64_t number);
void sheet_fini(struct sheet *sheet);

/*
 * How far a loop that calls sheet_next() has come; all zeros before the first call. The table must
 * not change during the loop.
 */
struct sheet_at {
	uint32_t leaf;
	uint64_t passed; /* a bit for each number of the current entry: 1 if it was returned */
};

/*
 * Sets *number to the next number that the table has, in no particular order. Returns false after
 * the last one.
 */
bool sheet_next(const struct sheet *sheet, struct sheet_at *at, uint64_t *number);

#endif
