/* SPDX-License-Identifier: BSD-3-Clause */
#include "fabric/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "base/err.h"

#define LIBRARY "libfabric.so.1"

struct library library;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char trouble[ERR_SIZE / 2]; /* why loading failed; empty if it succeeded */

/* Signals for which libfabric's providers install handlers while they are loaded. */
static const int taken[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGINT, SIGTERM};
#define TAKEN (sizeof(taken) / sizeof(*taken))

static void *load_quietly(void)
{
	struct sigaction before[TAKEN];

	for (size_t i = 0; i < TAKEN; i++)
		sigaction(taken[i], NULL, &before[i]);
	/*
	 * libfabric is never unloaded, because its providers start threads and register exit
	 * handlers.
	 */
	void *loaded = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	for (size_t i = 0; i < TAKEN; i++)
		sigaction(taken[i], &before[i], NULL);
	return loaded;
}

static void find(void *loaded, const char *name, void *function)
{
	void *found = loaded ? dlsym(loaded, name) : NULL;

	*(void **)function = found;
	if (!found && !*trouble) {
		const char *why = dlerror();
		snprintf(trouble, sizeof(trouble), "%s", why ? why : name);
	}
}

static void load(void)
{
	void *loaded = load_quietly();

	find(loaded, "fi_getinfo", &library.getinfo);
	find(loaded, "fi_dupinfo", &library.dupinfo);
	find(loaded, "fi_freeinfo", &library.freeinfo);
	find(loaded, "fi_fabric", &library.fabric);
	find(loaded, "fi_strerror", &library.strerror);
}

int library_load(void)
{
	pthread_once(&once, load);
	return *trouble ? err_minor(LOG_NOTICE, -ENOMEDIUM, "no libfabric: %s", trouble) : 0;
}
