/* SPDX-License-Identifier: BSD-3-Clause */
#include "library.h"

#include <dlfcn.h>
#include <err.h>
#include <stdio.h>

struct library libraries[PEER_AGAIN + 1];

void *library_find(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	if (!symbol)
		errx(1, "%s", dlerror());
	return symbol;
}

void *library_load(const char *directory, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	void *handle = dlmopen(LM_ID_NEWLM, path, RTLD_NOW);
	if (!handle)
		errx(1, "%s", dlerror());
	return handle;
}

void library_load_all(const char *ours, const char *peers)
{
	for (int i = OURS; i <= PEER_AGAIN; i++) {
		libraries[i].pmem = library_load(i == OURS ? ours : peers, "libpmem.so.1");
		libraries[i].pmem2 = library_load(i == OURS ? ours : peers, "libpmem2.so.1");
	}
}

static struct pmem2_source *source_of(const struct library *library, int fd)
{
	struct pmem2_source *source;

	if (CALL(library->pmem2, pmem2_source_from_fd)(&source, fd))
		errx(1, "cannot make a source: %s", CALL(library->pmem2, pmem2_errormsg)());
	return source;
}

struct pmem2_map *library_map(const struct library *library, int fd)
{
	struct pmem2_source *source = source_of(library, fd);
	struct pmem2_config *config;
	struct pmem2_map *map;
	void *in = library->pmem2;

	if (CALL(in, pmem2_config_new)(&config) ||
		CALL(in, pmem2_config_set_required_store_granularity)(
			config, PMEM2_GRANULARITY_PAGE) ||
		CALL(in, pmem2_map_new)(&map, config, source))
		errx(1, "cannot map: %s", CALL(in, pmem2_errormsg)());
	CALL(in, pmem2_source_delete)(&source);
	CALL(in, pmem2_config_delete)(&config);
	return map;
}

struct pmem2_map *library_adopt(const struct library *library, int fd, void *addr, size_t len,
	enum pmem2_granularity granularity)
{
	struct pmem2_source *source = source_of(library, fd);
	struct pmem2_map *map;

	if (CALL(library->pmem2, pmem2_map_from_existing)(&map, source, addr, len, granularity))
		errx(1, "cannot adopt memory: %s", CALL(library->pmem2, pmem2_errormsg)());
	CALL(library->pmem2, pmem2_source_delete)(&source);
	return map;
}
