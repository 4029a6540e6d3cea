/* SPDX-License-Identifier: BSD-3-Clause */
#include "cells.h"

#include <libpmem2.h>
#include <stdio.h>
#include <string.h>

#define KiB ((size_t)1 << 10)
#define MiB ((size_t)1 << 20)

#define NODRAIN     PMEM2_F_MEM_NODRAIN
#define NONTEMPORAL PMEM2_F_MEM_NONTEMPORAL
#define TEMPORAL    PMEM2_F_MEM_TEMPORAL
#define WC          PMEM2_F_MEM_WC
#define WB          PMEM2_F_MEM_WB
#define NOFLUSH     PMEM2_F_MEM_NOFLUSH

#define END (~0u)

/* 0 ends each list of lengths. */
static const size_t all_lengths[] = {8, 16, 24, 32, 48, 64, 100, 128, 200, 256, 384, 512, 768, KiB,
	2 * KiB, 4 * KiB, 8 * KiB, 16 * KiB, 32 * KiB, 64 * KiB, 128 * KiB, 256 * KiB, 512 * KiB,
	MiB, 2 * MiB, 4 * MiB, 8 * MiB, 16 * MiB, 0};
static const size_t some_lengths[] = {
	8, 64, 200, 256, KiB, 4 * KiB, 32 * KiB, 256 * KiB, 4 * MiB, 0};
static const size_t long_lengths[] = {
	128, 256, KiB, 4 * KiB, 16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB, 16 * MiB, 0};

static const unsigned no_flags[] = {0, END};
static const unsigned each_flag[] = {0, NODRAIN, NOFLUSH, NONTEMPORAL, TEMPORAL, WC, WB, END};
static const unsigned pairs_of_flags[] = {NONTEMPORAL | NODRAIN, TEMPORAL | NODRAIN, END};
static const unsigned main_flags[] = {0, NODRAIN, NOFLUSH, NONTEMPORAL, TEMPORAL, END};

/*
 * Distances of overlapping moves, destination minus source, in bytes; HALF and -HALF stand for
 * half of the length.
 */
#define HALF 2
static const ptrdiff_t separate[] = {0};
static const ptrdiff_t near_and_far[] = {64, -64, HALF, -HALF};

#define LIST(array) (array), sizeof(array) / sizeof((array)[0])

/*
 * Each row stands for all combinations of its lists. Each combination is measured at two offsets,
 * and at each offset twice: in cached memory, and in memory that is new for each call (`walks` in
 * cells.h).
 */
static const struct {
	enum face face;
	enum operation operation;
	const unsigned *flags;
	const size_t *lengths;
	const ptrdiff_t *apart;
	size_t aparts;
} table[] = {
	{FACE_PMEM, PERSIST, no_flags, all_lengths, LIST(separate)},
	{FACE_PMEM, FLUSH, no_flags, all_lengths, LIST(separate)},
	{FACE_PMEM, MEMCPY, each_flag, all_lengths, LIST(separate)},
	{FACE_PMEM, MEMCPY, pairs_of_flags, some_lengths, LIST(separate)},
	{FACE_PMEM, MEMMOVE, each_flag, all_lengths, LIST(separate)},
	{FACE_PMEM, MEMMOVE, main_flags, long_lengths, LIST(near_and_far)},
	{FACE_PMEM, MEMSET, each_flag, all_lengths, LIST(separate)},
	{FACE_PMEM2_LINE, PERSIST, no_flags, some_lengths, LIST(separate)},
	{FACE_PMEM2_LINE, FLUSH, no_flags, some_lengths, LIST(separate)},
	{FACE_PMEM2_LINE, MEMCPY, each_flag, some_lengths, LIST(separate)},
	{FACE_PMEM2_LINE, MEMMOVE, main_flags, some_lengths, LIST(separate)},
	{FACE_PMEM2_LINE, MEMSET, each_flag, some_lengths, LIST(separate)},
	{FACE_PMEM2_BYTE, PERSIST, no_flags, some_lengths, LIST(separate)},
	{FACE_PMEM2_BYTE, MEMCPY, each_flag, some_lengths, LIST(separate)},
	{FACE_PMEM2_BYTE, MEMMOVE, main_flags, some_lengths, LIST(separate)},
	{FACE_PMEM2_BYTE, MEMSET, each_flag, some_lengths, LIST(separate)},
};

/* Offsets in a cache line: its beginning, and one that is not aligned to any word. */
static const size_t offsets[] = {0, 13};

static void visit_places(struct cell *cell, void (*visit)(const struct cell *))
{
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		for (int walks = 0; walks < 2; walks++) {
			cell->offset = offsets[i];
			cell->walks = walks;
			visit(cell);
		}
}

void cells_walk(void (*visit)(const struct cell *cell))
{
	for (size_t row = 0; row < sizeof(table) / sizeof(table[0]); row++)
		for (const unsigned *flags = table[row].flags; *flags != END; flags++)
			for (size_t i = 0; i < table[row].aparts; i++)
				for (const size_t *length = table[row].lengths; *length; length++) {
					ptrdiff_t apart = table[row].apart[i];
					struct cell cell = {.face = table[row].face,
						.operation = table[row].operation,
						.flags = *flags,
						.length = *length,
						.apart = apart};
					if (apart == HALF || apart == -HALF)
						cell.apart = (ptrdiff_t)*length / apart;
					visit_places(&cell, visit);
				}
}

const char *cell_face(const struct cell *cell)
{
	static const char *const names[] = {"pmem", "pmem2-line", "pmem2-byte"};

	return names[cell->face];
}

const char *cell_operation(const struct cell *cell)
{
	static const char *const names[] = {"persist", "flush", "memcpy", "memmove", "memset"};

	return names[cell->operation];
}

const char *cell_flags(const struct cell *cell)
{
	static const char *const names[] = {
		"NODRAIN", "NONTEMPORAL", "TEMPORAL", "WC", "WB", "NOFLUSH"};
	static char text[80];

	strcpy(text, cell->flags ? "" : "-");
	for (unsigned bit = 0; bit < sizeof(names) / sizeof(names[0]); bit++)
		if (cell->flags & 1u << bit) {
			strcat(text, *text ? "|" : "");
			strcat(text, names[bit]);
		}
	return text;
}

const char *cell_place(const struct cell *cell)
{
	static char text[80];
	const char *aligned = cell->offset % 64 ? "odd" : "aligned";

	if (cell->apart)
		snprintf(text, sizeof(text), "%s,%+td", aligned, cell->apart);
	else
		strcpy(text, aligned);
	return text;
}

double cell_goal(const struct cell *cell)
{
	bool copies = cell->operation == MEMCPY || cell->operation == MEMMOVE;

	if (copies && cell->length < 256 && cell->flags & (NODRAIN | NOFLUSH))
		return 1.3;
	if (copies && cell->length < 64 && cell->flags & (NONTEMPORAL | WC))
		return 1.3;
	if (cell->apart && cell->length >= 64 * KiB)
		return 1.5;
	return 0.98;
}
