/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rows_defects.c - checks of rows of doc/compatibility.md that describe defects of Debian's
 * libraries
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rowcheck.h"

#define MARK ((void *)0x7ab00)
#define SIZE 65536

/* Checks that a temporary file never has a name, not even while it is made. */
static bool temporary_without_name(void)
{
	char event[4096];
	int watch = inotify_init1(IN_NONBLOCK);

	if (mkdir("tmp", 0755) || watch < 0 || inotify_add_watch(watch, "tmp", IN_CREATE) < 0)
		cannot("cannot watch a directory: %s", strerror(errno));
	if (!pmem.map_file("tmp", SIZE, FILE_CREATE | FILE_TMPFILE, 0600, NULL, NULL))
		cannot("cannot make a temporary file: %s", pmem.errormsg());
	if (read(watch, event, sizeof(event)) > 0)
		return wrong("a temporary file had the name %s",
			((struct inotify_event *)(void *)event)->name);
	return true;
}

/* Tries to give a name to the file that is mapped at `addr`. Returns 0 or an errno. */
static int link_of(const void *addr, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/map_files/%" PRIxPTR "-%" PRIxPTR, (uintptr_t)addr,
		(uintptr_t)addr + SIZE);
	return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW) ? errno : 0;
}

/*
 * Checks that linkat(2) can give a temporary file a name unless it was made with EXCL, as for a
 * file that open(2) makes with O_TMPFILE.
 */
static bool temporary_linked(void)
{
	int tmp = FILE_CREATE | FILE_TMPFILE;
	int probe = open(".", O_TMPFILE | O_RDWR, 0600);

	if (geteuid())
		cannot("only root may open files in /proc/self/map_files");
	if (probe < 0)
		cannot("cannot open a file with O_TMPFILE: %s", strerror(errno));
	void *open_to_names = pmem.map_file(".", SIZE, tmp, 0600, NULL, NULL);
	void *closed_to_names = pmem.map_file(".", SIZE, tmp | FILE_EXCL, 0600, NULL, NULL);
	if (!open_to_names || !closed_to_names)
		cannot("cannot make a temporary file: %s", pmem.errormsg());
	int error = link_of(open_to_names, "name");
	if (error)
		return wrong(
			"without EXCL the temporary file cannot be linked: %s", strerror(error));
	if (!link_of(closed_to_names, "other"))
		return wrong("with EXCL the temporary file can be linked");
	return true;
}

/* Checks that a failed call removes a file that it made, and keeps a file that existed before. */
static bool nothing_left(void)
{
	if (pmem.map_file("new", INT64_MAX, FILE_CREATE, 0600, NULL, NULL))
		cannot("this file system accepts a file of 2^63 - 1 bytes");
	if (!access("new", F_OK))
		return wrong("a failed call leaves the new file");
	close(file_of("old", 100));
	pmem.map_file("old", INT64_MAX, FILE_CREATE, 0600, NULL, NULL);
	if (access("old", F_OK))
		return wrong("a failed call removes a file that existed before");
	return true;
}

/* Checks that map_from_existing either refuses 0 bytes, or makes a map that can be deleted. */
static bool empty_existing(void)
{
	void *map = MARK;
	int rc = pmem2.map_from_existing(&map, anon_of(SIZE), memory_of(SIZE), 0, CACHE_LINE);

	if (rc)
		return map == MARK ||
		       wrong("a map of 0 bytes is refused, but the output was changed");
	rc = pmem2.map_delete(&map);
	return rc == 0 || wrong("a map of 0 bytes cannot be deleted: %s", api_error_name(rc));
}

static bool existing_leaks(void)
{
	char *addr = memory_of(SIZE);
	void *src = anon_of(SIZE), *map;
	size_t before = 0;

	for (int i = 0; i < 2000; i++) {
		if (i == 1000)
			before = mallinfo2().uordblks;
		if (pmem2.map_from_existing(&map, src, addr, SIZE, CACHE_LINE) ||
			pmem2.map_delete(&map))
			cannot("cannot make and delete a map");
	}
	size_t after = mallinfo2().uordblks;
	return after <= before + 1000 ||
	       wrong("1000 maps made and deleted leave %zu bytes", after - before);
}

