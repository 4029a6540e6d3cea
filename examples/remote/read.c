/* SPDX-License-Identifier: BSD-3-Clause */
/* read TARGET SET - open a pool at the target, and print the text in it */
#include <string.h>

#include "remote.h"

int main(int argc, char **argv)
{
	struct rpmem_pool_attr attr;
	unsigned nlanes = 1;

	if (argc != 3) {
		fputs("usage: read TARGET SET\n", stderr);
		return 2;
	}
	void *pool = pool_memory();
	if (!pool)
		return 1;
	RPMEMpool *rpp = rpmem_open(argv[1], argv[2], pool, POOL_SIZE, &nlanes, &attr);
	if (!rpp) {
		fprintf(stderr, "%s\n", rpmem_errormsg());
		return 1;
	}
	struct record *record = record_in(pool);
	int failed = 0;
	if (memcmp(attr.signature, "EXAMPLE", sizeof("EXAMPLE"))) {
		fprintf(stderr, "%s is not a pool of these examples\n", argv[2]);
		failed = 1;
	} else if (rpmem_read(rpp, record, RECORD_AT, sizeof(*record), 0)) {
		fprintf(stderr, "%s\n", rpmem_errormsg());
		failed = 1;
	} else {
		printf("version %llu: %.*s\n", (unsigned long long)record->version,
			(int)sizeof(record->text), record->text);
	}
	rpmem_close(rpp);
	return failed;
}
