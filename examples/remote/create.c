/* SPDX-License-Identifier: BSD-3-Clause */
/* create TARGET SET TEXT - make a pool at the target, and store a text durably in it */
#include "remote.h"

int main(int argc, char **argv)
{
	struct rpmem_pool_attr attr = {.signature = "EXAMPLE", .major = 1};
	unsigned nlanes = 1; /* one lane is enough for one thread */

	if (argc != 4) {
		fputs("usage: create TARGET SET TEXT\n", stderr);
		return 2;
	}
	void *pool = pool_memory();
	if (!pool)
		return 1;
	RPMEMpool *rpp = rpmem_create(argv[1], argv[2], pool, POOL_SIZE, &nlanes, &attr);
	if (!rpp) {
		fprintf(stderr, "%s\n", rpmem_errormsg());
		return 1;
	}
	int failed = record_write(rpp, pool, argv[3]);
	/* The bytes that were persisted stay durable even if closing fails. */
	if (rpmem_close(rpp)) {
		fprintf(stderr, "%s\n", rpmem_errormsg());
		failed = 1;
	}
	return failed != 0;
}
