/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * plugin.c - tests a loaded module that contains the archive of libpmem2: it can be unloaded while
 * a thread that has flushed with it still runs, and the thread exits later
 *
 *	plugin MODULE
 */
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

static pthread_barrier_t flushed, unloaded;
static void (*flush)(void *at);
static void *memory;

static void *flush_and_wait(void *unused)
{
	flush(memory);
	pthread_barrier_wait(&flushed);
	pthread_barrier_wait(&unloaded);
	return unused;
}

int main(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *module = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
	pthread_t thread;

	if (!module)
		bail("cannot load the module: %s", argc == 2 ? dlerror() : "no argument names it");
	memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int (*start)(void *, size_t) = (int (*)(void *, size_t))dlsym(module, "plugged_start");
	int (*stop)(void) = (int (*)(void))dlsym(module, "plugged_stop");
	flush = (void (*)(void *))dlsym(module, "plugged_flush");
	if (memory == MAP_FAILED || !start || !stop || !flush || start(memory, page))
		bail("cannot map memory, or start the module");
	pthread_barrier_init(&flushed, NULL, 2);
	pthread_barrier_init(&unloaded, NULL, 2);
	pthread_create(&thread, NULL, flush_and_wait, NULL);
	pthread_barrier_wait(&flushed);
	is_int(stop(), 0,
		"libpmem2.a in a module loaded by dlopen(3): a map that another thread has flushed can be deleted");
	is_int(dlclose(module), 0,
		"libpmem2.a in a module loaded by dlopen(3): dlclose(3) unloads the module");
	pthread_barrier_wait(&unloaded);
	is_int(pthread_join(thread, NULL), 0,
		"libpmem2.a in a module loaded by dlopen(3): a thread that has flushed a map can exit after the module is unloaded");
	return tap_done();
}
