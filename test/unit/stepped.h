/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stepped.h - call a function, one instruction at a time
 *
 *	struct stepped stepped = stepped_start(size);
 *	*stepped.job = (struct job){.move = engine->move_line, .dest = stepped.memory, ...};
 *	stepped_run(&stepped, watch, arg);
 *	stepped_end(&stepped);
 *
 * `watch` is called after each instruction, with that instruction and `arg` (x86_steps.h). It sees
 * each store at once, and may change the memory.
 */
#ifndef TEST_UNIT_STEPPED_H
#define TEST_UNIT_STEPPED_H

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "cpu/cpu.h"
#include "tap.h"
#include "unit/x86_steps.h"

/*
 * A job: stepped_run() calls the first of these functions that is not NULL, with the arguments
 * that follow.
 */
struct job {
	void (*drain)(void);
	void (*flush)(const void *addr, size_t len);
	void *(*move)(void *dest, const void *src, size_t len, unsigned flags);
	void *(*set)(void *dest, int c, size_t len, unsigned flags);
	void *dest;
	const void *src;
	size_t len;
	int c;
	unsigned flags;
};

struct stepped {
	struct job *job;
	char *memory;
	size_t size;
	unsigned long steps; /* number of instructions executed in all jobs so far */
};

static __attribute__((noinline)) void stepped_serve(const struct job *job)
{
	steps_mark();
	if (job->drain)
		job->drain();
	else if (job->flush)
		job->flush(job->dest, job->len);
	else if (job->move)
		job->move(job->dest, job->src, job->len, job->flags);
	else
		job->set(job->dest, job->c, job->len, job->flags);
	steps_mark();
}

static void stepped_run(struct stepped *stepped, watch_fn *watch, void *arg)
{
	unsigned long before = steps.count;

	steps_start(watch, arg);
	stepped_serve(stepped->job);
	stepped->steps += steps.count - before;
}

static void stepped_nothing(void)
{
}

static void stepped_ignore(const struct insn *insn, void *arg)
{
	(void)insn;
	(void)arg;
}

static struct stepped stepped_start(size_t size)
{
	const size_t page = 4096;
	struct stepped stepped = {.size = page + size};
	char *map = mmap(
		NULL, stepped.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		bail("mmap: %s", strerror(errno));
	stepped.job = (struct job *)map;
	stepped.memory = map + page;
	*stepped.job = (struct job){.drain = stepped_nothing};
	stepped_run(&stepped, stepped_ignore, NULL);
	if (!stepped.steps)
		skip_all("this machine cannot trap after each instruction (single step)");
	return stepped;
}

static void stepped_end(struct stepped *stepped)
{
	munmap(stepped->job, stepped->size);
}

#endif
