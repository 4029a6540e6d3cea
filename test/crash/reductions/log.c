/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * log.c - transfers through a redo log, and records that are copied with streaming stores
 *
 * p2	the log is invalidated after the accounts were changed and flushed, but not drained
 * p4	a streaming copy ends with a compiler barrier instead of a fence
 */
#include <emmintrin.h>

#include "reduction.h"

#define ACCOUNTS  4
#define TRANSFERS 3
#define RECORDS   3

struct root {
	ALIGNED uint64_t valid;
	ALIGNED uint64_t number[2], balance[2]; /* the log: new balances of two accounts */
	struct {
		ALIGNED uint64_t balance;
	} accounts[ACCOUNTS];
	ALIGNED uint64_t records;
	struct {
		ALIGNED long long words[8];
	} record[RECORDS];
};

static struct root *root(void)
{
	return (struct root *)(void *)(base + ROOT);
}

static void apply(void)
{
	for (unsigned i = 0; i < 2; i++) {
		uint64_t *balance = &root()->accounts[root()->number[i] % ACCOUNTS].balance;
		*balance = root()->balance[i]; /* p2: lost */
		flush(balance, sizeof(*balance));
	}
	if (!HAS(p2))
		drain();
	root()->valid = 0; /* p2: early */
	persist(&root()->valid, sizeof(root()->valid));
}

static void transfer(unsigned from, unsigned to, uint64_t amount)
{
	struct root *r = root();

	r->number[0] = from;
	r->balance[0] = r->accounts[from].balance - amount;
	r->number[1] = to;
	r->balance[1] = r->accounts[to].balance + amount;
	persist(r->number, sizeof(r->number));
	persist(r->balance, sizeof(r->balance));
	r->valid = 1;
	persist(&r->valid, sizeof(r->valid));
	apply();
}

static void append(uint64_t number)
{
	long long *words = root()->record[number].words;

	for (unsigned i = 0; i < 8; i++)
		_mm_stream_si64(&words[i], 100 * (long long)(number + 1) + i); /* p4: lost */
	if (HAS(p4))
		__asm__ volatile("" ::: "memory");
	else
		_mm_sfence();
	root()->records = number + 1; /* p4: early */
	persist(&root()->records, sizeof(root()->records));
}

static void work(void)
{
	for (unsigned i = 0; i < TRANSFERS; i++) {
		transfer(i, i + 1, 10);
		done();
	}
	for (unsigned i = 0; i < RECORDS; i++) {
		append(i);
		done();
	}
}

/* Checks the accounts: in transfer i account i + 1 got 10 from account i. */
static bool is_after(unsigned transfers)
{
	for (unsigned i = 0; i < ACCOUNTS; i++) {
		uint64_t in = i && i - 1 < transfers ? 10 : 0, out = i < transfers ? 10 : 0;
		if (root()->accounts[i].balance != in - out)
			return false;
	}
	return true;
}

static int check(unsigned count)
{
	unsigned transfers = count < TRANSFERS ? count : TRANSFERS;

	if (root()->valid)
		apply();
	if (!is_after(transfers) && !(count < TRANSFERS && is_after(transfers + 1)))
		return wrong("only half of a transfer was made");
	if (root()->records < count - transfers || root()->records > RECORDS)
		return wrong("an acknowledged record is missing");
	for (uint64_t i = 0; i < root()->records; i++)
		for (unsigned word = 0; word < 8; word++)
			if (root()->record[i].words[word] != 100 * (long long)(i + 1) + word)
				return wrong("a record is incomplete");
	return 0;
}
