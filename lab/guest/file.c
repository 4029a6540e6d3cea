/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * file.c - tests both libraries on a file: file GRANULARITY DIR
 *
 * Maps of files in DIR must have exactly this GRANULARITY: byte, cache-line or page.
 */
#include "guest.h"

#define SIZE ((size_t)4 << 20)

static int wanted;

static void check_contents(int fd, unsigned seed, const char *what)
{
	unsigned char *want = malloc(SIZE), *got = malloc(SIZE);

	if (!want || !got)
		bail("no memory");
	fill(want, SIZE, seed);
	ok(pread(fd, got, SIZE, 0) == (ssize_t)SIZE && !memcmp(want, got, SIZE), "%s", what);
	free(want);
	free(got);
}

static void store(struct pmem2_map *map, int fd)
{
	unsigned char *data = malloc(SIZE), *at = pmem2_map_get_address(map);

	if (!data)
		bail("no memory");
	fill(data, SIZE, 1);
	pmem2_get_memcpy_fn(map)(at, data, SIZE, 0);
	check_contents(fd, 1, "libpmem2 memcpy: the file has the copied bytes");
	fill(at, SIZE, 2);
	pmem2_get_persist_fn(map)(at, SIZE);
	check_contents(fd, 2, "libpmem2 persist: the file has the stored bytes");
	is_int(pmem2_deep_flush(map, at, SIZE), 0, "pmem2_deep_flush: succeeds for the whole map");
	is_int(pmem2_deep_flush(map, at + 64, 1), 0, "pmem2_deep_flush: succeeds for a byte");
	is_int(pmem2_deep_flush(map, at + SIZE - 1, 2), PMEM2_E_DEEP_FLUSH_RANGE,
		"pmem2_deep_flush: a range beyond the end of the map is refused");
	free(data);
}

static void with_libpmem2(int fd)
{
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg;
	struct pmem2_map *map;

	for (int required = wanted; required <= PMEM2_GRANULARITY_PAGE; required++) {
		cfg = config_of((enum pmem2_granularity)required);
		if (!is_int(pmem2_map_new(&map, cfg, src), 0,
			    "map_new: a required granularity of %d is accepted", required))
			bail("%s", pmem2_errormsg());
		is_int(pmem2_map_get_store_granularity(map), wanted,
			"map_new: the granularity is %d", wanted);
		if (required == wanted)
			store(map, fd);
		is_int(pmem2_map_delete(&map), 0, "map_delete: succeeds for a file");
		pmem2_config_delete(&cfg);
	}
	for (int required = 0; required < wanted; required++) {
		cfg = config_of((enum pmem2_granularity)required);
		is_int(pmem2_map_new(&map, cfg, src), PMEM2_E_GRANULARITY_NOT_SUPPORTED,
			"map_new: a required granularity of %d is refused", required);
		pmem2_config_delete(&cfg);
	}
	pmem2_source_delete(&src);
}

static void with_libpmem(const char *path, int fd)
{
	int is_pmem = 4711, fine = wanted != PMEM2_GRANULARITY_PAGE;
	size_t length = 0;
	unsigned char *at = pmem_map_file(path, 0, 0, 0, &length, &is_pmem);

	if (!ok(at != NULL, "pmem_map_file: the file is mapped"))
		bail("%s", pmem_errormsg());
	is_int(length, SIZE, "pmem_map_file: the length is the file's");
	is_int(is_pmem, fine,
		"pmem_map_file: is_pmem is 1 only if the granularity is finer than PAGE");
	is_int(pmem_is_pmem(at, SIZE), fine, "pmem_is_pmem: agrees with is_pmem for the whole map");
	is_int(pmem_is_pmem(at + 4097, 100), fine,
		"pmem_is_pmem: agrees with is_pmem for a part of the map");
	is_int(pmem_is_pmem(at + SIZE - 1, 2), 0,
		"pmem_is_pmem: is 0 for a range beyond the end of the map");
	fill(at, SIZE, 3);
	if (fine)
		pmem_persist(at, SIZE);
	else
		is_int(pmem_msync(at, SIZE), 0,
			"pmem_msync: succeeds for a map of page granularity");
	check_contents(fd, 3, "libpmem: the file has the bytes that were made durable");
	is_int(pmem_deep_persist(at, SIZE), 0, "pmem_deep_persist: succeeds for a file");
	is_int(pmem_unmap(at, SIZE), 0, "pmem_unmap: succeeds for a file");
	is_int(pmem_is_pmem(at, SIZE), 0, "pmem_is_pmem: is 0 after pmem_unmap");
}

static void created(const char *dir)
{
	int is_pmem = 4711, fine = wanted != PMEM2_GRANULARITY_PAGE;
	size_t length;
	char *at = pmem_map_file(
		dir, SIZE, PMEM_FILE_CREATE | PMEM_FILE_TMPFILE, 0600, &length, &is_pmem);

	if (!ok(at != NULL, "PMEM_FILE_TMPFILE: a temporary file is mapped"))
		bail("%s", pmem_errormsg());
	is_int(is_pmem, fine,
		"PMEM_FILE_TMPFILE: is_pmem is 1 only if the granularity is finer than PAGE");
	pmem_memset_persist(at, 1, length);
	is_int(pmem_unmap(at, length), 0, "PMEM_FILE_TMPFILE: the map is unmapped");
}

int main(int argc, char **argv)
{
	char path[4096];

	if (argc != 3)
		bail("usage: file GRANULARITY DIR");
	wanted = granularity_named(argv[1]);
	snprintf(path, sizeof(path), "%s/holdfast", argv[2]);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || posix_fallocate(fd, 0, (off_t)SIZE))
		bail("cannot make %s: %m", path);

	is_int(kernel_syncs(fd, SIZE), wanted != PMEM2_GRANULARITY_PAGE,
		"MAP_SYNC: the kernel accepts the flag if the granularity is finer than PAGE");
	with_libpmem2(fd);
	with_libpmem(path, fd);
	created(argv[2]);
	close(fd);
	unlink(path);
	return tap_done();
}
