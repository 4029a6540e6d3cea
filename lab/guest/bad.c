/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bad.c - tests bad blocks of a file or a DAX device: bad HOW FILE OFFSET
 *
 * OFFSET, in bytes, is that of a page of 4096 bytes which was made bad. HOW:
 *
 *	file	FILE is a file; the kernel knows of the bad page. It is read, cleared and read again
 *	listed	FILE is a DAX device; the kernel lists the page as bad, but reads succeed, because
 *		QEMU cannot make memory bad, and its bus cannot clear bad blocks
 *	clears	FILE is a DAX device that must not be read, on a bus that can clear bad blocks
 */
#include <pthread.h>
#include <signal.h>

#include "guest.h"

#define PAGE    ((size_t)4096)
#define THREADS 4
#define ROUNDS  20

static struct pmem2_source *src;
static size_t offset;
static volatile sig_atomic_t own_signals;

static void own_handler(int signal)
{
	own_signals++;
	(void)signal;
}

#define DO_NOT 1

/*
 * Returns the number of listed bad blocks. A listed block that is not a whole block in the page
 * that was made bad is a failure. Clears each block, and checks that this returns `clearing',
 * unless `clearing' is DO_NOT.
 */
static int listed(int clearing)
{
	struct pmem2_badblock_context *context;
	struct pmem2_badblock block;
	int count = 0, ret = pmem2_badblock_context_new(&context, src);

	if (!is_int(ret, 0, "badblock_context_new: the list of bad blocks is read"))
		bail("%s", pmem2_errormsg());
	while (!(ret = pmem2_badblock_next(context, &block))) {
		diag("bad: offset %zu, length %zu", block.offset, block.length);
		ok(block.offset >= offset && block.offset + block.length <= offset + PAGE,
			"badblock_next: the bad block that it reports lies in the page that the lab made bad");
		if (clearing != DO_NOT &&
			!is_int(pmem2_badblock_clear(context, &block), clearing,
				"badblock_clear: it clears the bad block, or fails if the NVDIMM bus cannot clear errors"))
			diag("%s", pmem2_errormsg());
		count++;
	}
	is_int(ret, PMEM2_E_NO_BAD_BLOCK_FOUND, "badblock_next: reports the end of the list");
	pmem2_badblock_context_delete(&context);
	return count;
}

static void *read_often(void *wrong)
{
	char *buffer = malloc(PAGE);

	for (int i = 0; i < ROUNDS; i++) {
		*(int *)wrong +=
			pmem2_source_pread_mcsafe(src, buffer, PAGE, offset) != PMEM2_E_IO_FAIL;
		*(int *)wrong += pmem2_source_pread_mcsafe(src, buffer, PAGE, offset - PAGE) != 0;
	}
	free(buffer);
	return NULL;
}

static void reads(void)
{
	char buffer[3 * 4096];
	pthread_t threads[THREADS];
	int wrong[THREADS] = {0}, sum = 0;

	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset), PMEM2_E_IO_FAIL,
		"pread_mcsafe: reading the bad page fails");
	diag("%s", pmem2_errormsg());
	is_int(pmem2_source_pread_mcsafe(src, buffer, sizeof(buffer), offset - PAGE),
		PMEM2_E_IO_FAIL, "pread_mcsafe: reading a range across the bad page fails");
	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset - PAGE), 0,
		"pread_mcsafe: the page before the bad page can be read");
	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset + PAGE), 0,
		"pread_mcsafe: the page behind the bad page can be read");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, read_often, &wrong[i]))
			bail("cannot start a thread");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += wrong[i];
	}
	is_int(sum, 0,
		"pread_mcsafe: %d concurrent threads fail to read the bad page, and can read the page before it",
		THREADS);
	is_int(own_signals, 0,
		"SIGBUS: pread_mcsafe of a bad page does not call the program's own handler");
	raise(SIGBUS);
	is_int(own_signals, 1,
		"SIGBUS: the program's own handler is still installed after pread_mcsafe");
}

static void in_a_file(void)
{
	char buffer[4096], zeroes[4096] = "";

	ok(listed(DO_NOT) > 0, "badblock_clear of a file: before the call a bad block is listed");
	reads();
	listed(0);
	is_int(listed(DO_NOT), 0, "badblock_clear of a file: no bad block is left");
	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset), 0,
		"badblock_clear of a file: the cleared page can be read");
	ok(!memcmp(buffer, zeroes, PAGE),
		"badblock_clear of a file: the cleared page contains zeros");
	is_int(pmem2_source_pwrite_mcsafe(src, zeroes, PAGE, offset), 0,
		"badblock_clear of a file: the cleared page can be written");
}

static void in_a_list(void)
{
	ok(listed(PMEM2_E_NOSUPP) > 0,
		"an NVDIMM bus that cannot clear errors: a bad block is listed, and clearing it is refused");
	ok(listed(DO_NOT) > 0,
		"an NVDIMM bus that cannot clear errors: the bad block is still listed after the refused clearing");
}

static void in_a_list_that_clears(void)
{
	ok(listed(DO_NOT) > 0, "an NVDIMM bus that can clear errors: a bad block is listed");
	ok(listed(0) > 0, "an NVDIMM bus that can clear errors: the bad block is cleared");
	is_int(listed(DO_NOT), 0,
		"an NVDIMM bus that can clear errors: no bad block is listed after clearing");
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = own_handler};

	if (argc != 4)
		bail("usage: bad HOW FILE OFFSET");
	int fd = open(argv[2], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[2]);
	src = source_of(fd);
	offset = strtoull(argv[3], NULL, 0);
	sigaction(SIGBUS, &action, NULL);
	if (!strcmp(argv[1], "file"))
		in_a_file();
	else if (!strcmp(argv[1], "listed"))
		in_a_list();
	else if (!strcmp(argv[1], "clears"))
		in_a_list_that_clears();
	else
		bail("%s is not file, listed or clears", argv[1]);
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
