/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * go-on TARGET SET - store lines of input, and go on after the connection was lost
 *
 * The program stores each line as the pool's text. When a call fails, the program tries to
 * reconnect for up to a minute; a reconnect also sends the target all stores that it has missed.
 * If another writer has taken over the pool meanwhile, this program is fenced: its stores are
 * refused, so it acknowledges nothing more, and ends.
 */
#include <errno.h>
#include <librpmem/holdfast.h>
#include <string.h>
#include <unistd.h>

#include "remote.h"

/* Connects again. Returns 0, or the errno of the last attempt. */
static int reconnect(RPMEMpool *rpp)
{
	int error = 0;

	for (int tries = 0; tries < 60 && error != ESTALE; tries++) {
		if (holdfast_remote_reconnect(rpp) == 0)
			return 0;
		error = errno;
		fprintf(stderr, "%s\n", rpmem_errormsg());
		if (error != ESTALE)
			sleep(1);
	}
	return error;
}

/* Stores a line, and reconnects as often as that needs. Returns 0 or an errno. */
static int store(RPMEMpool *rpp, void *pool, const char *line)
{
	while (record_write(rpp, pool, line)) {
		int error = reconnect(rpp);
		if (error)
			return error;
	}
	return 0;
}

int main(int argc, char **argv)
{
	char line[1024];
	unsigned nlanes = 1;
	int error = 0;

	if (argc != 3) {
		fputs("usage: go-on TARGET SET\n", stderr);
		return 2;
	}
	void *pool = pool_memory();
	if (!pool)
		return 1;
	RPMEMpool *rpp = rpmem_open(argv[1], argv[2], pool, POOL_SIZE, &nlanes, NULL);
	struct record *record = record_in(pool);
	if (!rpp || rpmem_read(rpp, record, RECORD_AT, sizeof(*record), 0)) {
		fprintf(stderr, "%s\n", rpmem_errormsg());
		return 1;
	}
	while (!error && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		error = store(rpp, pool, line);
		if (!error)
			printf("version %llu is durable\n", (unsigned long long)record->version);
		fflush(stdout);
	}
	if (error == ESTALE)
		fputs("go-on: another writer has taken over: this one ends\n", stderr);
	return rpmem_close(rpp) || error;
}
