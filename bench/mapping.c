/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mapping.c - measures mapping and unmapping a file of 1 GiB: ours, the peer's, and bare system
 * calls
 *
 *	mapping OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [MILLISECONDS]
 *
 * The file is sparse: it has a length, but no blocks.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "library.h"
#include "rows.h"

#define SIZE  ((off_t)1 << 30)
#define CALLS 8 /* calls in a sample */
#define GOAL  (1 / 0.65)

static char name[4096];
static int fd;

/* The calls of a library, looked up before the measurement. */
struct calls {
	__typeof__(pmem_map_file) *map_file;
	__typeof__(pmem_unmap) *unmap;
	__typeof__(pmem2_map_new) *map_new;
	__typeof__(pmem2_map_delete) *map_delete;
	struct pmem2_config *config;
	struct pmem2_source *source;
};

static struct calls calls[BARE + 1];

static void find_calls(struct calls *found, const struct library *library)
{
	void *in = library->pmem2;

	*found = (struct calls){
		.map_file = CALL(library->pmem, pmem_map_file),
		.unmap = CALL(library->pmem, pmem_unmap),
		.map_new = CALL(in, pmem2_map_new),
		.map_delete = CALL(in, pmem2_map_delete),
	};
	if (CALL(in, pmem2_config_new)(&found->config) ||
		CALL(in, pmem2_config_set_required_store_granularity)(
			found->config, PMEM2_GRANULARITY_PAGE) ||
		CALL(in, pmem2_source_from_fd)(&found->source, fd))
		errx(1, "%s", CALL(in, pmem2_errormsg)());
}

static void with_pmem(const struct calls *with)
{
	size_t length;
	void *addr = with->map_file(name, 0, 0, 0, &length, NULL);

	if (!addr || with->unmap(addr, length))
		errx(1, "cannot map and unmap %s", name);
}

static void with_pmem2(const struct calls *with)
{
	struct pmem2_map *map;

	if (with->map_new(&map, with->config, with->source) || with->map_delete(&map))
		errx(1, "cannot map and unmap %s", name);
}

/* Makes the system calls that every library needs: open, fstat, mmap, munmap, close. */
static void bare(const struct calls *with)
{
	struct stat st;
	int file = open(name, O_RDWR | O_CLOEXEC);

	(void)with;
	if (file < 0 || fstat(file, &st))
		err(1, "%s", name);
	void *addr = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (addr == MAP_FAILED || munmap(addr, (size_t)st.st_size))
		err(1, "%s", name);
}

static double sample(void (*call)(const struct calls *), const struct calls *with)
{
	double start = now_ns();

	for (int i = 0; i < CALLS; i++)
		call(with);
	return (now_ns() - start) / CALLS;
}

static void measure(const char *title, void (*call)(const struct calls *), double budget_ns)
{
	static struct samples samples;
	size_t order[CONTESTANTS];
	double begun = now_ns();

	for (samples.rounds = 0;
		samples.rounds < ROUNDS_MAX && (samples.rounds < 9 || now_ns() - begun < budget_ns);
		samples.rounds++) {
		rows_order(order, BARE_TOO);
		for (size_t i = 0; i < BARE_TOO; i++)
			samples.of[order[i]][samples.rounds] =
				sample(order[i] == BARE ? bare : call, &calls[order[i]]);
	}
	rows_print(&(struct title){"map", title, "-", "-", "-", (size_t)SIZE, GOAL}, &samples,
		BARE_TOO);
}

int main(int argc, char **argv)
{
	double budget_ns = argc > 4 ? strtod(argv[4], NULL) * 1e6 : 1e9;

	if (argc < 4)
		errx(2, "usage: mapping OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [MILLISECONDS]");
	snprintf(name, sizeof(name), "%s/holdfast-bench-XXXXXX", argv[3]);
	fd = mkstemp(name);
	if (fd < 0 || ftruncate(fd, SIZE))
		err(1, "%s", name);
	library_load_all(argv[1], argv[2]);
	for (int i = OURS; i <= PEER_AGAIN; i++)
		find_calls(&calls[i], &libraries[i]);
	measure("pmem_map_file, pmem_unmap", with_pmem, budget_ns);
	measure("pmem2_map_new, pmem2_map_delete", with_pmem2, budget_ns);
	unlink(name);
	fflush(stdout);
	_exit(0); /* not exit(3): destructors of libraries in other namespaces may crash */
}
