/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kinds.c - runs the operations of a structure of kinds.h, or checks the file that a run has left
 *
 *	kinds list			the names of all structures
 *	kinds NAME bad|good FILE...	do all operations, with or without the mistake
 *	kinds NAME check FILE		recover and check FILE, or both files in the directory FILE
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reductions/acknowledged.h"
#include "kinds.h"

char *base, *side;

static char *map(const char *path, bool is_new)
{
	size_t length;
	int is_pmem;

	return pmem_map_file(path, is_new ? FILE_SIZE : 0, is_new ? PMEM_FILE_CREATE : 0, 0666,
		&length, &is_pmem);
}

/*
 * Maps the file `path`. If `path` is a directory, maps two files in it: "data" and "data.side", or
 * "data" and "data.2" if it is an image of two files that were both named data.
 */
static bool map_image(const char *path)
{
	char name[4096];
	struct stat found;

	if (stat(path, &found))
		return false;
	if (!S_ISDIR(found.st_mode)) {
		base = map(path, false);
		return base;
	}
	snprintf(name, sizeof(name), "%s/data", path);
	base = map(name, false);
	snprintf(name, sizeof(name), "%s/data.side", path);
	if (access(name, F_OK))
		snprintf(name, sizeof(name), "%s/data.2", path);
	side = map(name, false);
	return base && side;
}

static const struct kind *find(const char *name)
{
	static const struct kind *const lists[] = {kinds_of_order, kinds_of_extent};

	for (unsigned i = 0; i < 2; i++)
		for (const struct kind *kind = lists[i]; kind->name; kind++)
			if (name && !strcmp(kind->name, name))
				return kind;
			else if (!name)
				puts(kind->name);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct kind *kind = find(argc < 4 ? NULL : argv[1]);

	if (!kind)
		return argc == 2 ? 0 : 2;
	if (!strcmp(argv[2], "check")) {
		const char *wrong =
			map_image(argv[3]) ? kind->check(acknowledged()) : "it cannot be mapped";
		if (wrong)
			puts(wrong);
		return wrong != NULL;
	}
	base = map(argv[3], true);
	side = argc > 4 ? map(argv[4], true) : NULL;
	if (!base || (argc > 4 && !side))
		return 3;
	kind->work(!strcmp(argv[2], "bad"));
	return 0;
}
