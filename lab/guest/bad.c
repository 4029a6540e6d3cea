/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bad.c - a bad block under a file or a DAX device: bad FILE OFFSET [poison]
 *
 * OFFSET, in bytes, is where the one bad block of FILE has been made, a page of 4096 bytes or a
 * part of one. `poison': it is made here, with MADV_HWPOISON, and no list knows of it. The bytes
 * before and behind that page are good.
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

static void poison(int fd, size_t length)
{
	char *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		bail("cannot map: %m");
	at[offset] = 1;
	if (madvise(at + offset, PAGE, MADV_HWPOISON))
		skip_all("MADV_HWPOISON is not to be had here");
	munmap(at, length);
}

/* How many there are in the list; those that are not in our page, or not whole, are failures. */
static int listed(bool clear)
{
	struct pmem2_badblock_context *context;
	struct pmem2_badblock block;
	int count = 0, ret = pmem2_badblock_context_new(&context, src);

	if (!is_int(ret, 0, "the list of bad blocks"))
		bail("%s", pmem2_errormsg());
	while (!(ret = pmem2_badblock_next(context, &block))) {
		diag("bad: offset %zu, length %zu", block.offset, block.length);
		ok(block.offset >= offset && block.offset + block.length <= offset + PAGE,
			"a bad block is where it was made");
		if (clear && !is_int(pmem2_badblock_clear(context, &block), 0, "it is cleared"))
			diag("%s", pmem2_errormsg());
		count++;
	}
	is_int(ret, PMEM2_E_NO_BAD_BLOCK_FOUND, "the list has an end");
	pmem2_badblock_context_delete(&context);
	return count;
}

static void *read_often(void *wrong)
{
	char buffer[2 * 4096];

	for (int i = 0; i < ROUNDS; i++) {
		*(int *)wrong +=
			pmem2_source_pread_mcsafe(src, buffer, PAGE, offset) != PMEM2_E_IO_FAIL;
		*(int *)wrong += pmem2_source_pread_mcsafe(src, buffer, PAGE, offset - PAGE) != 0;
	}
	return NULL;
}

static void reads(void)
{
	char buffer[3 * 4096];
	pthread_t threads[THREADS];
	int wrong[THREADS] = {0}, sum = 0;

	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset), PMEM2_E_IO_FAIL,
		"mcsafe read of the bad page");
	diag("%s", pmem2_errormsg());
	is_int(pmem2_source_pread_mcsafe(src, buffer, sizeof(buffer), offset - PAGE),
		PMEM2_E_IO_FAIL, "mcsafe read across it");
	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset - PAGE), 0, "before it");
	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset + PAGE), 0, "behind it");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, read_often, &wrong[i]))
			bail("no thread");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += wrong[i];
	}
	is_int(sum, 0, "the same from %d threads at once", THREADS);
	is_int(own_signals, 0, "the program's own handler was not called");
	raise(SIGBUS);
	is_int(own_signals, 1, "and is still there");
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = own_handler};

	if (argc < 3)
		bail("usage: bad FILE OFFSET [poison]");
	int fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0)
		bail("cannot open %s: %m", argv[1]);
	src = source_of(fd);
	offset = strtoull(argv[2], NULL, 0);
	sigaction(SIGBUS, &action, NULL);
	if (argc > 3) {
		size_t size;
		if (pmem2_source_size(src, &size))
			bail("no size: %s", pmem2_errormsg());
		poison(fd, size);
		reads();
		return tap_done();
	}
	ok(listed(false) > 0, "there is a bad block");
	reads();
	listed(true);
	is_int(listed(false), 0, "none is left");
	char buffer[4096], zeroes[4096] = "";
	is_int(pmem2_source_pread_mcsafe(src, buffer, PAGE, offset), 0, "it can be read again");
	diag("zeroes: %d", !memcmp(buffer, zeroes, PAGE));
	is_int(pmem2_source_pwrite_mcsafe(src, zeroes, PAGE, offset), 0, "and written");
	return tap_done();
}
