/* SPDX-License-Identifier: BSD-3-Clause */
/* mcsafe.c - tests pmem2_source_pread_mcsafe() and pmem2_source_pwrite_mcsafe() on files */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "api/fixture.h"

#define SIZE 10000

static int fd;
static struct pmem2_source *src;
static char data[SIZE], buf[SIZE];

static void transfers(void)
{
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (char)(i * 13 + i / 256);
	is_int(pmem2_source_pwrite_mcsafe(src, data, SIZE, 0), 0,
		"pwrite_mcsafe: all of a file is written");
	ok(pread(fd, buf, SIZE, 0) == SIZE && !memcmp(buf, data, SIZE),
		"pwrite_mcsafe: the file then contains the bytes that were written");
	memset(buf, 0, SIZE);
	is_int(pmem2_source_pread_mcsafe(src, buf, SIZE, 0), 0,
		"pread_mcsafe: all of a file is read");
	ok(!memcmp(buf, data, SIZE),
		"pread_mcsafe: the buffer then contains the bytes of the file");
	is_int(pmem2_source_pread_mcsafe(src, buf, 3, 4097), 0,
		"pread_mcsafe: a part of a file is read");
	ok(!memcmp(buf, data + 4097, 3) && buf[3] == data[3],
		"pread_mcsafe: the buffer has the bytes that were read, and no byte behind them changes");
	is_int(pmem2_source_pwrite_mcsafe(src, data, 2, SIZE - 2), 0,
		"pwrite_mcsafe: a write of the last bytes of a file succeeds");
	ok(pread(fd, buf, 3, SIZE - 2) == 2 && !memcmp(buf, data, 2),
		"pwrite_mcsafe: a write of the last bytes does not change the file's size");
}

static void both_refused(size_t size, size_t offset, int want, const char *what)
{
	is_int(pmem2_source_pread_mcsafe(src, buf, size, offset), want,
		"pread_mcsafe, %s: it is refused", what);
	is_int(pmem2_source_pwrite_mcsafe(src, buf, size, offset), want,
		"pwrite_mcsafe, %s: it is refused", what);
}

static void ranges(void)
{
	both_refused(
		SIZE + 1, 0, PMEM2_E_LENGTH_OUT_OF_RANGE, "a size of one byte more than the file");
	has_str(pmem2_errormsg(), "beyond the source's 10000 bytes",
		"pwrite_mcsafe: the message for a refused range names the source's size");
	both_refused(1, SIZE, PMEM2_E_LENGTH_OUT_OF_RANGE, "a byte at the end of the file");
	both_refused(
		0, SIZE + 1, PMEM2_E_LENGTH_OUT_OF_RANGE, "0 bytes beyond the end of the file");
	both_refused(1, SIZE + 1, PMEM2_E_LENGTH_OUT_OF_RANGE, "a byte beyond the end of the file");
	both_refused(1, SIZE_MAX, PMEM2_E_LENGTH_OUT_OF_RANGE, "a byte at the largest offset");
	both_refused(SIZE_MAX, 2, PMEM2_E_LENGTH_OUT_OF_RANGE,
		"an offset and a size whose sum overflows");
	is_int(pmem2_source_pread_mcsafe(src, buf, 0, SIZE), 0,
		"pread_mcsafe: 0 bytes at the end of the file are accepted");
	is_int(pmem2_source_pwrite_mcsafe(src, NULL, 0, 0), 0,
		"pwrite_mcsafe: 0 bytes from NULL are accepted");
}

