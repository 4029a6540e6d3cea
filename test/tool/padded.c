/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * padded CALL FILE - write back a struct with padding, among bytes that are marked inaccessible
 *
 * The test runs this program under Memcheck, which must report neither the seven bytes of padding,
 * which are never written, nor the inaccessible bytes. CALL names the call that writes the struct
 * back: msync, deep, persist, drain or deep-flush. If CALL is "mistake", the program passes the
 * struct to pwrite(2), and Memcheck must report its padding. If CALL is "race", two threads copy to
 * the same bytes, and DRD and Helgrind must report the race.
 */
#include <err.h>
#include <fcntl.h>
#include <libpmem.h>
#include <libpmem2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <valgrind/memcheck.h>

#define LENGTH 65536
#define AT     4090 /* offset of the struct in the file: the struct spans two pages */

struct record {
	char kind;
	long number;
};

static char *map_pmem2(struct pmem2_map **map, int fd)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;

	if (pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(map, cfg, src))
		errx(2, "cannot map: %s", pmem2_errormsg());
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
	return pmem2_map_get_address(*map);
}

static int write_back(const char *call, struct pmem2_map *map, char *at, size_t length)
{
	if (!strcmp(call, "msync"))
		return pmem_msync(at, length);
	if (!strcmp(call, "deep"))
		return pmem_deep_drain(at, length);
	if (!strcmp(call, "deep-flush"))
		return pmem2_deep_flush(map, at, length);
	if (!strcmp(call, "drain")) {
		pmem2_get_flush_fn(map)(at, length);
		pmem2_get_drain_fn(map)();
		return 0;
	}
	pmem2_get_persist_fn(map)(at, length);
	return 0;
}

static void *copy(void *to)
{
	return pmem_memset(to, 1, 64, 0);
}

static int race(void)
{
	static char bytes[64];
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, copy, bytes))
			return 2;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

int main(int argc, char **argv)
{
	struct record *record = malloc(sizeof(*record));
	struct pmem2_map *map;

	if (argc != 3 || !record)
		return 2;
	if (!strcmp(argv[1], "race"))
		return race();
	record->kind = 1;
	record->number = 2;
	int fd = open(argv[2], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, LENGTH))
		err(2, "%s", argv[2]);
	char *base = map_pmem2(&map, fd);
	memcpy(base + AT, record, sizeof(*record));
	VALGRIND_MAKE_MEM_NOACCESS(base, 1024);
	VALGRIND_MAKE_MEM_NOACCESS(base + 5000, 1024);
	if (!strcmp(argv[1], "mistake"))
		return pwrite(fd, record, sizeof(*record), 0) < 0;
	int error = write_back(argv[1], map, base + AT, sizeof(*record));
	VALGRIND_MAKE_MEM_DEFINED(base, 1024);
	VALGRIND_MAKE_MEM_DEFINED(base + 5000, 1024);
	if (pmem2_map_delete(&map) || error)
		errx(3, "%s: %s", argv[1], pmem2_errormsg());
	close(fd);
	free(record);
	return 0;
}
