/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mcsafe.c - mcsafe_read() and mcsafe_write(), which copy through a temporary mapping
 *
 * Both are made for device DAX; this test uses them on a file. The functions do not ask for the
 * length of the file, so pages beyond its end can stand for bad memory: both raise SIGBUS.
 */
#include "map/mcsafe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "cpu/cpu.h"
#include "libpmem2/base.h"
#include "map/sigbus.h"
#include "tap.h"

#define GOOD 4 /* pages of the file */

static size_t page;
static struct device device = {.kind = DEVICE_FILE};

static struct mcsafe open_file(int flags)
{
	char name[] = "/tmp/holdfast-mcsafe-XXXXXX";
	int made = mkstemp(name);
	char *content = malloc(GOOD * page);

	if (!content)
		bail("no memory");
	for (size_t i = 0; i < GOOD * page; i++)
		content[i] = (char)(i * 31 + i / page);
	if (made < 0 || write(made, content, GOOD * page) != (ssize_t)(GOOD * page))
		bail("cannot make %s: %m", name);
	free(content);
	int fd = open(name, flags);
	unlink(name);
	close(made);
	return (struct mcsafe){
		.device = &device, .fd = fd, .alignment = page, .sysfs = "/nonexistent"};
}

static unsigned mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned lines = 0;

	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static void transfers(void)
{
	struct mcsafe file = open_file(O_RDWR);
	char *buf = malloc(GOOD * page), *there = malloc(GOOD * page);
	size_t wrong = 0;
	const struct {
		size_t offset, size;
	} cases[] = {{0, 1}, {0, GOOD * page}, {page - 1, 2}, {page, page}, {1, GOOD * page - 1},
		{GOOD * page - 1, 1}, {3 * page - 8, page}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t offset = cases[i].offset, size = cases[i].size;
		wrong += mcsafe_read(&file, buf, size, offset) != 0;
		wrong += pread(file.fd, there, size, (off_t)offset) != (ssize_t)size;
		wrong += memcmp(buf, there, size) != 0;
		memset(buf, (int)i, size);
		wrong += mcsafe_write(&file, buf, size, offset) != 0;
		wrong += pread(file.fd, there, size, (off_t)offset) != (ssize_t)size;
		wrong += memcmp(buf, there, size) != 0;
	}
	is_int(wrong, 0, "mcsafe: reads and writes of any alignment succeed");
	/* Pretend that mappings need a larger alignment, as those of DAX devices do. */
	file.alignment = 2 * page;
	is_int(mcsafe_read(&file, buf, 2, 2 * page - 1), 0,
		"mcsafe_read: a range across a boundary of the required mapping alignment is read");
	file.alignment = page;
	free(buf);
	free(there);
	close(file.fd);
}

static void bad_blocks(void)
{
	struct mcsafe file = open_file(O_RDWR);
	char *buf = malloc(3 * page);
	struct sigaction now;
	unsigned before = mappings();
	size_t wrong = 0;

	is_int(mcsafe_read(&file, buf, 2 * page, (GOOD - 1) * page), PMEM2_E_IO_FAIL,
		"mcsafe_read: a read that reaches a bad page gives IO_FAIL");
	size_t at = 0;
	sscanf(err_get(), "bad memory at offset %zu of the device", &at);
	is_int(at / page, GOOD, "mcsafe_read: the message has the offset of the bad page");
	is_int(mcsafe_write(&file, buf, 1, GOOD * page + 7), PMEM2_E_IO_FAIL,
		"mcsafe_write: a write to a bad page gives IO_FAIL");
	has_str(err_get(), "at offset 16391 of the device",
		"mcsafe_write: the message has the offset of the bad byte");
	for (int i = 0; i < 100; i++) {
		wrong += mcsafe_read(&file, buf, 1, GOOD * page) != PMEM2_E_IO_FAIL;
		wrong += mcsafe_write(&file, buf, 1, GOOD * page) != PMEM2_E_IO_FAIL;
	}
	is_int(wrong, 0, "mcsafe_read: 200 faults in a row are reported");
	ok(mappings() < before + 20, "mcsafe_read: 200 faults leave no mappings behind");
	sigaction(SIGBUS, NULL, &now);
	ok(now.sa_handler == SIG_DFL, "mcsafe_read: 200 faults leave no SIGBUS handler behind");
	free(buf);
	close(file.fd);
}

