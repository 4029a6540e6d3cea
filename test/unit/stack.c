/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack.c - stack use of explain_machine() on machines with persistent memory
 *
 * test/api/stack.c measures every public call, but only on the machine that runs the tests. The
 * most stack is used on machines with NVDIMM regions, NVDIMM modules, and device-mapper devices on
 * them, which few machines have. So this test simulates such machines by made-up sysfs trees.
 */
#include <pthread.h>

#include "base/log.h"
#include "cpu/cpu.h"
#include "explain/explain.h"
#include "unit/tree.h"

#define LIMIT 4096
#define STACK ((size_t)1 << 18)
#define PAINT 0xa5

static char stack[STACK] __attribute__((aligned(4096)));

static void *explain(void *unused)
{
	struct holdfast_machine *machine;

	if (!explain_machine(&machine, tree_root, "/proc/self/mountinfo"))
		explain_machine_free(machine);
	return unused;
}

static void *nothing(void *unused)
{
	return unused;
}

/* Runs `body` in a thread on a stack filled with PAINT, and returns the bytes that it has used. */
static size_t depth(void *(*body)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;
	size_t untouched = 0;

	memset(stack, PAINT, STACK);
	pthread_attr_init(&attributes);
	if (pthread_attr_setstack(&attributes, stack, STACK) ||
		pthread_create(&thread, &attributes, body, NULL) || pthread_join(thread, NULL))
		bail("no thread on a stack of its own");
	pthread_attr_destroy(&attributes);
	while ((unsigned char)stack[untouched] == PAINT)
		untouched++;
	return STACK - untouched;
}

static void machine(const char *tree)
{
	tree_open();
	tree_load(tree);
	depth(explain); /* not measured: in the first call the loader and libc use more stack */
	size_t thread = depth(nothing), all = depth(explain);
	if (!ok(all - thread <= LIMIT, "explain_machine: uses at most 4 KiB of stack on %s", tree))
		diag("%zu bytes", all - thread);
	tree_close();
}

int main(void)
{
	/* Log everything, because printing log messages uses the most stack. */
	setenv("PMEM2_LOG_LEVEL", "4", 1);
	setenv("PMEM2_LOG_FILE", "/dev/null", 1);
	log_init("PMEM2");
	cpu_init();
	machine("made-up-nvdimm-two-sockets");
	machine("made-up-mixed-domains");
	machine("made-up-unreadable");
	machine("made-up-garbage");
	machine("made-up-cxl-pmem");
	machine("made-up-papr");
	return tap_done();
}
