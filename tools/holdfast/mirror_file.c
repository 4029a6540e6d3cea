/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libpmem2.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mirror.h"

/*
 * Pages that were compared are dropped from this process's map in steps of DROP_STEP bytes. Each
 * step drops the last DROP_BEHIND bytes before the offset once more, because this process may have
 * read up to about 100 MiB of them again: to hash the pages of requests that are under way, and to
 * send pages that differ. Dropping a page that is needed later is harmless: the next access maps it
 * again.
 */
#define DROP_STEP   ((size_t)8 << 20)
#define DROP_BEHIND ((size_t)160 << 20)

static const char pool_set[] = "PMEMPOOLSET";

static char last_words[4200];

static void on_fault(int number)
{
	ssize_t said = write(STDERR_FILENO, last_words, strlen(last_words));

	(void)said;
	(void)number;
	_exit(OUTCOME_UNKNOWN);
}

static void watch(const char *path)
{
	struct sigaction action = {.sa_handler = on_fault};

	snprintf(last_words, sizeof(last_words),
		"holdfast: %s: the file was shortened meanwhile, or cannot be read\n", path);
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

__attribute__((__format__(__printf__, 1, 2))) static char *message(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = must_copy(NULL);
	va_end(arguments);
	return text;
}

/* Gets the size of a file or a DAX device. Returns NULL, or an error message. */
static char *get_size(int fd, size_t *size)
{
	struct pmem2_source *source;

	if (pmem2_source_from_fd(&source, fd))
		return must_copy(pmem2_errormsg());
	char *error = pmem2_source_size(source, size) ? must_copy(pmem2_errormsg()) : NULL;
	pmem2_source_delete(&source);
	return error;
}

static bool is_pool_set(int fd)
{
	char begin[sizeof(pool_set) - 1];

	return pread(fd, begin, sizeof(begin), 0) == (ssize_t)sizeof(begin) &&
	       !memcmp(begin, pool_set, sizeof(begin));
}

static char *map(struct mirror_file *file, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct stat status;
	char *error = get_size(fd, &file->size);

	if (error)
		return error;
	if (is_pool_set(fd))
		return message(
			"it is the description of a pool set: give the file of the pool's part instead");
	if (!file->size || file->size % page)
		return message(
			"it has %zu bytes; the size of a pool is a multiple of %zu, the page size",
			file->size, page);
	file->addr = mmap(NULL, file->size, PROT_READ, MAP_SHARED, fd, 0);
	if (file->addr == MAP_FAILED)
		return must_copy(strerror(errno));
	file->is_file = !fstat(fd, &status) && S_ISREG(status.st_mode);
	/* Make the kernel read a file ahead. For a DAX device this has no effect. */
	posix_madvise(file->addr, file->size, POSIX_MADV_SEQUENTIAL);
	return NULL;
}

char *mirror_file_open(struct mirror_file *file, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*file = (struct mirror_file){.path = path};
	if (fd < 0)
		return must_copy(strerror(errno));
	char *error = map(file, fd);
	close(fd);
	if (!error)
		watch(path);
	return error;
}

void mirror_file_drop(struct mirror_file *file, size_t compared)
{
	size_t end = compared / DROP_STEP * DROP_STEP;
	size_t begin = end > DROP_BEHIND ? end - DROP_BEHIND : 0;

	if (!file->is_file || end <= file->dropped)
		return;
	madvise((char *)file->addr + begin, end - begin, MADV_DONTNEED);
	file->dropped = end;
}
