/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sheet.h - map numbers of lines or units, many of which follow each other, to numbers of 32 bits
 *
 * A sheet takes 4 to 5 bytes a number if most numbers next to it are in the sheet, too. A zeroed
 * struct is an empty sheet.
 */
#ifndef CRASH_SHEET_H
#define CRASH_SHEET_H

#include "crash/table.h"

#define SHEET_LEAF 64u

/* The values of SHEET_LEAF consecutive numbers. */
struct sheet_leaf {
	uint64_t number; /* the leaf's first number, divided by SHEET_LEAF */
	uint64_t used;   /* a bit for each number of the leaf that is in the sheet */
	uint32_t slot;   /* index of the leaf in the sheet's list */
	uint32_t values[SHEET_LEAF];
};

struct sheet {
	struct table leaves; /* by first number / SHEET_LEAF, plus 1: struct sheet_leaf */
	struct sheet_leaf **list;
	uint32_t leaf_count, capacity;
	uint64_t count; /* how many numbers are in the sheet */
};

/*
 * Returns the address of the number's value, valid until the number is removed; NULL if the number
 * is not in the sheet.
 */
uint32_t *sheet_find(const struct sheet *sheet, uint64_t number);

/*
 * Like sheet_find(), but if the number is not in the sheet, adds it with the value 0. Returns NULL
 * if there is no memory.
 */
uint32_t *sheet_add(struct sheet *sheet, uint64_t number);

void sheet_remove(struct sheet *sheet, uint64_t number);
void sheet_fini(struct sheet *sheet);

/*
 * A position in a sheet, for sheet_next(): zeroed to begin with. The sheet must not change
 * meanwhile.
 */
struct sheet_at {
	uint32_t leaf;
	uint64_t passed; /* a bit for each number of the leaf that sheet_next() has returned */
};

/*
 * Sets *number to a number of the sheet that was not returned yet, in any order. Returns false if
 * all were returned.
 */
bool sheet_next(const struct sheet *sheet, struct sheet_at *at, uint64_t *number);

#endif
