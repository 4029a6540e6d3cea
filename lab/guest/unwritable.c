/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * unwritable.c - tests both libraries on a file of a read-only DAX file system
 *
 *	unwritable FILE TEXT	FILE begins with TEXT
 */
#include "guest.h"

static void with_libpmem(const char *path)
{
	size_t length = 4711;
	int is_pmem = 4711;
	void *at = pmem_map_file(path, 0, 0, 0, &length, &is_pmem);

	ok(!at && errno == EROFS, "pmem_map_file: fails with EROFS on a read-only file system");
	diag("%s", pmem_errormsg());
	ok(strstr(pmem_errormsg(), path) != NULL,
		"pmem_map_file: the message of EROFS names the file");
	ok(length == 4711 && is_pmem == 4711,
		"pmem_map_file: leaves its outputs unchanged on failure");
}

static void with_libpmem2(int fd, const char *text)
{
	struct pmem2_source *src = source_of(fd);
	struct pmem2_config *cfg = config_of(PMEM2_GRANULARITY_PAGE);
	struct pmem2_map *map;

	is_int(pmem2_map_new(&map, cfg, src), PMEM2_E_NO_ACCESS,
		"map_new: a map for writing is refused on a read-only file system");
	diag("%s", pmem2_errormsg());
	ok(strlen(pmem2_errormsg()) > 10,
		"map_new: the refusal on a read-only file system has a message");
	pmem2_config_set_protection(cfg, PMEM2_PROT_READ);
	if (!is_int(pmem2_map_new(&map, cfg, src), 0,
		    "map_new: a map for reading is made on a read-only file system"))
		bail("%s", pmem2_errormsg());
	ok(!memcmp(pmem2_map_get_address(map), text, strlen(text)),
		"map_new: the map for reading has the bytes of the file");
	pmem2_map_delete(&map);
	pmem2_config_delete(&cfg);
	pmem2_source_delete(&src);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		bail("usage: unwritable FILE TEXT");
	int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[1]);
	with_libpmem(argv[1]);
	with_libpmem2(fd, argv[2]);
	close(fd);
	return tap_done();
}
