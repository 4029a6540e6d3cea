/* SPDX-License-Identifier: BSD-3-Clause */
#include "place.h"

#include <err.h>
#include <sched.h>
#include <stdio.h>

/*
 * The processors of the initiator and of the target. They are chosen before this process restricts
 * itself to its own, so that its children know both sets.
 */
static cpu_set_t here, there;

static void find(void)
{
	cpu_set_t all;
	int seen = 0;

	if (CPU_COUNT(&there))
		return;
	if (sched_getaffinity(0, sizeof(all), &all))
		err(1, "sched_getaffinity");
	int count = CPU_COUNT(&all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all)) {
			if (seen * 2 < count)
				CPU_SET(cpu, &here);
			if (seen * 2 >= count || count == 1)
				CPU_SET(cpu, &there);
			seen++;
		}
}

static void place(const cpu_set_t *set)
{
	if (sched_setaffinity(0, sizeof(*set), set))
		err(1, "sched_setaffinity");
}

void place_this_end(void)
{
	find();
	place(&here);
}

void place_other_end(void)
{
	find();
	place(&there);
}

const char *place_of_other_end(void)
{
	static char text[6 * CPU_SETSIZE];
	int length = 0;

	find();
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &there))
			length += snprintf(text + length, sizeof(text) - (size_t)length, "%s%d",
				length ? "," : "", cpu);
	return text;
}
