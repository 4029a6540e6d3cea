/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirrored.c - a program that keeps its file and a pool on another machine alike, with mistakes
 * that only the mirror shows
 *
 *	mirrored MODE TARGET SET FILE	stores ROUNDS slots, each of which a count makes valid
 *	mirrored check FILE		are the slots that are counted as they should be, and all
 *					counted that are acknowledged?
 *
 * The file itself is right in every mode. On the mirror:
 *
 *	good		the slot, then the count
 *	good-lanes	the same, on two lanes, waiting for the first one
 *	good-again	the same, and the pool is closed and opened between the rounds
 *	unordered	both in any order: one drain comes after both
 *	early		the count before the slot
 *	other-lane	the slot on one lane, and the drain of another lane before the count
 *	undrained	a round is acknowledged after the drain of another lane than its count's
 *	alone		as good, in memory that is not a file
 */
#include <fcntl.h>
#include <libpmem.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE   ((size_t)65536)
#define ROUNDS 4u
#define WORDS  8u
#define SLOTS  ((size_t)4096)
#define COUNT  ((size_t)8192)
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "mirrored: %s: %s\n", #condition, rpmem_errormsg());       \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)
#define CALLED __attribute__((noinline)) static

static unsigned char *memory;
static RPMEMpool *pool;
static unsigned lanes = 2;

static size_t slot_at(unsigned round)
{
	return SLOTS + round * 128;
}

static uint64_t word_of(unsigned round, unsigned word)
{
	return round * 100 + word + 1;
}

/* ---- the file */

CALLED void store_slot(unsigned round)
{
	uint64_t *slot = (uint64_t *)(void *)(memory + slot_at(round));

	for (unsigned word = 0; word < WORDS; word++)
		slot[word] = word_of(round, word);
	pmem_persist(slot, WORDS * sizeof(*slot));
}

CALLED void store_count(unsigned round)
{
	uint64_t *count = (uint64_t *)(void *)(memory + COUNT);

	*count = round + 1;
	pmem_persist(count, sizeof(*count));
}

/* ---- the mirror */

CALLED void flush_slot(unsigned round, unsigned lane)
{
	EXPECT(!rpmem_flush(pool, slot_at(round), WORDS * 8, lane, 0));
}

CALLED void flush_count(unsigned lane)
{
	EXPECT(!rpmem_flush(pool, COUNT, 8, lane, 0));
}

CALLED void drain(unsigned lane)
{
	EXPECT(!rpmem_drain(pool, lane, 0));
}

CALLED void persist_slot(unsigned round)
{
	EXPECT(!rpmem_persist(pool, slot_at(round), WORDS * 8, 0, 0));
}

CALLED void persist_count(void)
{
	EXPECT(!rpmem_persist(pool, COUNT, 8, 0, 0));
}

static void reopen(char **words)
{
	struct rpmem_pool_attr attr;

	EXPECT(!rpmem_close(pool));
	pool = rpmem_open(words[2], words[3], memory, SIZE, &lanes, &attr);
	EXPECT(pool);
}

static void send_in_lanes(unsigned round)
{
	EXPECT(!holdfast_remote_persist_start(pool, slot_at(round), WORDS * 8, 1, 0));
	EXPECT(!holdfast_remote_persist_wait(pool, 1));
	EXPECT(!rpmem_deep_persist(pool, COUNT, 8, 0));
}

static void acknowledge(unsigned round)
{
	char line[16];
	int length = snprintf(line, sizeof(line), "%u\n", round + 1);

	EXPECT(write(STDOUT_FILENO, line, (size_t)length) == length);
}

static void send_round(char **words, unsigned round)
{
	const char *mode = words[1];

	if (!strcmp(mode, "good-lanes")) {
		send_in_lanes(round);
	} else if (!strcmp(mode, "early")) {
		persist_count();
		persist_slot(round);
	} else if (!strcmp(mode, "unordered")) {
		flush_slot(round, 0);
		flush_count(0);
		drain(0);
	} else if (!strcmp(mode, "other-lane")) {
		flush_slot(round, 1);
		drain(0);
		flush_count(0);
		drain(0);
		drain(1);
	} else if (!strcmp(mode, "undrained")) {
		persist_slot(round);
		flush_count(0);
		drain(1);
		acknowledge(round);
		drain(0);
	} else {
		persist_slot(round);
		persist_count();
	}
	if (!strcmp(mode, "good-again"))
		reopen(words);
	if (strcmp(mode, "undrained"))
		acknowledge(round);
}

static void run(char **words)
{
	bool is_alone = !strcmp(words[1], "alone");
	int file = is_alone ? -1 : open(words[4], O_RDWR | O_CREAT, 0600);

	EXPECT(is_alone || (file >= 0 && !ftruncate(file, (off_t)SIZE)));
	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		is_alone ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, file, 0);
	EXPECT(memory != MAP_FAILED);
	pool = rpmem_create(words[2], words[3], memory, SIZE, &lanes, NULL);
	EXPECT(pool && lanes == 2);
	for (unsigned round = 0; round < ROUNDS; round++) {
		store_slot(round);
		store_count(round);
		send_round(words, round);
	}
	EXPECT(!rpmem_close(pool));
}

/* ---- the check */

/* The number of rounds that were acknowledged before the crash. */
static unsigned acknowledged(void)
{
	const char *name = getenv("HOLDFAST_CRASH_OUT");
	FILE *file = name ? fopen(name, "r") : NULL;
	unsigned count = 0;

	for (int byte; file && (byte = getc(file)) != EOF;)
		count += byte == '\n';
	if (file)
		fclose(file);
	return count;
}

static int check(const char *name)
{
	static uint64_t words[SIZE / 8];
	FILE *file = fopen(name, "r");
	size_t got = file ? fread(words, 1, SIZE, file) : 0;

	if (file)
		fclose(file);
	uint64_t count = words[COUNT / 8];
	if (got != SIZE || count > ROUNDS)
		return 2;
	if (count < acknowledged()) {
		printf("a round that is acknowledged is not counted\n");
		return 3;
	}
	for (unsigned round = 0; round < count; round++)
		for (unsigned word = 0; word < WORDS; word++)
			if (words[slot_at(round) / 8 + word] != word_of(round, word)) {
				printf("slot %u is counted and not whole\n", round);
				return 4;
			}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "check"))
		return check(argv[2]);
	if (argc != 5)
		return 99;
	run(argv);
	return 0;
}
