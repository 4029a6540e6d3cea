/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libpmem.h - functions for tests of libpmem: make a scratch directory and files in it, and run
 * child processes of the test
 */
#ifndef TEST_API_LIBPMEM_H
#define TEST_API_LIBPMEM_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libpmem.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

#define FIXTURE __attribute__((unused)) static inline

/*
 * Initial values of outputs. No call stores these values, so an output that still has its initial
 * value was not written.
 */
#define NO_LENGTH  ((size_t)0x7ab00)
#define NO_IS_PMEM 0x7ab

static char scratch[64]; /* path of the scratch directory */

FIXTURE void scratch_open(void)
{
	snprintf(scratch, sizeof(scratch), "%s/holdfast-api-XXXXXX",
		getenv("TMPDIR") && strlen(getenv("TMPDIR")) < 40 ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(scratch) || chmod(scratch, 0755))
		bail("cannot make %s: %m", scratch);
}

FIXTURE int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

FIXTURE void scratch_close(void)
{
	nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/*
 * Returns the path of `name` in the scratch directory. The returned text is valid until the fourth
 * call after this one.
 */
FIXTURE const char *at(const char *name)
{
	static char paths[4][512];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

/*
 * Makes a file of `size` bytes in the scratch directory. Each byte has the value `c`. Returns the
 * path of the file.
 */
FIXTURE const char *file_of(const char *name, size_t size, int c)
{
	const char *path = at(name);
	FILE *file = fopen(path, "w");

	for (size_t i = 0; file && i < size; i++)
		putc(c, file);
	if (!file || fclose(file))
		bail("cannot write %s: %m", path);
	return path;
}

FIXTURE long long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : (long long)st.st_size;
}

FIXTURE bool exists(const char *path)
{
	struct stat st;

	return !lstat(path, &st);
}

FIXTURE int entries(const char *path)
{
	DIR *dir = opendir(path);
	int count = -2; /* "." and ".." */

	if (!dir)
		return -1;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

FIXTURE int open_descriptors(void)
{
	return entries("/proc/self/fd");
}

FIXTURE int mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int lines = 0;

	if (!maps)
		bail("cannot read the list of mappings: %m");
	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

/*
 * Maps the file `name` in the scratch directory with pmem_map_file(), which creates it or changes
 * its length to `size` bytes.
 */
FIXTURE char *map_of(const char *name, size_t size)
{
	char *addr = pmem_map_file(at(name), size, PMEM_FILE_CREATE, 0600, NULL, NULL);

	if (!addr)
		bail("cannot map %s: %s", name, pmem_errormsg());
	return addr;
}

/*
 * Calls `call` in a child process. Returns the result of `call` (0 to 255), or -1 if a signal ended
 * the child.
 */
FIXTURE int in_child(int (*call)(void))
{
	int status;
	pid_t child = fork();

	if (child < 0)
		bail("cannot fork: %m");
	/*
	 * Exit by a raw system call: in a normal exit the thread sanitizer would look for the
	 * parent's threads, which the child does not have.
	 */
	if (!child)
		syscall(SYS_exit_group, call());
	if (waitpid(child, &status, 0) != child)
		bail("cannot wait for a child: %m");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/*
 * Runs this program again, with one argument, and with variables set ("A=1", ..., NULL). main()
 * must recognize the argument and call the function that the argument names. Returns the exit
 * status (0 to 255), or -1 if a signal ended the program.
 */
FIXTURE int again(const char *argument, const char *const *variables)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		bail("cannot fork: %m");
	if (!child) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* children write no core files */
		for (; variables && *variables; variables++)
			putenv((char *)*variables);
		exec_again((char *[]){program_invocation_name, (char *)argument, NULL});
		_exit(98);
	}
	if (waitpid(child, &status, 0) != child)
		bail("cannot wait for a child: %m");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
