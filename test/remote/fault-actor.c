/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fault-actor.c - make the calls of librpmem that a script asks for, and print the result of each
 *
 * Every line of standard input is a call; for each there is one line on standard output:
 *
 *	CALL: RESULT ERROR MILLISECONDS: MESSAGE
 *
 * RESULT is the return value of the call (0 for a handle), ERROR the name of errno if it failed,
 * or "-".
 *
 *	create TARGET SET BYTES LANES	create a pool with a header
 *	open TARGET SET BYTES LANES
 *	remove TARGET SET FLAGS
 *	attr				rpmem_set_attr() with the attributes of create
 *	persist LANE OFFSET LENGTH	store new random bytes, and rpmem_persist() them
 *	flush LANE OFFSET LENGTH	store new random bytes, and rpmem_flush() them
 *	deep LANE OFFSET LENGTH		store new random bytes, and rpmem_deep_persist() them
 *	relaxed LANE OFFSET LENGTH	like persist, with RPMEM_PERSIST_RELAXED
 *	drain LANE
 *	read LANE OFFSET LENGTH		rpmem_read(); if the range is within the bytes stored last,
 *					and differs from them, ERROR is "differs"
 *	reconnect			holdfast_remote_reconnect()
 *	close
 *	until CALL...			repeat the call until it fails; every 10 ms after 200 ms,
 *					which is enough time to cause a fault
 *	sleep MILLISECONDS
 *	about				lanes, port and provider of the pool, as the MESSAGE
 *
 * The program is linked with librpmem only, as a user's program would be.
 */
#include <errno.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "random.h"

static struct {
	RPMEMpool *rpp;
	char *memory; /* the local copy of the pool, whose bytes the target should have */
	size_t size;
	unsigned lanes;
	size_t offset, length; /* the range that was stored last */
} pool;

static const struct rpmem_pool_attr attr = {.signature = "ACTOR",
	.major = 1,
	.poolset_uuid = {1},
	.uuid = {2},
	.next_uuid = {2},
	.prev_uuid = {2}};

struct words {
	char *word[8];
	unsigned count;
};

static uint64_t number(const struct words *words, unsigned i)
{
	return i < words->count ? strtoull(words->word[i], NULL, 0) : 0;
}

static const char *text(const struct words *words, unsigned i)
{
	return i < words->count ? words->word[i] : NULL;
}

static int connect_pool(const struct words *words, bool create)
{
	size_t size = number(words, 3);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct rpmem_pool_attr got;

	if (memory == MAP_FAILED)
		return -1;
	pool.lanes = (unsigned)number(words, 4);
	pool.rpp = create ? rpmem_create(text(words, 1), text(words, 2), memory, size, &pool.lanes,
				    &attr)
			  : rpmem_open(text(words, 1), text(words, 2), memory, size, &pool.lanes,
				    &got);
	if (!pool.rpp) {
		int error = errno;
		munmap(memory, size);
		errno = error;
		return -1;
	}
	pool.memory = memory;
	pool.size = size;
	pool.length = 0;
	return 0;
}

/*
 * Stores new random bytes to this range of the memory. Does nothing if the range is not wholly
 * inside the memory.
 */
static void change(size_t offset, size_t length)
{
	static uint64_t state = 88172645463325252u;

	if (offset > pool.size || length > pool.size - offset)
		return;
	random_fill(pool.memory + offset, length, &state);
}

static int store(const struct words *words)
{
	unsigned lane = (unsigned)number(words, 1);
	size_t offset = number(words, 2), length = number(words, 3);
	char call = words->word[0][0];

	change(offset, length);
	pool.offset = offset;
	pool.length = length;
	if (call == 'p')
		return rpmem_persist(pool.rpp, offset, length, lane, 0);
	if (call == 'r')
		return rpmem_persist(pool.rpp, offset, length, lane, RPMEM_PERSIST_RELAXED);
	if (call == 'f')
		return rpmem_flush(pool.rpp, offset, length, lane, 0);
	return rpmem_deep_persist(pool.rpp, offset, length, lane);
}

static int look(const struct words *words, bool *differs)
{
	size_t offset = number(words, 2), length = number(words, 3);
	char *there = malloc(length + 1);

	if (!there)
		abort();
	int ret = rpmem_read(pool.rpp, there, offset, length, (unsigned)number(words, 1));
	if (!ret && offset >= pool.offset && offset + length <= pool.offset + pool.length)
		*differs = memcmp(there, pool.memory + offset, length);
	free(there);
	return ret;
}

static int end(void)
{
	int ret = rpmem_close(pool.rpp), error = errno;

	munmap(pool.memory, pool.size);
	pool.rpp = NULL;
	errno = error;
	return ret;
}

static int about(char *said, size_t size)
{
	struct holdfast_remote *remote;

	if (holdfast_remote_info(pool.rpp, &remote))
		return -1;
	snprintf(said, size, "lanes %u port %u provider %s method %s", pool.lanes, remote->port,
		holdfast_provider_name(remote->provider), holdfast_method_name(remote->method));
	holdfast_remote_free(&remote);
	return 0;
}

static int call(const struct words *words, bool *differs, char *said, size_t size)
{
	const char *name = words->word[0];

	*differs = false;
	*said = '\0';
	if (!strcmp(name, "create") || !strcmp(name, "open"))
		return connect_pool(words, *name == 'c');
	if (!strcmp(name, "remove"))
		return rpmem_remove(text(words, 1), text(words, 2), (int)number(words, 3));
	if (!strcmp(name, "sleep"))
		return nanosleep(&(struct timespec){(time_t)(number(words, 1) / 1000),
					 (long)(number(words, 1) % 1000 * 1000000)},
			NULL);
	if (!pool.rpp) {
		errno = EBADF;
		return -1;
	}
	if (!strcmp(name, "attr"))
		return rpmem_set_attr(pool.rpp, &attr);
	if (!strcmp(name, "drain"))
		return rpmem_drain(pool.rpp, (unsigned)number(words, 1), 0);
	if (!strcmp(name, "read"))
		return look(words, differs);
	if (!strcmp(name, "reconnect"))
		return holdfast_remote_reconnect(pool.rpp);
	if (!strcmp(name, "close"))
		return end();
	if (!strcmp(name, "about"))
		return about(said, size);
	return store(words);
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void act(struct words *words)
{
	bool again = !strcmp(words->word[0], "until"), differs;
	const uint64_t begin = milliseconds();
	char said[256];
	uint64_t start;
	int ret, error;

	if (again) {
		memmove(words->word, words->word + 1, sizeof(words->word) - sizeof(*words->word));
		words->count--;
	}
	do {
		start = milliseconds();
		if (start - begin > 200) {
			usleep(10000);
			start = milliseconds();
		}
		errno = 0;
		ret = call(words, &differs, said, sizeof(said));
		error = errno;
	} while (again && !ret && !differs);
	printf("%s: %d %s %ju: %s\n", words->word[0], ret,
		differs ? "differs"
		: ret   ? strerrorname_np(error) ? strerrorname_np(error) : "none"
			: "-",
		(uintmax_t)(milliseconds() - start), ret ? rpmem_errormsg() : said);
}

int main(void)
{
	char line[1024];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		struct words words = {.count = 0};

		for (char *word = strtok(line, " \n"); word && words.count < 8;
			word = strtok(NULL, " \n"))
			words.word[words.count++] = word;
		if (words.count && *words.word[0] != '#')
			act(&words);
	}
	return 0;
}
