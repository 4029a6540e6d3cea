/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mirrored.c - a program that keeps its file and a pool on another machine alike, with mistakes
 * that only the mirror shows
 *
 *	mirrored MODE TARGET SET FILE	in each of ROUNDS rounds, stores a slot, and then adds to a
 *					count, which makes the slot valid
 *	mirrored check FILE		checks that each counted slot has the right content, and
 *					that each acknowledged slot is counted
 *
 * The file itself is right in every mode. On the mirror:
 *
 *	good		the slot, then the count: on one lane, on two lanes, with the slot sent
 *			relaxed; in the last round the pool is closed and opened afterwards
 *	unordered	the slot and the count in any order: one drain comes after both
 *	early		the count before the slot
 *	other-lane	the slot on one lane, and the drain of another lane before the count
 *	undrained	a round is acknowledged after a drain, but not of the lane of its count
 *	closed		between the slot and its drain, the pool is closed and opened again
 *	alone		as good, in memory that is not a file
 *	relaxed		as good, but the count is sent relaxed
 *	good-synced	each round is synced, and then acknowledged
 *	synced		each round is acknowledged, and then synced
 *	good-first	as good-synced, but the pool was created before the run
 *	good-lost	the connection is lost in round LOST, and the round is acknowledged when the
 *			pool is connected again
 *	lost		as good-lost, but the round is acknowledged before the pool is connected
 *			again
 *
 * The connection is lost because the program ends the daemon, whose process number is in the
 * file that the environment variable DAEMON names.
 */
#include <fcntl.h>
#include <libpmem.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE   ((size_t)65536)
#define ROUNDS 4u
#define LOST   2u            /* the round in which the connection is lost */
#define TIMES  UINT64_C(257) /* added to the count in each round: changes two of its bytes */
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

	*count = (round + 1) * TIMES;
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

CALLED void persist_slot(unsigned round, unsigned flags)
{
	EXPECT(!rpmem_persist(pool, slot_at(round), WORDS * 8, 0, flags));
}

CALLED void persist_count(unsigned flags)
{
	EXPECT(!rpmem_persist(pool, COUNT, 8, 0, flags));
}

CALLED void sync_all(char **words)
{
	EXPECT(!holdfast_mirror_sync(words[2], words[3], memory, SIZE, NULL, NULL));
}

/* Ends the daemon. */
static void lose_connection(void)
{
	FILE *file = fopen(getenv("DAEMON"), "r");
	int pid = 0;

	EXPECT(file && fscanf(file, "%d", &pid) == 1 && pid > 1);
	fclose(file);
	EXPECT(!kill(pid, SIGKILL));
}

/* Sends slot and count after the connection was lost, so that the mirror cannot get the count. */
CALLED void send_in_vain(unsigned round)
{
	lose_connection();
	for (unsigned tries = 0; tries < 5000; tries++)
		if (rpmem_persist(pool, slot_at(round), WORDS * 8, 0, 0))
			break;
	EXPECT(rpmem_persist(pool, COUNT, 8, 0, 0));
}

CALLED void connect_again(void)
{
	EXPECT(!holdfast_remote_reconnect(pool));
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

/*
 * In round LOST of the modes good-lost and lost, loses the connection while slot and count are sent
 * to the mirror, and then connects the pool again. Returns false, and does nothing, for other modes
 * and rounds.
 */
static bool send_again(const char *mode, unsigned round)
{
	bool is_good = !strcmp(mode, "good-lost");

	if ((!is_good && strcmp(mode, "lost")) || round != LOST)
		return false;
	send_in_vain(round);
	if (!is_good)
		acknowledge(round);
	connect_again();
	if (is_good)
		acknowledge(round);
	return true;
}

/* Returns true if the mode keeps no pool open, but calls holdfast_mirror_sync() in each round. */
static bool is_synced(const char *mode)
{
	return strstr(mode, "synced") || !strcmp(mode, "good-first");
}

/*
 * In a mode that keeps no pool open, sends slot and count of a round to the mirror by
 * holdfast_mirror_sync(). Returns false in other modes.
 */
static bool sync_round(char **words, unsigned round)
{
	bool is_good = !strncmp(words[1], "good", 4);

	if (!is_synced(words[1]))
		return false;
	if (!is_good)
		acknowledge(round);
	sync_all(words);
	if (is_good)
		acknowledge(round);
	return true;
}

static void send_round(char **words, unsigned round)
{
	const char *mode = words[1];

	if (sync_round(words, round) || send_again(mode, round))
		return;
	if (!strcmp(mode, "early")) {
		persist_count(0);
		persist_slot(round, 0);
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
		persist_slot(round, 0);
		flush_count(0);
		drain(1);
		acknowledge(round);
		drain(0);
	} else if (!strcmp(mode, "closed")) {
		flush_slot(round, 0);
		reopen(words);
		drain(0);
		persist_count(0);
	} else if (!strcmp(mode, "good") && round == 1) {
		send_in_lanes(round);
	} else {
		persist_slot(round, round == 2 ? RPMEM_PERSIST_RELAXED : 0);
		persist_count(strcmp(mode, "relaxed") ? 0 : RPMEM_PERSIST_RELAXED);
	}
	if (!strcmp(mode, "good") && round == ROUNDS - 1)
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
	if (strcmp(words[1], "good-first")) {
		pool = rpmem_create(words[2], words[3], memory, SIZE, &lanes, NULL);
		EXPECT(pool && lanes == 2);
	}
	if (pool && is_synced(words[1]))
		EXPECT(!rpmem_close(pool));
	for (unsigned round = 0; round < ROUNDS; round++) {
		store_slot(round);
		store_count(round);
		send_round(words, round);
	}
	if (!is_synced(words[1]))
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
	if (got != SIZE)
		return 2;
	if (count % TIMES || count / TIMES > ROUNDS) {
		printf("the count is torn\n");
		return 5;
	}
	count /= TIMES;
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
