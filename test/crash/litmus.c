/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * litmus.c - nine classic mistakes with durable data, and three programs without a mistake
 *
 *	litmus CASE write FILE		make the stores of CASE, with libpmem
 *	litmus CASE check FILE		exit status 1 if the flag is set without its data
 *
 * FILE has 4096 bytes. The table at the end names the cases, and the mistake of each. If BARE
 * is defined, the program flushes with instructions of its own (bare.h), without libpmem.
 */
#ifdef BARE
#include "bare.h"
#else
#include <libpmem.h>
#endif
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOB 512

/* Each member has a cache line of its own, except for a and b, which share a line. */
struct data {
	volatile uint64_t a, b;
	uint64_t unused1[6];
	volatile uint64_t flag;
	uint64_t unused2[7];
	volatile uint64_t c;
	uint64_t unused3[7];
	char blob[BLOB];
};

static struct data *data;
static volatile int turn;

static void persist(const volatile void *what, size_t length)
{
	pmem_persist((const void *)what, length);
}

static void flush(const volatile void *what)
{
	pmem_flush((const void *)what, 8);
}

static void set_flag(void)
{
	data->flag = 1;
	persist(&data->flag, 8);
}

static void no_flush(void)
{
	data->a = 1;
	set_flag();
}

static void one_epoch(void)
{
	data->a = 1;
	data->flag = 1;
	flush(&data->a);
	flush(&data->flag);
	pmem_drain();
}

static void flag_first_in_line(void)
{
	data->b = 1;
	data->a = 1;
	persist(&data->a, 16);
}

static void flag_evicted(void)
{
	data->flag = 1;
	data->a = 1;
	persist(&data->a, 8);
	persist(&data->flag, 8);
}

static void no_drain(void)
{
	data->a = 1;
	flush(&data->a);
	data->flag = 1;
	flush(&data->flag);
	pmem_drain();
}

static void copy_not_drained(void)
{
	static char source[BLOB];

	memset(source, 7, sizeof(source));
	pmem_memcpy_nodrain(data->blob, source, sizeof(source));
	set_flag();
}

static void two_words(void)
{
	data->a = 5;
	data->b = 5;
	persist(&data->a, 16);
}

static void *flush_only(void *unused)
{
	(void)unused;
	data->a = 1;
	flush(&data->a);
	turn = 1;
	while (turn != 2)
		;
	return NULL;
}

static void *flag_only(void *unused)
{
	(void)unused;
	while (turn != 1)
		;
	set_flag();
	turn = 2;
	return NULL;
}

static void other_threads_drain(void)
{
	pthread_t first, second;

	pthread_create(&first, NULL, flush_only, NULL);
	pthread_create(&second, NULL, flag_only, NULL);
	pthread_join(first, NULL);
	pthread_join(second, NULL);
}

static void one_never_flushed(void)
{
	data->c = 1;
	data->a = 1;
	persist(&data->a, 8);
	set_flag();
}

static void good(void)
{
	data->a = 1;
	persist(&data->a, 8);
	set_flag();
}

static void good_in_line(void)
{
	data->a = 1;
	data->b = 1;
	persist(&data->a, 16);
}

static void good_copy(void)
{
	static char source[BLOB];

	memset(source, 7, sizeof(source));
	pmem_memcpy_persist(data->blob, source, sizeof(source));
	set_flag();
}

/* ---- checks */

static int flag_means_a(void)
{
	return data->flag && !data->a;
}

static int b_means_a(void)
{
	return data->b && !data->a;
}

static int both_or_none(void)
{
	return data->a != data->b;
}

static int flag_means_blob(void)
{
	for (unsigned i = 0; data->flag && i < BLOB; i++)
		if (data->blob[i] != 7)
			return 1;
	return 0;
}

static int flag_means_a_and_c(void)
{
	return data->flag && !(data->a && data->c);
}

static const struct {
	const char *name;
	void (*write)(void);
	int (*check)(void);
} cases[] = {
	{"no-flush", no_flush, flag_means_a},
	{"one-epoch", one_epoch, flag_means_a},
	{"flag-first-in-line", flag_first_in_line, b_means_a},
	{"flag-evicted", flag_evicted, flag_means_a},
	{"no-drain", no_drain, flag_means_a},
	{"copy-not-drained", copy_not_drained, flag_means_blob},
	{"two-words", two_words, both_or_none},
	{"other-threads-drain", other_threads_drain, flag_means_a},
	{"one-never-flushed", one_never_flushed, flag_means_a_and_c},
	{"good", good, flag_means_a},
	{"good-in-line", good_in_line, b_means_a},
	{"good-copy", good_copy, flag_means_blob},
};

int main(int argc, char *argv[])
{
	size_t length;
	int is_pmem;

	if (argc != 4)
		return 2;
	data = pmem_map_file(argv[3], 0, 0, 0, &length, &is_pmem);
	if (!data) {
		fprintf(stderr, "litmus: %s\n", pmem_errormsg());
		return 3;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name))
			continue;
		if (!strcmp(argv[2], "check"))
			return cases[i].check();
		cases[i].write();
		return 0;
	}
	return 2;
}
