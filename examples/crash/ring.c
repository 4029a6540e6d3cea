/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring.c - a durable ring buffer, with three classic mistakes to be found by `holdfast crash`
 *
 *	ring put FILE COUNT	put COUNT records, and take one out when it is full
 *	ring check FILE		exit status 1, and a message, unless all records are whole
 *
 * README.md in this folder explains the mistakes. Compile this file with -DMISTAKE=1, 2 or 3 to
 * make that mistake, or without it for a ring that survives any power cut.
 */
#include <libpmem.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef MISTAKE
#define MISTAKE 0
#endif

#define RECORDS 8

struct record {
	uint64_t number;
	char text[56];
};

/* The ring has the records from number `tail` to `head` - 1, each at its number modulo RECORDS. */
struct ring {
	_Alignas(64) uint64_t head;
	_Alignas(64) uint64_t tail;
	_Alignas(64) struct record records[RECORDS];
};

static void fill(struct record *record, uint64_t number)
{
	record->number = number;
	snprintf(record->text, sizeof(record->text), "this is record %llu",
		(unsigned long long)number);
}

static void take(struct ring *ring)
{
	ring->tail++;
	pmem_persist(&ring->tail, sizeof(ring->tail));
}

static void put(struct ring *ring)
{
	struct record *record = &ring->records[ring->head % RECORDS];

#if MISTAKE != 3
	if (ring->head - ring->tail == RECORDS)
		take(ring);
#endif
	struct record new = {0};
	fill(&new, ring->head);
	*record = new;
#if MISTAKE == 2
	pmem_flush(record, sizeof(*record)); /* mistake 2: no drain after this flush */
#elif MISTAKE != 1
	pmem_persist(record, sizeof(*record));
#endif
#if MISTAKE == 3
	if (ring->head - ring->tail == RECORDS)
		take(ring); /* mistake 3: the new record has overwritten the oldest one */
#endif
	ring->head++;
	pmem_persist(&ring->head, sizeof(ring->head));
}

static int check(const struct ring *ring)
{
	struct record wanted;

	if (ring->head - ring->tail > RECORDS) {
		printf("the ring holds %llu records but has room for %d\n",
			(unsigned long long)(ring->head - ring->tail), RECORDS);
		return 1;
	}
	for (uint64_t number = ring->tail; number < ring->head; number++) {
		memset(&wanted, 0, sizeof(wanted));
		fill(&wanted, number);
		if (ring->records[number % RECORDS].number == number &&
			!strcmp(ring->records[number % RECORDS].text, wanted.text))
			continue;
		printf("record %llu is incomplete\n", (unsigned long long)number);
		return 1;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	size_t length;
	int is_pmem;

	if (argc < 3)
		return 2;
	struct ring *ring = pmem_map_file(argv[2], 4096, PMEM_FILE_CREATE, 0600, &length, &is_pmem);
	if (!ring) {
		fprintf(stderr, "ring: %s\n", pmem_errormsg());
		return 2;
	}
	if (!strcmp(argv[1], "check"))
		return check(ring);
	for (int left = argc > 3 ? atoi(argv[3]) : 1; left > 0; left--)
		put(ring);
	return 0;
}
