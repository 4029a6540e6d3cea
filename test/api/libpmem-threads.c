/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem-threads.c - tests calls of libpmem by several threads, and by child processes that are
 * forked while threads run
 */
#include <pthread.h>

#include "api/libpmem.h"

#define SIZE   (3 * 4096 + 1)
#define ROUNDS 200

static const char *shared;

static void *work(void *wrong_)
{
	unsigned *wrong = wrong_;

	for (int i = 0; i < ROUNDS; i++) {
		size_t length = 0;
		int is_pmem = 7, flags = PMEM_FILE_CREATE | PMEM_FILE_TMPFILE;
		char *addr = pmem_map_file(scratch, SIZE, flags, 0, &length, &is_pmem);
		*wrong += !addr || length != SIZE || is_pmem != pmem_is_pmem(addr, SIZE);
		if (!addr)
			return NULL;
		pmem_memset_persist(addr, i, SIZE);
		pmem_memcpy_nodrain(addr + 1, shared, 100);
		pmem_drain();
		*wrong += addr[0] != (char)i || addr[100] != 's' || addr[SIZE - 1] != (char)i;
		*wrong += pmem_is_pmem(shared, SIZE) != pmem_is_pmem(shared, 1);
		*wrong += i % 16 == 0 && pmem_deep_persist(addr, SIZE);
		*wrong += pmem_unmap(addr + 4096, 4096) || pmem_unmap(addr, SIZE);
		*wrong += pmem_map_file(NULL, 0, 0, 0, NULL, NULL) != NULL || !*pmem_errormsg();
	}
	return NULL;
}

static int child(void)
{
	unsigned wrong = 0;

	alarm(60);
	for (int i = 0; i < 3; i++) {
		char *addr = map_of("child", SIZE);
		wrong += pmem_is_pmem(shared, SIZE) != pmem_is_pmem(shared, 1);
		wrong += pmem_deep_persist(addr, SIZE) || pmem_unmap(addr, SIZE);
	}
	return wrong != 0;
}

/*
 * Returns the reason why a child that is forked while threads run may hang on this machine; NULL if
 * it cannot hang.
 */
static const char *children_hang(void)
{
#ifdef __SANITIZE_THREAD__
	return "a thread may hold the lock of the thread sanitizer's malloc when another one forks";
#else
	return emulator() ? "QEMU may hang in a fork(2) beside threads" : NULL;
#endif
}

int main(void)
{
	pthread_t threads[4];
	unsigned wrong[4] = {0};
	int good = 0;

	scratch_open();
	char *addr = map_of("shared", SIZE);
	memset(addr, 's', SIZE);
	shared = addr;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, &wrong[i]);
	for (int i = 0; i < 20 && !children_hang(); i++)
		good += !in_child(child);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	is_int(wrong[0] + wrong[1] + wrong[2] + wrong[3], 0,
		"threads: four threads map, copy, ask pmem_is_pmem, write back and unmap without an error");
	if (children_hang())
		skip("fork: a child that is forked while threads run can map, copy and unmap",
			children_hang());
	else
		is_int(good, 20,
			"fork: a child that is forked while threads run can map, copy and unmap");
	pmem_unmap(addr, SIZE);
	is_int(entries(scratch), children_hang() ? 1 : 2,
		"threads: only the two files with a name are left in the directory, no temporary file");
	scratch_close();
	return tap_done();
}