/* Returns the size of this process's address space in use, in bytes. */
static size_t address_space(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	size_t pages = 0;

	if (!f || fscanf(f, "%zu", &pages) != 1)
		cannot("cannot read /proc/self/statm");
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool reservation_leaks(void)
{
	void *rsv;
	size_t before = 0;

	for (int i = 0; i < 20; i++) {
		if (i == 10)
			before = address_space();
		int rc = pmem2.vm_reservation_new(&rsv, NULL, SIZE);
		if (rc || (rc = pmem2.vm_reservation_delete(&rsv)))
			cannot("cannot make and delete a reservation: %s", api_error_name(rc));
	}
	size_t after = address_space();
	return after <= before + SIZE ||
	       wrong("10 reservations made and deleted leave %zu bytes of address space",
		       after - before);
}

static bool empty_reservation(void)
{
	void *rsv = MARK;
	int rc = pmem2.vm_reservation_new(&rsv, NULL, 0);

	if (rc)
		return rsv == NULL ||
		       wrong("a reservation of 0 bytes is refused, but the output is not NULL");
	rc = pmem2.vm_reservation_delete(&rsv);
	return rc == 0 ||
	       wrong("a reservation of 0 bytes cannot be deleted: %s", api_error_name(rc));
}

static bool usc_kept(void)
{
	uint64_t usc = 77;
	int rc = pmem2.source_device_usc(source_of(file_of("file", SIZE)), &usc);

	if (rc != E_NOSUPP)
		cannot("source_device_usc of a file is not NOSUPP here: %s", api_error_name(rc));
	return usc == 77 || wrong("a failed source_device_usc set its output to %" PRIu64, usc);
}

static bool read_beyond_end(void)
{
	char buf[100] = "mine";
	void *src = source_of(file_of("file", SIZE));
	int rc = pmem2.source_pread_mcsafe(src, buf, sizeof(buf), SIZE + 1);

	if (rc == E_LENGTH_OUT_OF_RANGE)
		rc = pmem2.source_pwrite_mcsafe(src, buf, sizeof(buf), SIZE + 1);
	return rc == E_LENGTH_OUT_OF_RANGE ||
	       wrong("a transfer behind the end of the file returns %s", api_error_name(rc));
}

static bool clear_unlisted(void)
{
	const struct bad_block block = {0, 4096};
	char bytes[8192], after[8192];
	int fd = file_of("file", sizeof(bytes));
	void *context;

	memset(bytes, 7, sizeof(bytes));
	if (write(fd, bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
		cannot("cannot write to a file: %s", strerror(errno));
	int rc = pmem2.badblock_context_new(&context, source_of(fd));
	if (rc)
		cannot("cannot make a context of bad blocks: %s", api_error_name(rc));
	rc = pmem2.badblock_clear(context, &block);
	if (pread(fd, after, sizeof(after), 0) != (ssize_t)sizeof(after) ||
		memcmp(bytes, after, sizeof(bytes)))
		return wrong("badblock_clear cleared a block that is not bad");
	return rc < 0 || wrong("badblock_clear reports success for a block that is not bad");
}

static bool anon_context_null(void)
{
	void *context = MARK;
	int rc = pmem2.badblock_context_new(&context, anon_of(SIZE));

	if (rc != E_NOSUPP)
		return wrong(
			"badblock_context_new returns %s for anonymous memory", api_error_name(rc));
	return context == NULL || wrong("badblock_context_new fails, but its output is not NULL");
}

const struct row defects[] = {
	{"temporary-file", temporary_without_name, "pmem"},
	{"temporary-file-link", temporary_linked, "pmem"},
	{"failed-create", nothing_left, "pmem"},
	{"empty-map", empty_existing, "pmem2"},
	{"deleted-map", existing_leaks, "pmem2"},
	{"reserved-space", reservation_leaks, "pmem2"},
	{"empty-reservation", empty_reservation, "pmem2"},
	{"outputs-on-failure", usc_kept, "pmem2"},
	{"mcsafe", read_beyond_end, "pmem2"},
	{"unlisted-block", clear_unlisted, "pmem2"},
	{"bad-block-context", anon_context_null, "pmem2"},
	{NULL, NULL, NULL},
};
