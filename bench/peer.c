/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peer.c - our libraries against others of the same names, in one process, taking turns
 *
 *	peer OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [ROUNDS]
 *
 * The directories hold libpmem.so.1 and libpmem2.so.1; dlmopen(3) keeps libraries of one soname
 * apart. Each row is a call; the columns are our time a call, the peer's, the ratio of the two
 * (below 1.00 we are faster), and the ratio of the peer to itself, loaded twice: that is the noise.
 */
#include <dlfcn.h>
#include <err.h>
#include <fcntl.h>
#include <libpmem.h>
#include <libpmem2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"

#define ARENA     ((size_t)8 << 20)
#define ROUND_MAX 1000

struct library {
	void *pmem, *pmem2;
	struct pmem2_map *lines, *pages; /* of CACHE_LINE and of PAGE granularity */
};

enum { OURS, PEER, PEER_AGAIN, LIBRARIES };

static struct library libraries[LIBRARIES];
static char *arena, *source;
static const char *scratch;
static int scratch_fd;

static void *find(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	if (!symbol)
		errx(1, "%s", dlerror());
	return symbol;
}

/* The call of that name in a library, with the type that our headers give it. */
#define CALL(handle, name) ((__typeof__(name) *)find((handle), #name))

static struct pmem2_map *map_scratch(const struct library *library)
{
	struct pmem2_source *src;
	struct pmem2_config *cfg;
	struct pmem2_map *map;
	void *in = library->pmem2;

	if (CALL(in, pmem2_source_from_fd)(&src, scratch_fd) || CALL(in, pmem2_config_new)(&cfg) ||
		CALL(in, pmem2_config_set_required_store_granularity)(
			cfg, PMEM2_GRANULARITY_PAGE) ||
		CALL(in, pmem2_map_new)(&map, cfg, src))
		errx(1, "cannot map: %s", CALL(in, pmem2_errormsg)());
	CALL(in, pmem2_source_delete)(&src);
	CALL(in, pmem2_config_delete)(&cfg);
	return map;
}

/* The arena, as if it were persistent memory. */
static struct pmem2_map *map_arena(const struct library *library)
{
	struct pmem2_source *src;
	struct pmem2_map *map;

	if (CALL(library->pmem2, pmem2_source_from_fd)(&src, scratch_fd) ||
		CALL(library->pmem2, pmem2_map_from_existing)(
			&map, src, arena, ARENA, PMEM2_GRANULARITY_CACHE_LINE))
		errx(1, "cannot take on memory: %s", CALL(library->pmem2, pmem2_errormsg)());
	CALL(library->pmem2, pmem2_source_delete)(&src);
	return map;
}

static void load(struct library *library, const char *directory)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/libpmem.so.1", directory);
	library->pmem = dlmopen(LM_ID_NEWLM, name, RTLD_NOW);
	if (!library->pmem)
		errx(1, "%s", dlerror());
	snprintf(name, sizeof(name), "%s/libpmem2.so.1", directory);
	library->pmem2 = dlmopen(LM_ID_NEWLM, name, RTLD_NOW);
	if (!library->pmem2)
		errx(1, "%s", dlerror());
	library->lines = map_arena(library);
	library->pages = map_scratch(library);
}

static void persist(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	__typeof__(pmem_persist) *call = CALL(library->pmem, pmem_persist);
	(void)flags;

	for (size_t i = 0, at = 0; i < calls; i++, at = (at + length + 64) % (ARENA - length)) {
		arena[at] = (char)i;
		call(arena + at, length);
	}
}

static void copy(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	__typeof__(pmem_memcpy) *call = CALL(library->pmem, pmem_memcpy);

	for (size_t i = 0, at = 0; i < calls; i++, at = (at + length + 64) % (ARENA - length))
		call(arena + (at & -(size_t)8), source, length, flags);
}

static void fill(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	__typeof__(pmem_memset) *call = CALL(library->pmem, pmem_memset);

	for (size_t i = 0, at = 0; i < calls; i++, at = (at + length + 64) % (ARENA - length))
		call(arena + (at & -(size_t)8), 1, length, flags);
}

static void copy2(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	pmem2_memcpy_fn call = CALL(library->pmem2, pmem2_get_memcpy_fn)(library->lines);

	for (size_t i = 0, at = 0; i < calls; i++, at = (at + length + 64) % (ARENA - length))
		call(arena + (at & -(size_t)8), source, length, flags);
}

static void is_pmem(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	__typeof__(pmem_is_pmem) *call = CALL(library->pmem, pmem_is_pmem);
	(void)flags;

	for (size_t i = 0; i < calls; i++)
		call(arena, length);
}

static void map_file(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	__typeof__(pmem_map_file) *map = CALL(library->pmem, pmem_map_file);
	__typeof__(pmem_unmap) *unmap = CALL(library->pmem, pmem_unmap);
	(void)length;
	(void)flags;

	for (size_t i = 0; i < calls; i++) {
		size_t mapped;
		void *addr = map(scratch, 0, 0, 0, &mapped, NULL);
		if (!addr || unmap(addr, mapped))
			err(1, "cannot map and unmap %s", scratch);
	}
}

