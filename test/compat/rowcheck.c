/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rowcheck ROW LIBPMEM LIBPMEM2 - checks if a build of the libraries behaves as a row of
 * doc/compatibility.md promises
 *
 * A row is a "defect" of Debian's libraries that Holdfast does not have, or a behaviour of theirs
 * that Holdfast "keeps" although their man pages say something else. LIBPMEM and LIBPMEM2 are
 * paths of the libraries to check. Exit status 0: right; 1: wrong, and standard output says how;
 * 77: this machine cannot run the check. Defects that make Debian's libraries crash or hang are not
 * among these rows: other tests check them, with Holdfast's libraries only. Files are made in the
 * current directory.
 *
 * rowcheck --list prints all rows: "defect failed-create pmem", "keep no-access pmem2".
 */
#include "rowcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool wrong(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	return false;
}

void cannot(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	exit(77);
}

int file_of(const char *name, size_t size)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)size))
		cannot("cannot make %s: %s", name, strerror(errno));
	return fd;
}

void *source_of(int fd)
{
	void *src;
	int rc = pmem2.source_from_fd(&src, fd);

	if (rc)
		cannot("cannot make a source: %s", api_error_name(rc));
	return src;
}

void *anon_of(size_t size)
{
	void *src;
	int rc = pmem2.source_from_anon(&src, size);

	if (rc)
		cannot("cannot make a source: %s", api_error_name(rc));
	return src;
}

void *new_config(void)
{
	void *cfg;
	int rc = pmem2.config_new(&cfg);

	if (rc || (rc = pmem2.config_set_required_store_granularity(cfg, PAGE)))
		cannot("cannot make a config: %s", api_error_name(rc));
	return cfg;
}

char *memory_of(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		cannot("cannot map memory: %s", strerror(errno));
	return memory;
}

static const struct row *find(const struct row *rows, const char *name)
{
	while (rows->name && strcmp(rows->name, name))
		rows++;
	return rows->name ? rows : NULL;
}

static void list(const char *kind, const struct row *rows)
{
	for (; rows->name; rows++)
		printf("%s %s %s\n", kind, rows->name, rows->library);
}

int main(int argc, char *argv[])
{
	const struct row *row;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		list("defect", defects);
		list("defect", stepped_rows);
		list("keep", keeps);
		return 0;
	}
	if (argc != 4) {
		fputs("usage: rowcheck ROW LIBPMEM LIBPMEM2, or rowcheck --list\n", stderr);
		return 2;
	}
	if (!(row = find(defects, argv[1])) && !(row = find(stepped_rows, argv[1])) &&
		!(row = find(keeps, argv[1]))) {
		fprintf(stderr, "rowcheck: there is no row %s\n", argv[1]);
		return 2;
	}
	bool second = !strcmp(row->library, "pmem2");
	api_load(second ? NULL : argv[2], second ? argv[3] : NULL);
	return row->check() ? 0 : 1;
}
