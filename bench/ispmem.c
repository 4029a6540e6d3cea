/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ispmem.c - measures pmem_is_pmem for different numbers of mappings and threads
 *
 *	ispmem SYNC OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [MILLISECONDS]
 *
 * Each library runs in a process of its own, into which SYNC (sync.c) is preloaded, so that it
 * treats files as persistent memory; the processes take turns. The program reports processor time
 * for each call, which is small even if threads share processors, unless they wait for each other.
 */
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <libpmem.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "rows.h"

#define LEAST   5e6 /* shortest time of a sample in nanoseconds: threads take time to start */
#define THREADS 8
#define MAPS    10000

static const size_t map_counts[] = {1, 100, MAPS};
static const size_t thread_counts[] = {1, THREADS};

static __typeof__(pmem_is_pmem) *is_pmem;
static char *maps[MAPS];
static size_t map_count;

struct ask {
	size_t calls, wrong;
	uint64_t random;
};

static void *ask(void *argument)
{
	struct ask *ask = argument;

	for (size_t i = 0; i < ask->calls; i++) {
		ask->random = ask->random * 6364136223846793005u + 1442695040888963407u;
		ask->wrong += !is_pmem(maps[(ask->random >> 33) % map_count], 64);
	}
	return NULL;
}

/* Returns the nanoseconds that `count` threads take to make `calls` calls in total. */
static double ask_all(size_t count, size_t calls)
{
	struct ask asks[THREADS];
	pthread_t threads[THREADS];
	double start = now_ns();

	for (size_t i = 0; i < count; i++) {
		asks[i] = (struct ask){calls / count, 0, i * 77};
		if (pthread_create(&threads[i], NULL, ask, &asks[i]))
			errx(1, "cannot start a thread");
	}
	for (size_t i = 0; i < count; i++) {
		pthread_join(threads[i], NULL);
		if (asks[i].wrong)
			errx(1, "the library does not treat the file as persistent memory");
	}
	return now_ns() - start;
}

/* Returns the processor time for a call, in nanoseconds. */
static double sample(size_t count)
{
	size_t processors = (size_t)sysconf(_SC_NPROCESSORS_ONLN), calls = 128;
	double took;

	while ((took = ask_all(count, calls)) < LEAST)
		calls *= 2;
	return took * (double)(count < processors ? count : processors) / (double)calls;
}

/* Runs in the child: reads numbers of mappings and threads, and answers each pair with a time. */
static int serve(const char *library, const char *file)
{
	void *handle = dlopen(library, RTLD_NOW);
	size_t wanted, threads;

	if (!handle)
		errx(1, "%s", dlerror());
	__typeof__(pmem_map_file) *map =
		(__typeof__(pmem_map_file) *)dlsym(handle, "pmem_map_file");
	is_pmem = (__typeof__(pmem_is_pmem) *)dlsym(handle, "pmem_is_pmem");
	while (scanf("%zu %zu", &wanted, &threads) == 2) {
		for (; map_count < wanted; map_count++) {
			maps[map_count] = map(file, 0, 0, 0, NULL, NULL);
			if (!maps[map_count])
				err(1, "cannot map %s", file);
		}
		printf("%.2f\n", sample(threads));
		fflush(stdout);
	}
	fflush(stdout);
	_exit(0);
}

struct child {
	FILE *to, *from;
};

static struct child start(char *self, char *sync, const char *directory, char *file)
{
	int questions[2], answers[2];
	char library[4096];

	snprintf(library, sizeof(library), "%s/libpmem.so.1", directory);
	if (pipe(questions) || pipe(answers))
		err(1, "no pipe");
	switch (fork()) {
	case -1:
		err(1, "no process");
	case 0:
		dup2(questions[0], 0);
		dup2(answers[1], 1);
		close(questions[1]);
		close(answers[0]);
		setenv("LD_PRELOAD", sync, 1);
		execl(self, self, "--serve", library, file, NULL);
		err(1, "%s", self);
	}
	close(questions[0]);
	close(answers[1]);
	struct child child = {fdopen(questions[1], "w"), fdopen(answers[0], "r")};
	if (!child.to || !child.from)
		err(1, "out of memory");
	return child;
}

static double question(struct child *child, size_t mappings, size_t threads)
{
	double answer;

	fprintf(child->to, "%zu %zu\n", mappings, threads);
	fflush(child->to);
	if (fscanf(child->from, "%lf", &answer) != 1)
		errx(1, "the process that measures a library does not answer");
	return answer;
}

static void measure(struct child *children, size_t mappings, size_t threads, double budget_ns)
{
	static struct samples samples;
	size_t order[CONTESTANTS];
	char text[32];

	for (size_t i = 0; i < BARE; i++)
		question(&children[i], mappings, threads); /* not timed: the child maps its files */
	double begun = now_ns();
	for (samples.rounds = 0;
		samples.rounds < ROUNDS_MAX && (samples.rounds < 9 || now_ns() - begun < budget_ns);
		samples.rounds++) {
		rows_order(order, BARE);
		for (size_t i = 0; i < BARE; i++)
			samples.of[order[i]][samples.rounds] =
				question(&children[order[i]], mappings, threads);
	}
	snprintf(text, sizeof(text), "%zu thread%s", threads, threads > 1 ? "s" : "");
	rows_print(&(struct title){"is_pmem", "pmem_is_pmem", "-", "-", text, mappings, 0.98},
		&samples, BARE);
}

int main(int argc, char **argv)
{
	double budget_ns = argc > 5 ? strtod(argv[5], NULL) * 1e6 : 1e9;
	struct child children[BARE];
	char file[4096];

	if (argc == 4 && !strcmp(argv[1], "--serve"))
		return serve(argv[2], argv[3]);
	if (argc < 5)
		errx(2, "usage: ispmem SYNC OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [MILLISECONDS]");
	snprintf(file, sizeof(file), "%s/holdfast-bench-XXXXXX", argv[4]);
	int fd = mkstemp(file);
	if (fd < 0 || posix_fallocate(fd, 0, 4096))
		err(1, "%s", file);
	for (int i = OURS; i <= PEER_AGAIN; i++)
		children[i] = start(argv[0], argv[1], argv[i == OURS ? 2 : 3], file);
	for (size_t i = 0; i < sizeof(map_counts) / sizeof(map_counts[0]); i++)
		for (size_t j = 0; j < sizeof(thread_counts) / sizeof(thread_counts[0]); j++)
			measure(children, map_counts[i], thread_counts[j], budget_ns);
	unlink(file);
	return 0;
}
