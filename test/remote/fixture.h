/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fixture.h - for tests of librpmem: pool sets in a folder of the test, an RPMEM_CMD whose rpmemd
 * uses this folder, and helpers for test points
 */
#ifndef TEST_REMOTE_FIXTURE_H
#define TEST_REMOTE_FIXTURE_H

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <librpmem.h>
#include <librpmem/holdfast.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "random.h"
#include "tap.h"

#define FIXTURE __attribute__((unused)) static inline

#define HOST      "127.0.0.1"
#define MIB       ((size_t)1 << 20)
#define POOL      (8 * MIB) /* size of the pools; the pool sets have 16 MiB */
#define UNTOUCHED 0x7ab00

static char folder[256]; /* folder of pool sets and parts */

FIXTURE void write_file(const char *name, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));

/* Writes a file in the folder. */
FIXTURE void write_file(const char *name, const char *format, ...)
{
	char path[512];
	va_list ap;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	if (!file)
		bail("cannot write %s: %m", path);
	va_start(ap, format);
	vfprintf(file, format, ap);
	va_end(ap);
	if (fclose(file))
		bail("cannot write %s: %m", path);
}

FIXTURE bool file_exists(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !access(path, F_OK);
}

FIXTURE void remove_folder(void)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf --one-file-system '%s'", folder);
	if (system(command))
		diag("%s is left behind", folder);
}

/*
 * Makes the folder, with the sets "pool.set", "errno.set" and "plain.set" (without headers), and
 * sets RPMEM_CMD. The library reads RPMEM_CMD when it is loaded, so the program runs itself again.
 */
FIXTURE void set_up(char **argv)
{
	const char *rpmemd = getenv("RPMEMD"), *made = getenv("REMOTE_FOLDER");
	char command[1024];

	if (made) {
		snprintf(folder, sizeof(folder), "%s", made);
		atexit(remove_folder);
		return;
	}
	if (!rpmemd)
		bail("RPMEMD is not set: it must be the path of the daemon");
	const char *dir = getenv("TMPDIR");
	snprintf(folder, sizeof(folder), "%s/holdfast-remote-XXXXXX", dir ? dir : "/var/tmp");
	if (!mkdtemp(folder))
		bail("cannot make %s: %m", folder);
	write_file("pool.set", "PMEMPOOLSET\n16MiB %s/pool.part\n", folder);
	write_file("plain.set", "PMEMPOOLSET\nOPTION NOHDRS\n16MiB %s/plain.part\n", folder);
	write_file("errno.set", "PMEMPOOLSET\n16MiB %s/errno.part\n", folder);
	write_file("rpmemd.conf", "poolset-dir = %s\nlog-file = %s/log\nlog-level = notice\n",
		folder, folder);
	snprintf(command, sizeof(command), "%s --config %s/rpmemd.conf", rpmemd, folder);
	setenv("RPMEM_CMD", command, 1);
	setenv("REMOTE_FOLDER", folder, 1);
	/* Not execv("/proc/self/exe"): under valgrind that would run valgrind. */
	char self[512];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		bail("cannot read /proc/self/exe: %m");
	self[length] = '\0';
	execv(self, argv);
	bail("cannot run again: %m");
}

/* True if all threads of a process are stopped. */
FIXTURE bool is_stopped(pid_t pid)
{
	char path[300], state = 'T';
	struct dirent *entry;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);

	while (tasks && state == 'T' && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.200s/stat", (int)pid, entry->d_name);
		FILE *stat = fopen(path, "re");
		if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
			state = '?';
		if (stat)
			fclose(stat);
	}
	if (tasks)
		closedir(tasks);
	return tasks && state == 'T';
}

/*
 * Stops a process, and returns when all of its threads have stopped: they stop one by one after
 * the signal.
 */
FIXTURE void stop_process(pid_t pid)
{
	if (kill(pid, SIGSTOP))
		bail("cannot stop process %d: %m", (int)pid);
	for (int looks = 0; !is_stopped(pid); looks++) {
		if (looks == 10000)
			bail("process %d does not stop", (int)pid);
		usleep(1000);
	}
}

FIXTURE char *memory(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		bail("cannot map memory: %m");
	return at;
}

FIXTURE struct rpmem_pool_attr attributes(uint32_t major)
{
	struct rpmem_pool_attr attr = {.major = major,
		.poolset_uuid = "set-uuid",
		.uuid = "uuid",
		.next_uuid = "next-uuid",
		.prev_uuid = "prev-uuid"};

	memcpy(attr.signature, "HOLDFAST", sizeof(attr.signature));
	memset(attr.user_flags, 7, sizeof(attr.user_flags));
	return attr;
}

FIXTURE RPMEMpool *created(const char *set, void *pool, unsigned nlanes, bool headers)
{
	struct rpmem_pool_attr attr = attributes(1);
	RPMEMpool *rpp = rpmem_create(HOST, set, pool, POOL, &nlanes, headers ? &attr : NULL);

	if (!rpp)
		bail("cannot create %s: %s", set, rpmem_errormsg());
	return rpp;
}

FIXTURE RPMEMpool *opened(const char *set, void *pool, struct rpmem_pool_attr *attr)
{
	unsigned nlanes = 2;
	RPMEMpool *rpp = rpmem_open(HOST, set, pool, POOL, &nlanes, attr);

	if (!rpp)
		bail("cannot open %s: %s", set, rpmem_errormsg());
	return rpp;
}

/* A test point: the call fails with this errno and sets an error message. */
#define fails(call, error, ...)                                                                    \
	do {                                                                                       \
		errno = 0;                                                                         \
		bool failed_ = (call) != 0;                                                        \
		int errno_ = errno;                                                                \
		if (!ok(failed_ && errno_ == (error) && *rpmem_errormsg(), __VA_ARGS__))           \
			diag("errno %d, want %d: %s", errno_, (error), rpmem_errormsg());          \
	} while (0)

/* A test point: the expression `call` is true, which means success, and leaves errno unchanged. */
#define leaves_errno(call, ...)                                                                    \
	do {                                                                                       \
		errno = UNTOUCHED;                                                                 \
		bool worked_ = (call);                                                             \
		int errno_ = errno;                                                                \
		if (!ok(worked_ && errno_ == UNTOUCHED, __VA_ARGS__))                              \
			diag("errno %d, want %d: %s", errno_, UNTOUCHED,                           \
				worked_ ? "the call succeeded" : rpmem_errormsg());                \
	} while (0)

#endif
