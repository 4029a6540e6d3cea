/* SPDX-License-Identifier: BSD-3-Clause */
#include "calls.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"

#define LINE 64

static void find_pmem(struct calls *calls, void *in)
{
	*calls = (struct calls){
		.flush = CALL(in, pmem_flush),
		.drain = CALL(in, pmem_drain),
		.persist = CALL(in, pmem_persist),
		.copy = CALL(in, pmem_memcpy),
		.move = CALL(in, pmem_memmove),
		.set = CALL(in, pmem_memset),
	};
}

static void find_pmem2(struct calls *calls, const struct library *library, int fd, char *memory,
	enum pmem2_granularity granularity)
{
	struct pmem2_map *map = library_adopt(library, fd, memory, LINE, granularity);
	void *in = library->pmem2;

	*calls = (struct calls){
		.flush = CALL(in, pmem2_get_flush_fn)(map),
		.drain = CALL(in, pmem2_get_drain_fn)(map),
		.persist = CALL(in, pmem2_get_persist_fn)(map),
		.copy = CALL(in, pmem2_get_memcpy_fn)(map),
		.move = CALL(in, pmem2_get_memmove_fn)(map),
		.set = CALL(in, pmem2_get_memset_fn)(map),
	};
}

void calls_find(struct calls calls[FACES], const struct library *library, char *memory)
{
	char name[] = "/tmp/holdfast-bench-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) || ftruncate(fd, LINE))
		err(1, "%s", name);
	find_pmem(&calls[FACE_PMEM], library->pmem);
	find_pmem2(&calls[FACE_PMEM2_LINE], library, fd, memory, PMEM2_GRANULARITY_CACHE_LINE);
	find_pmem2(&calls[FACE_PMEM2_BYTE], library, fd, memory + 4096, PMEM2_GRANULARITY_BYTE);
	close(fd);
}

/*
 * Finds the two sequences of bare instructions that do what the flags of this call (`cell`) ask
 * for; libraries are compared with the faster sequence.
 */
static void bare_ways(const struct cell *cell, enum bare_way ways[2])
{
	bool drains = !(cell->flags & PMEM2_F_MEM_NODRAIN);
	enum bare_way stream = drains ? BARE_STREAM_DRAIN : BARE_STREAM;

	if (cell->face == FACE_PMEM2_BYTE)
		ways[0] = drains ? BARE_STORE_DRAIN : BARE_STORE;
	else
		ways[0] = drains ? BARE_FLUSH_DRAIN : BARE_FLUSH;
	ways[1] = stream;
	if (cell->flags & PMEM2_F_MEM_NOFLUSH)
		ways[0] = ways[1] = BARE_STORE;
	else if (cell->flags & (PMEM2_F_MEM_TEMPORAL | PMEM2_F_MEM_WB))
		ways[1] = ways[0];
	else if (cell->face == FACE_PMEM2_BYTE && cell->flags & PMEM2_F_MEM_NONTEMPORAL)
		ways[0] = stream;
	else if (cell->face == FACE_PMEM2_BYTE)
		ways[1] = ways[0];
}

static void bare_drain(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

size_t calls_bare(const struct cell *cell, struct calls bare[2])
{
	enum bare_way ways[2];

	if (!bare_persist(BARE_FLUSH))
		return 0;
	bare_ways(cell, ways);
	for (int i = 0; i < 2; i++)
		bare[i] = (struct calls){bare_persist(BARE_FLUSH), bare_drain,
			bare_persist(ways[0]), bare_move(ways[i], cell->length),
			bare_move(ways[i], cell->length), bare_set(ways[i], cell->length)};
	return cell->operation <= FLUSH || ways[0] == ways[1] ? 1 : 2;
}
