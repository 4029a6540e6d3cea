/* SPDX-License-Identifier: BSD-3-Clause */
#include "remote-cells.h"

#include <stdio.h>

#include "busy.h"

#define KiB ((size_t)1 << 10)
#define MiB ((size_t)1 << 20)

/* Lengths in bytes; 0 ends each list. */
static const size_t small[] = {8, 64, 256, KiB, 4 * KiB, 0};
static const size_t large[] = {16 * KiB, 64 * KiB, 256 * KiB, MiB, 4 * MiB, 16 * MiB, 0};
static const size_t some[] = {64, 4 * KiB, 64 * KiB, MiB, 0};
static const size_t word_and_page[] = {64, 4 * KiB, 0};
static const size_t line[] = {64, 0};
static const size_t page[] = {4 * KiB, 0};
static const size_t portion[] = {64 * KiB, 0};

static const size_t once[] = {1, 0};
static const size_t batches[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 0};
static const size_t sixteen[] = {16, 0};
static const size_t lanes[] = {1, 2, 4, 8, 16, 0};
static const size_t more_lanes[] = {2, 4, 8, 16, 0};

static const size_t busy_lengths[] = {64, 4 * KiB, 64 * KiB, 0};
static const size_t one_or_sixteen[] = {1, 16, 0};

#define FLAGS0  false
#define RELAXED true

/* Each row stands for all combinations of its lists. */
static const struct {
	enum remote_call call;
	bool relaxed;
	enum pool_kind pool;
	const size_t *lengths, *flushes, *lanes;
	enum beside beside;
	bool idle;
} table[] = {
	{REMOTE_PERSIST, FLAGS0, LINE, small, once, once, BESIDE_PING, false},
	{REMOTE_PERSIST, FLAGS0, LINE, large, once, once, BESIDE_WRITE_READ, false},
	{REMOTE_PERSIST, RELAXED, LINE, small, once, once, BESIDE_PING, false},
	{REMOTE_PERSIST, RELAXED, LINE, large, once, once, BESIDE_WRITE_READ, false},
	{REMOTE_FLUSHES, FLAGS0, LINE, line, batches, once, BESIDE_PERSIST, false},
	{REMOTE_FLUSHES, FLAGS0, LINE, page, batches, once, BESIDE_WRITE_READ, false},
	{REMOTE_FLUSHES, RELAXED, LINE, page, batches, once, BESIDE_WRITE_READ, false},
	{REMOTE_READ, FLAGS0, LINE, small, once, once, BESIDE_PING, false},
	{REMOTE_READ, FLAGS0, LINE, large, once, once, BESIDE_READ, false},
	{REMOTE_PERSIST, FLAGS0, LINE, word_and_page, once, once, BESIDE_PING, true},
	{REMOTE_READ, FLAGS0, LINE, word_and_page, once, once, BESIDE_PING, true},
	{REMOTE_PERSIST, FLAGS0, LINE, line, once, lanes, BESIDE_PING, false},
	{REMOTE_PERSIST, FLAGS0, LINE, portion, once, lanes, BESIDE_WRITE_READ, false},
	{REMOTE_PERSIST, FLAGS0, LINE, line, once, more_lanes, BESIDE_ONE_LANE, false},
	{REMOTE_PERSIST, FLAGS0, LINE, portion, once, more_lanes, BESIDE_ONE_LANE, false},
	{REMOTE_PERSIST, FLAGS0, BYTE, small, once, once, BESIDE_PING, false},
	{REMOTE_PERSIST, FLAGS0, BYTE, large, once, once, BESIDE_WRITE_READ, false},
	{REMOTE_PERSIST, RELAXED, BYTE, small, once, once, BESIDE_PING, false},
	{REMOTE_PERSIST, RELAXED, BYTE, large, once, once, BESIDE_WRITE_READ, false},
	{REMOTE_FLUSHES, RELAXED, BYTE, line, batches, once, BESIDE_PERSIST, false},
	{REMOTE_PERSIST, RELAXED, BYTE, line, once, lanes, BESIDE_PING, false},
	{REMOTE_PERSIST, FLAGS0, PAGE, some, once, once, BESIDE_MSYNC, false},
	{REMOTE_PERSIST, RELAXED, PAGE, some, once, once, BESIDE_MSYNC, false},
	{REMOTE_FLUSHES, FLAGS0, PAGE, line, sixteen, once, BESIDE_MSYNC, false},
	{REMOTE_PERSIST, FLAGS0, LINE, busy_lengths, once, once, BESIDE_NBD, false},
	{REMOTE_READ, FLAGS0, LINE, page, once, once, BESIDE_NBD, false},
	{REMOTE_FLUSHES, FLAGS0, LINE, line, one_or_sixteen, once, BESIDE_NBD, false},
};