static void map_new(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	(void)length;
	(void)flags;

	for (size_t i = 0; i < calls; i++) {
		struct pmem2_map *map = map_scratch(library);
		CALL(library->pmem2, pmem2_map_delete)(&map);
	}
}

static void page_persist(const struct library *library, size_t length, size_t calls, unsigned flags)
{
	pmem2_persist_fn call = CALL(library->pmem2, pmem2_get_persist_fn)(library->pages);
	char *base = CALL(library->pmem2, pmem2_map_get_address)(library->pages);
	(void)flags;

	for (size_t i = 0; i < calls; i++) {
		base[i * 4096 % ARENA]++;
		call(base + i * 4096 % ARENA, length);
	}
}

#define NODRAIN PMEM_F_MEM_NODRAIN
#define NOFLUSH PMEM_F_MEM_NOFLUSH

static const struct cell {
	const char *name;
	void (*run)(const struct library *, size_t length, size_t calls, unsigned flags);
	size_t length;
	unsigned flags;
	size_t calls; /* a sample */
} cells[] = {
	{"pmem_persist 8", persist, 8, 0, 2000},
	{"pmem_persist 256", persist, 256, 0, 1000},
	{"pmem_persist 4096", persist, 4096, 0, 200},
	{"pmem_memcpy 8", copy, 8, 0, 2000},
	{"pmem_memcpy 64", copy, 64, 0, 2000},
	{"pmem_memcpy 256", copy, 256, 0, 1000},
	{"pmem_memcpy 4096", copy, 4096, 0, 200},
	{"pmem_memcpy 65536", copy, 65536, 0, 20},
	{"pmem_memcpy 64 NODRAIN", copy, 64, NODRAIN, 2000},
	{"pmem_memcpy 64 NOFLUSH", copy, 64, NOFLUSH, 4000},
	{"pmem_memcpy 4096 NOFLUSH", copy, 4096, NOFLUSH, 400},
	{"pmem_memset 64", fill, 64, 0, 2000},
	{"pmem_memset 4096", fill, 4096, 0, 200},
	{"pmem_is_pmem", is_pmem, 4096, 0, 4000},
	{"pmem_map_file, unmap", map_file, 0, 0, 20},
	{"pmem2_memcpy_fn 64", copy2, 64, 0, 2000},
	{"pmem2_memcpy_fn 4096", copy2, 4096, 0, 200},
	{"pmem2_map_new, delete", map_new, 0, 0, 20},
	{"pmem2_persist_fn, page", page_persist, 8, 0, 10},
};

static void measure(const struct cell *cell, size_t rounds)
{
	static double samples[LIBRARIES][ROUND_MAX];
	double medians[LIBRARIES];

	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < LIBRARIES; i++) {
			size_t which = (i + round) % LIBRARIES;
			double start = now_ns();
			cell->run(&libraries[which], cell->length, cell->calls, cell->flags);
			samples[which][round] = (now_ns() - start) / (double)cell->calls;
		}
	for (size_t i = 0; i < LIBRARIES; i++)
		medians[i] = median(samples[i], rounds);
	printf("%-26s %12.0f %12.0f %12.2f %12.2f\n", cell->name, medians[OURS], medians[PEER],
		medians[OURS] / medians[PEER], medians[PEER_AGAIN] / medians[PEER]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char name[512];
	size_t rounds = argc > 4 ? strtoul(argv[4], NULL, 10) : 101;

	if (argc < 4 || !rounds || rounds > ROUND_MAX)
		errx(2, "usage: peer OUR-DIRECTORY PEER-DIRECTORY SCRATCH-DIRECTORY [ROUNDS]");
	/*
	 * Before any library is loaded: each has a libc of its own, and an old list of variables.
	 */
	setenv("PMEM_IS_PMEM_FORCE", "1", 1);
	snprintf(name, sizeof(name), "%s/holdfast-peer-XXXXXX", argv[3]);
	scratch = name;
	scratch_fd = mkstemp(name);
	if (scratch_fd < 0 || posix_fallocate(scratch_fd, 0, (off_t)ARENA))
		err(1, "%s", name);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	source = malloc(65536);
	memset(arena, 1, ARENA);
	memset(source, 2, 65536);
	load(&libraries[OURS], argv[1]);
	load(&libraries[PEER], argv[2]);
	load(&libraries[PEER_AGAIN], argv[2]);
	printf("%-26s %12s %12s %12s %12s\n", "ns a call", "ours", "peer", "ours/peer",
		"peer/peer");
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		measure(&cells[i], rounds);
	unlink(name);
	fflush(stdout);
	/* Not exit(3): destructors of libraries in other namespaces may not survive it. */
	_exit(0);
}
