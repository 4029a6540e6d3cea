/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reconnect.c - persists to a pool on another machine, and reconnects after a power cut
 *
 *	reconnect write HOST SET NAME	at the initiator: persist until the target is lost,
 *					store on, reconnect, and persist again
 *	reconnect look PATH ROUNDS	at the target, before the reconnect
 *
 * Round N stores the number N, and bytes that depend on it, to page N modulo PAGES. `write' prints
 * the numbers of the rounds that were acknowledged before the cut to NAME.acks, and in the end the
 * memory to NAME.memory. The pool must then be equal to that file.
 */
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <time.h>

#include "guest.h"

#define POOL     ((size_t)8 << 20)
#define PAGE     ((size_t)4096)
#define PAGES    (POOL / PAGE)
#define LANES    2u
#define WORDS    24 /* stored by each round */
#define PATIENCE 240

static uint64_t *memory;
static RPMEMpool *rpp;

static uint64_t word(uint64_t round, unsigned i)
{
	return i ? round * UINT64_C(0x9e3779b97f4a7c15) + i : round;
}

static uint64_t *page_of(uint64_t round)
{
	return memory + round % PAGES * (PAGE / sizeof(*memory));
}

static int store(uint64_t round)
{
	uint64_t *at = page_of(round);
	size_t offset = (size_t)((char *)at - (char *)memory);
	unsigned lane = (unsigned)(round % LANES);

	for (unsigned i = 0; i < WORDS; i++)
		at[i] = word(round, i);
	if (round % 3)
		return rpmem_persist(rpp, offset, WORDS * 8, lane, 0);
	return rpmem_flush(rpp, offset, WORDS * 8, lane, 0) ? -1 : rpmem_drain(rpp, lane, 0);
}

static uint64_t write_until_lost(const char *name)
{
	char path[512];
	uint64_t round = 0;

	snprintf(path, sizeof(path), "%s.acks", name);
	FILE *acks = fopen(path, "we");
	if (!acks)
		bail("cannot write %s: %m", path);
	while (!store(++round)) {
		fprintf(acks, "%ju\n", (uintmax_t)round);
		fflush(acks);
	}
	ok(errno == ETIMEDOUT || errno == ECONNRESET,
		"power cut of the target: a remote persist of the initiator fails: %s",
		strerror(errno));
	diag("in round %ju: %s", (uintmax_t)round, rpmem_errormsg());
	fclose(acks);
	return round;
}

static void reconnect(void)
{
	time_t began = time(NULL);
	int tries = 1;

	while (holdfast_remote_reconnect(rpp)) {
		diag("after %ld s: %s", (long)(time(NULL) - began), rpmem_errormsg());
		if (time(NULL) - began > PATIENCE)
			break;
		tries++;
		sleep(1);
	}
	ok(!holdfast_remote_persist_start(rpp, 0, 8, 0, 0) && !holdfast_remote_persist_wait(rpp, 0),
		"reconnect: the remote pool can be stored to again, after %d attempts", tries);
}

static void keep_memory(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s.memory", name);
	FILE *file = fopen(path, "we");
	if (!file || fwrite(memory, POOL, 1, file) != 1 || fclose(file))
		bail("cannot write %s: %m", path);
}

static void write_pool(char **argv)
{
	unsigned lanes = LANES;
	int failed = 0;

	rpp = rpmem_create(argv[2], argv[3], memory, POOL, &lanes, NULL);
	if (!rpp)
		bail("cannot make %s: %s", argv[3], rpmem_errormsg());
	uint64_t round = write_until_lost(argv[4]);
	for (int i = 0; i < 500; i++)
		failed += store(++round) != 0;
	is_int(failed, 500,
		"power cut of the target: after the first failure all later stores fail, too");
	reconnect();
	failed = 0;
	for (int i = 0; i < 50; i++)
		failed += store(++round) != 0;
	is_int(failed, 0, "reconnect: remote persists succeed again after the reconnect");
	is_int(rpmem_close(rpp), 0, "reconnect: the pool is closed");
	keep_memory(argv[4]);
}

/*
 * Checks that each page has the bytes of one whole round, not older than the page's last
 * acknowledged round.
 */
static void look(char **argv)
{
	uint64_t acked = strtoull(argv[3], NULL, 10), lost = 0, torn = 0;
	FILE *file = fopen(argv[2], "re");

	if (!file || fread(memory, POOL, 1, file) != 1)
		bail("cannot read %s: %m", argv[2]);
	for (uint64_t round = acked > PAGES ? acked - PAGES + 1 : 1; round <= acked; round++) {
		uint64_t there = *page_of(round);
		lost += there < round || there % PAGES != round % PAGES;
		for (unsigned i = 0; i < WORDS; i++)
			torn += there == round && page_of(round)[i] != word(round, i);
	}
	fclose(file);
	ok(acked, "power cut of the target: %ju rounds of stores were acknowledged before it",
		(uintmax_t)acked);
	is_int((long)lost, 0,
		"power cut of the target: all acknowledged rounds of stores are in the pool");
	is_int((long)torn, 0, "power cut of the target: no acknowledged round of stores is torn");
}

int main(int argc, char **argv)
{
	memory = mmap(NULL, POOL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		bail("no memory: %m");
	if (argc == 5 && !strcmp(argv[1], "write"))
		write_pool(argv);
	else if (argc == 4 && !strcmp(argv[1], "look"))
		look(argv);
	else
		bail("usage: reconnect write HOST SET NAME | reconnect look PATH ROUNDS");
	return tap_done();
}
