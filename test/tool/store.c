/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * store.c - store to a mapped file, and write the stores back when a line of input arrives
 *
 *	store FILE HOW
 *
 * It maps the file, stores to its third page, prints `stored', waits for a line on standard input,
 * has the page written back in the way HOW, and prints `durable'.
 *
 *	persist drain unmap	by the operation of libpmem2 with this name
 *	thread			by a flush in a thread that ends after it
 *	exit			by a flush and the end of the process
 *	deep			by pmem2_deep_flush(); the exit status is 1 if it fails
 */
#include <err.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct pmem2_map *map;
static char *page;

static void map_file(const char *name)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	int fd = open(name, O_RDWR);

	if (fd < 0)
		err(EXIT_FAILURE, "%s", name);
	if (pmem2_source_from_fd(&src, fd) || pmem2_config_new(&cfg) ||
		pmem2_config_set_required_store_granularity(cfg, PMEM2_GRANULARITY_PAGE) ||
		pmem2_map_new(&map, cfg, src))
		errx(EXIT_FAILURE, "%s: %s", name, pmem2_errormsg());
	pmem2_source_delete(&src);
	pmem2_config_delete(&cfg);
	close(fd);
	page = (char *)pmem2_map_get_address(map) + 2 * sysconf(_SC_PAGESIZE);
}

static void *flush(void *unused)
{
	pmem2_get_flush_fn(map)(page, 1);
	return unused;
}

static void flush_in_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, flush, NULL);
	pthread_join(thread, NULL);
}

static void write_back(const char *how)
{
	if (!strcmp(how, "persist")) {
		pmem2_get_persist_fn(map)(page, 1);
	} else if (!strcmp(how, "deep")) {
		if (pmem2_deep_flush(map, page, 1))
			errx(EXIT_FAILURE, "%s", pmem2_errormsg());
	} else if (!strcmp(how, "thread")) {
		flush_in_thread();
	} else {
		flush(NULL);
		if (!strcmp(how, "drain"))
			pmem2_get_drain_fn(map)();
		else if (!strcmp(how, "unmap"))
			pmem2_map_delete(&map);
		else if (!strcmp(how, "exit"))
			exit(EXIT_SUCCESS);
		else
			errx(EXIT_FAILURE, "unknown HOW: %s", how);
	}
}

int main(int argc, char **argv)
{
	char line[16];

	if (argc != 3)
		errx(EXIT_FAILURE, "usage: store FILE HOW");
	map_file(argv[1]);
	memset(page, 's', 100);
	puts("stored");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return EXIT_FAILURE;
	write_back(argv[2]);
	puts("durable");
	return EXIT_SUCCESS;
}