static void access_modes(void)
{
	struct mcsafe file = open_file(O_RDONLY);
	char byte = 0;

	is_int(mcsafe_read(&file, &byte, 1, 5), 0, "mcsafe_read: a read-only descriptor is enough");
	is_int(byte, (char)(5 * 31), "mcsafe_read: the byte that is read is that of the file");
	is_int(mcsafe_write(&file, &byte, 1, 5), PMEM2_E_NO_ACCESS,
		"mcsafe_write: a read-only descriptor is refused");
	unsigned before = mappings();
	mcsafe_write(&file, &byte, 1, 5);
	is_int(mappings(), before, "mcsafe_write: a refusal leaves no mapping behind");
	close(file.fd);
	is_int(mcsafe_read(&file, &byte, 1, 0), -EBADF,
		"mcsafe_read: a closed descriptor is refused");
}

/* On DAX over volatile memory, writes are refused because they cannot be durable; reads work. */
static void volatile_memory(void)
{
	struct mcsafe file = open_file(O_RDWR);
	struct device dax = {.kind = DEVICE_DAX, .number = 0};
	char byte = 0, was = 0;

	file.device = &dax;
	is_int(mcsafe_read(&file, &byte, 1, 1), 0,
		"mcsafe_read: DAX that is not persistent memory can be read");
	byte = 'x';
	is_int(mcsafe_write(&file, &byte, 1, 1), PMEM2_E_NOSUPP,
		"mcsafe_write: a write to DAX that is not persistent memory is refused");
	ok(pread(file.fd, &was, 1, 1) == 1 && was == 31,
		"mcsafe_write: a refused byte is not stored");
	setenv("PMEM2_FORCE_GRANULARITY", "BYTE", 1);
	is_int(mcsafe_write(&file, &byte, 1, 1), 0,
		"mcsafe_write: volatile DAX can be written if PMEM2_FORCE_GRANULARITY is set");
	unsetenv("PMEM2_FORCE_GRANULARITY");
	ok(pread(file.fd, &was, 1, 1) == 1 && was == 'x',
		"mcsafe_write: with PMEM2_FORCE_GRANULARITY the byte is stored");
	close(file.fd);
}

#define THREADS 8

/*
 * Reads while the file is truncated and extended: each read succeeds or fails, and never crashes.
 */
static void *read_on(void *of)
{
	const struct mcsafe *file = of;
	char *buf = malloc(GOOD * page);
	size_t failed = 0;

	for (int i = 0; i < 300; i++) {
		int result = mcsafe_read(file, buf, GOOD * page, 0);
		if (result == PMEM2_E_IO_FAIL)
			failed++;
		else if (result)
			failed += 100000;
	}
	free(buf);
	return (void *)failed;
}

static void under_readers(void)
{
	struct mcsafe file = open_file(O_RDWR);
	pthread_t ids[THREADS];
	size_t failed = 0;
	void *result;

	if (ftruncate(file.fd, (off_t)page))
		bail("cannot truncate the file: %m");
	for (int i = 0; i < THREADS; i++)
		pthread_create(&ids[i], NULL, read_on, &file);
	for (int i = 0; i < 2000; i++)
		if (ftruncate(file.fd, (off_t)((i % 2 ? 1 : GOOD) * page)))
			bail("cannot truncate the file: %m");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(ids[i], &result);
		failed += (size_t)result;
	}
	ok(failed > 0 && failed <= THREADS * 300,
		"mcsafe: %d threads read while the file is truncated: some reads fail, none crashes",
		THREADS);
	close(file.fd);
}

int main(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	signal(SIGBUS, SIG_DFL); /* sanitizers install a handler of SIGBUS */
	cpu_init();
	if (sigbus_init())
		bail("sigbus_init failed");
	transfers();
	bad_blocks();
	access_modes();
	volatile_memory();
	under_readers();
	return tap_done();
}
