/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * remote.h - shared by these examples: a pool with a number and a text
 *
 *	create TARGET SET TEXT		make a pool at the target, with the text
 *	read TARGET SET			print the text
 *	fail-over SET TARGET...		store lines of input as the text
 *	go-on TARGET SET		the same, and reconnect when the connection is lost
 *
 * where SET is a file like this, in the folder of pool sets at the target:
 *
 *	PMEMPOOLSET
 *	16MiB /var/lib/pools/example.part
 */
#ifndef EXAMPLES_REMOTE_H
#define EXAMPLES_REMOTE_H

#include <librpmem.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#define POOL_SIZE ((size_t)8 << 20)

/* Offset of the record: the first page of a pool is for its header. */
#define RECORD_AT ((size_t)4096)

/*
 * The number counts the changes of the text. It is made durable after the text: if a reader finds
 * a number, the text is there, too.
 */
struct record {
	uint64_t version;
	char text[1024];
};

/* Allocates the memory of a pool. Returns NULL after printing a message on failure. */
static inline void *pool_memory(void)
{
	void *pool =
		mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pool == MAP_FAILED) {
		perror("cannot allocate the memory of a pool");
		return NULL;
	}
	return pool;
}

static inline struct record *record_in(void *pool)
{
	return (struct record *)((char *)pool + RECORD_AT);
}

/* Changes the text, here and at the target. Returns 0, or -1 after printing a message. */
static inline int record_write(RPMEMpool *rpp, void *pool, const char *text)
{
	struct record *record = record_in(pool);

	snprintf(record->text, sizeof(record->text), "%s", text);
	if (rpmem_persist(rpp, RECORD_AT, sizeof(*record), 0, 0) == 0) {
		record->version++;
		if (rpmem_persist(rpp, RECORD_AT, sizeof(record->version), 0, 0) == 0)
			return 0;
	}
	fprintf(stderr, "%s\n", rpmem_errormsg());
	return -1;
}

#endif