static void access_modes(void)
{
	int reader = file_of(SIZE, O_RDONLY), appender = file_of(SIZE, O_RDWR | O_APPEND);
	struct pmem2_source *ro = source_of(reader), *append = source_of(appender), *anon;

	is_int(pmem2_source_pread_mcsafe(ro, buf, SIZE, 0), 0,
		"pread_mcsafe: an O_RDONLY descriptor is accepted");
	is_int(pmem2_source_pwrite_mcsafe(ro, buf, 1, 0), -EBADF,
		"pwrite_mcsafe: an O_RDONLY descriptor is refused");
	has_str(pmem2_errormsg(), "cannot write",
		"pwrite_mcsafe: the message for an O_RDONLY descriptor says that it cannot write");
	is_int(pmem2_source_pwrite_mcsafe(ro, buf, 0, 0), -EBADF,
		"pwrite_mcsafe: an O_RDONLY descriptor is refused for 0 bytes, too");
	is_int(pmem2_source_pread_mcsafe(append, buf, SIZE, 0), 0,
		"pread_mcsafe: an O_APPEND descriptor is accepted");
	is_int(pmem2_source_pwrite_mcsafe(append, buf, 1, 0), PMEM2_E_NO_ACCESS,
		"pwrite_mcsafe: an O_APPEND descriptor is refused, as Linux would ignore the offset and append");
	is_int(lseek(appender, 0, SEEK_END), SIZE,
		"pwrite_mcsafe: after O_APPEND was refused the file has its old size");
	close(reader);
	is_int(pmem2_source_pread_mcsafe(ro, buf, 1, 0), PMEM2_E_INVALID_FILE_HANDLE,
		"pread_mcsafe: a closed descriptor is refused");
	pmem2_source_from_anon(&anon, SIZE);
	is_int(pmem2_source_pread_mcsafe(anon, buf, 1, 0), PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED,
		"pread_mcsafe: an anonymous source is refused");
	is_int(pmem2_source_pwrite_mcsafe(anon, buf, 1, 0), PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED,
		"pwrite_mcsafe: an anonymous source is refused");
	pmem2_source_delete(&anon);
	pmem2_source_delete(&ro);
	pmem2_source_delete(&append);
	close(appender);
}

/*
 * Tests a short write: the kernel writes the bytes up to the limit RLIMIT_FSIZE, and refuses the
 * rest.
 */
static void short_transfers(void)
{
	struct rlimit old, limit;

	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 6000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	int result = pmem2_source_pwrite_mcsafe(src, data, SIZE, 0);
	setrlimit(RLIMIT_FSIZE, &old);
	is_int(result, -EFBIG, "pwrite_mcsafe: a short write is an error");
	has_str(pmem2_errormsg(), "4000 bytes at offset 6000",
		"pwrite_mcsafe: the message for a short write names the range that was not written");
}

/*
 * A thread that again and again cuts the file and makes it longer. pread_mcsafe first asks for the
 * file's size; if the file is cut after that, pread_mcsafe must not report the missing bytes as
 * read.
 */
static void *cut(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED))
		if (ftruncate(fd, SIZE / 2) || ftruncate(fd, SIZE))
			bail("cannot change the length of the file: %m");
	return NULL;
}

static void shrinks(void)
{
	int stop = 0, seen = 0, wrong = 0;
	pthread_t thread;

	pthread_create(&thread, NULL, cut, &stop);
	for (int i = 0; i < 200000 && !seen; i++) {
		memset(buf, 1, SIZE);
		int result = pmem2_source_pread_mcsafe(src, buf, SIZE, 0);
		if (result == PMEM2_E_LENGTH_OUT_OF_RANGE)
			seen = strstr(pmem2_errormsg(), "has shrunk") != NULL;
		else if (result || buf[SIZE - 1])
			wrong++;
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	is_int(wrong, 0,
		"pread_mcsafe: while the file shrinks, the call either reads all of its bytes or fails");
	if (seen)
		ok(seen,
			"pread_mcsafe: if it fails for a file that shrinks, the message says that the file has shrunk");
	else
		skip("pread_mcsafe: if it fails for a file that shrinks, the message says that the file has shrunk",
			"the file never shrank in the middle of a call");
}

static void nulls(void)
{
	is_int(pmem2_source_pread_mcsafe(NULL, buf, 1, 0), -EINVAL,
		"pread_mcsafe: NULL for the source is refused");
	is_int(pmem2_source_pread_mcsafe(src, NULL, 1, 0), -EINVAL,
		"pread_mcsafe: NULL for the buffer is refused");
	has_str(pmem2_errormsg(), "buf is NULL",
		"pread_mcsafe: the message names the argument that is NULL");
	is_int(pmem2_source_pwrite_mcsafe(NULL, buf, 1, 0), -EINVAL,
		"pwrite_mcsafe: NULL for the source is refused");
	is_int(pmem2_source_pwrite_mcsafe(src, NULL, 1, 0), -EINVAL,
		"pwrite_mcsafe: NULL for the buffer is refused");
}

int main(void)
{
	fd = file_of(SIZE, O_RDWR);
	src = source_of(fd);
	transfers();
	ranges();
	access_modes();
	short_transfers();
	if (pwrite(fd, data, SIZE, 0) != SIZE || ftruncate(fd, 0) || ftruncate(fd, SIZE))
		bail("cannot empty the file: %m");
	shrinks();
	nulls();
	pmem2_source_delete(&src);
	close(fd);
	return tap_done();
}
