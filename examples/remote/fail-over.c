/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fail-over SET TARGET... - use a pool on several targets, one after the other
 *
 * The program opens the pool at the first target that has it, and stores each line of input as the
 * pool's text. When the target is lost, the program goes on with the next target, to which it
 * writes the current text from its memory.
 */
#include <string.h>

#include "remote.h"

/* Opens the set at the first target that has it, from *next on; NULL if no target is left. */
static RPMEMpool *open_next(const char *set, char ***next, void *pool)
{
	for (; **next; ++*next) {
		unsigned nlanes = 1;
		RPMEMpool *rpp = rpmem_open(**next, set, pool, POOL_SIZE, &nlanes, NULL);

		if (rpp) {
			printf("using %s\n", *(*next)++);
			return rpp;
		}
		fprintf(stderr, "%s\n", rpmem_errormsg());
	}
	return NULL;
}

/* Writes the text at this target or, if that fails, at the next target that has the pool. */
static RPMEMpool *write_somewhere(
	RPMEMpool *rpp, const char *set, char ***next, void *pool, const char *text)
{
	while (rpp && record_write(rpp, pool, text)) {
		rpmem_close(rpp);
		rpp = open_next(set, next, pool);
	}
	return rpp;
}

int main(int argc, char **argv)
{
	char line[1024], **next = argv + 2;

	if (argc < 3) {
		fputs("usage: fail-over SET TARGET...\n", stderr);
		return 2;
	}
	void *pool = pool_memory();
	if (!pool)
		return 1;
	RPMEMpool *rpp = open_next(argv[1], &next, pool);
	struct record *record = record_in(pool);
	if (rpp && rpmem_read(rpp, record, RECORD_AT, sizeof(*record), 0)) {
		fprintf(stderr, "%s\n", rpmem_errormsg());
		return 1;
	}
	while (rpp && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		rpp = write_somewhere(rpp, argv[1], &next, pool, line);
		if (rpp)
			printf("version %llu is durable\n", (unsigned long long)record->version);
		fflush(stdout);
	}
	if (!rpp) {
		fputs("no target is left\n", stderr);
		return 1;
	}
	return rpmem_close(rpp) != 0;
}