/* The goals of those measurements (cells) in which a single thread makes calls. */
static const struct {
	enum remote_call call;
	bool relaxed;
	enum pool_kind pool;
	size_t length, flushes;
	double most;
	bool idle;
} goals[] = {
	{REMOTE_PERSIST, FLAGS0, LINE, 64, 1, 1.25, false},
	{REMOTE_PERSIST, RELAXED, BYTE, 64, 1, 1.2, false},
	{REMOTE_FLUSHES, FLAGS0, LINE, 64, 16, 1.8, false},
	{REMOTE_PERSIST, FLAGS0, LINE, MiB, 1, 1.6, false},
	{REMOTE_PERSIST, RELAXED, LINE, MiB, 1, 1.25, false},
	{REMOTE_PERSIST, RELAXED, BYTE, MiB, 1, 1.25, false},
	{REMOTE_READ, FLAGS0, LINE, 4 * KiB, 1, 1.3, false},
	{REMOTE_PERSIST, FLAGS0, LINE, 64, 1, 1.5, true},
};

static double goal_of(const struct remote_cell *cell)
{
	if (cell->beside == BESIDE_NBD)
		return cell->loops ? 1.5 : 0;
	/* Throughput should grow with the lanes, as long as both ends have enough processors. */
	if (cell->beside == BESIDE_ONE_LANE)
		return cell->lanes == 2 ? 1 : 0;
	for (size_t i = 0; i < sizeof(goals) / sizeof(goals[0]); i++)
		if (cell->call == goals[i].call && cell->relaxed == goals[i].relaxed &&
			cell->pool == goals[i].pool && cell->length == goals[i].length &&
			cell->flushes == goals[i].flushes && !cell->threads &&
			cell->idle == goals[i].idle)
			return goals[i].most;
	return 0;
}

static size_t beside_length(const struct remote_cell *cell)
{
	/* A read transfers its bytes in the answer; its request is always short. */
	if (cell->call == REMOTE_READ && cell->beside == BESIDE_PING)
		return 64;
	return cell->beside == BESIDE_PERSIST ? cell->length : cell->length * cell->flushes;
}

/*
 * Calls `visit` for this measurement (cell) without other work on the machine and, if our call is
 * compared with one of libnbd, also with one and with two busy loops.
 */
static void visit_loops(void (*visit)(const struct remote_cell *cell), struct remote_cell *cell)
{
	unsigned most = cell->beside == BESIDE_NBD ? BUSY_MOST : 0;

	for (cell->loops = 0; cell->loops <= most; cell->loops++) {
		cell->beside_length = beside_length(cell);
		cell->goal = goal_of(cell);
		visit(cell);
	}
}

void remote_cells_walk(void (*visit)(const struct remote_cell *cell))
{
	for (size_t row = 0; row < sizeof(table) / sizeof(table[0]); row++)
		for (const size_t *length = table[row].lengths; *length; length++)
			for (const size_t *flushes = table[row].flushes; *flushes; flushes++)
				for (const size_t *count = table[row].lanes; *count; count++) {
					struct remote_cell cell = {.call = table[row].call,
						.relaxed = table[row].relaxed,
						.pool = table[row].pool,
						.length = *length,
						.flushes = *flushes,
						.lanes = (unsigned)*count,
						.threads = table[row].lanes != once,
						.idle = table[row].idle,
						.beside = table[row].beside};
					visit_loops(visit, &cell);
				}
}

const char *remote_cell_group(const struct remote_cell *cell)
{
	static const char *const names[] = {"remote-line", "remote-byte", "remote-page"};

	if (cell->beside == BESIDE_NBD)
		return "remote-busy";
	return names[cell->pool];
}

const char *remote_cell_call(const struct remote_cell *cell)
{
	static const char *const names[] = {"rpmem_persist", "rpmem_flush, drain", "rpmem_read"};
	static char text[64];

	snprintf(text, sizeof(text), "%s%s%s", names[cell->call],
		cell->beside == BESIDE_ONE_LANE ? ", more lanes"
		: cell->threads                 ? ", threads"
						: "",
		cell->idle ? " after 1 ms" : "");
	return text;
}

const char *remote_cell_beside(const struct remote_cell *cell)
{
	static const char *const names[] = {
		"ping", "write+read", "read", "persist", "one lane", "msync", "libnbd"};

	return names[cell->beside];
}

const char *remote_cell_pace(const struct remote_cell *cell)
{
	static char text[48];
	int length;

	if (cell->call == REMOTE_FLUSHES)
		length = snprintf(text, sizeof(text), "%zu times", cell->flushes);
	else
		length = snprintf(
			text, sizeof(text), "%u lane%s", cell->lanes, cell->lanes > 1 ? "s" : "");
	if (cell->loops)
		snprintf(text + length, sizeof(text) - (size_t)length, ", %u loop%s", cell->loops,
			cell->loops > 1 ? "s" : "");
	return text;
}
