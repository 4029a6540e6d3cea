/* SPDX-License-Identifier: BSD-3-Clause */
/* mcsafe.c - pmem2_source_pread_mcsafe and pwrite_mcsafe on files */
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
		"pwrite_mcsafe: the file has the bytes");
	memset(buf, 0, SIZE);
	is_int(pmem2_source_pread_mcsafe(src, buf, SIZE, 0), 0,
		"pread_mcsafe: all of a file is read");
	ok(!memcmp(buf, data, SIZE), "pread_mcsafe: the bytes are those of the file");
	is_int(pmem2_source_pread_mcsafe(src, buf, 3, 4097), 0,
		"pread_mcsafe: a part of a file is read");
	ok(!memcmp(buf, data + 4097, 3) && buf[3] == data[3],
		"pread_mcsafe: nothing behind the part is changed");
	is_int(pmem2_source_pwrite_mcsafe(src, data, 2, SIZE - 2), 0,
		"pwrite_mcsafe: the end of a file is written");
	ok(pread(fd, buf, 3, SIZE - 2) == 2 && !memcmp(buf, data, 2),
		"pwrite_mcsafe: the file is as long as before");
}

static void both_refused(size_t size, size_t offset, int want, const char *what)
{
	is_int(pmem2_source_pread_mcsafe(src, buf, size, offset), want, "%s: read", what);
	is_int(pmem2_source_pwrite_mcsafe(src, buf, size, offset), want, "%s: written", what);
}

static void ranges(void)
{
	both_refused(SIZE + 1, 0, PMEM2_E_LENGTH_OUT_OF_RANGE, "one byte too many");
	has_str(pmem2_errormsg(), "beyond the source's 10000 bytes",
		"mcsafe: the message says why the range is refused");
	both_refused(1, SIZE, PMEM2_E_LENGTH_OUT_OF_RANGE, "at the end");
	both_refused(0, SIZE + 1, PMEM2_E_LENGTH_OUT_OF_RANGE, "mcsafe: no bytes beyond the end");
	both_refused(1, SIZE + 1, PMEM2_E_LENGTH_OUT_OF_RANGE, "mcsafe: a byte beyond the end");
	both_refused(
		1, SIZE_MAX, PMEM2_E_LENGTH_OUT_OF_RANGE, "mcsafe: a byte at the largest offset");
	both_refused(
		SIZE_MAX, 2, PMEM2_E_LENGTH_OUT_OF_RANGE, "mcsafe: offset and size that overflow");
	is_int(pmem2_source_pread_mcsafe(src, buf, 0, SIZE), 0, "nothing, at the end: read");
	is_int(pmem2_source_pwrite_mcsafe(src, NULL, 0, 0), 0, "nothing, from nowhere: written");
}

static void access_modes(void)
{
	int reader = file_of(SIZE, O_RDONLY), appender = file_of(SIZE, O_RDWR | O_APPEND);
	struct pmem2_source *ro = source_of(reader), *append = source_of(appender), *anon;

	is_int(pmem2_source_pread_mcsafe(ro, buf, SIZE, 0), 0, "pread_mcsafe: through O_RDONLY");
	is_int(pmem2_source_pwrite_mcsafe(ro, buf, 1, 0), -EBADF,
		"pwrite_mcsafe: not through O_RDONLY");
	has_str(pmem2_errormsg(), "cannot write",
		"pwrite_mcsafe: the message says why not through O_RDONLY");
	is_int(pmem2_source_pwrite_mcsafe(ro, buf, 0, 0), -EBADF,
		"pwrite_mcsafe: not even no bytes through O_RDONLY");
	is_int(pmem2_source_pread_mcsafe(append, buf, SIZE, 0), 0,
		"pread_mcsafe: through O_APPEND");
	is_int(pmem2_source_pwrite_mcsafe(append, buf, 1, 0), PMEM2_E_NO_ACCESS,
		"pwrite_mcsafe: not through O_APPEND, as Linux would append");
	is_int(lseek(appender, 0, SEEK_END), SIZE,
		"pwrite_mcsafe: nothing was appended through O_APPEND");
	close(reader);
	is_int(pmem2_source_pread_mcsafe(ro, buf, 1, 0), PMEM2_E_INVALID_FILE_HANDLE,
		"mcsafe: a descriptor that was closed");
	pmem2_source_from_anon(&anon, SIZE);
	is_int(pmem2_source_pread_mcsafe(anon, buf, 1, 0), PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED,
		"pread_mcsafe: not from an anonymous source");
	is_int(pmem2_source_pwrite_mcsafe(anon, buf, 1, 0), PMEM2_E_SOURCE_TYPE_NOT_SUPPORTED,
		"pwrite_mcsafe: not to an anonymous source");
	pmem2_source_delete(&anon);
	pmem2_source_delete(&ro);
	pmem2_source_delete(&append);
	close(appender);
}

/* A transfer that the kernel cuts short at a limit, and then refuses. */
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
		"pwrite_mcsafe: the message says what was not written");
}

/* The size is asked for first: what is cut off after that must not look read. */
static void *cut(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED))
		if (ftruncate(fd, SIZE / 2) || ftruncate(fd, SIZE))
			bail("cannot cut: %m");
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
	is_int(wrong, 0, "pread_mcsafe: a file that shrinks is read whole, or not at all");
	if (seen)
		ok(seen, "pread_mcsafe: the message says that the file has shrunk");
	else
		skip("pread_mcsafe: the message says that the file has shrunk",
			"it never did at the right moment");
}

static void nulls(void)
{
	is_int(pmem2_source_pread_mcsafe(NULL, buf, 1, 0), -EINVAL, "pread_mcsafe: no source");
	is_int(pmem2_source_pread_mcsafe(src, NULL, 1, 0), -EINVAL, "pread_mcsafe: no buffer");
	has_str(pmem2_errormsg(), "buf is NULL",
		"pread_mcsafe: the message names the argument that is NULL");
	is_int(pmem2_source_pwrite_mcsafe(NULL, buf, 1, 0), -EINVAL, "pwrite_mcsafe: no source");
	is_int(pmem2_source_pwrite_mcsafe(src, NULL, 1, 0), -EINVAL, "pwrite_mcsafe: no buffer");
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
