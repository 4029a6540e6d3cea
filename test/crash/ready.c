/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ready.c - checks that take long to start before they read an image, and programs that load and
 * look up libpmem while they run
 *
 *	ready check CASE FILE	check FILE: if its byte 64 is set, byte 0 must be set, too
 *	ready write CASE FILE	set byte 0, then byte 64
 *
 * Each start of a check adds a byte to the file that the environment variable STARTS names. The
 * tables have all cases.
 */
#include <aio.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <holdfast_crash.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name;

static volatile char *map(void)
{
	int fd = open(name, O_RDWR);
	char *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (mapped == MAP_FAILED)
		exit(3);
	close(fd);
	return mapped;
}

/* ---- checks */

static void start(void)
{
	const char *path = getenv("STARTS");
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;

	if (fd < 0 || write(fd, "x", 1) != 1)
		exit(4);
	close(fd);
}

static int check(void)
{
	volatile char *mapped = map();

	return mapped[64] && !mapped[0];
}

static int is_ready(void)
{
	start();
	printf("printed before the check is ready\n"); /* and buffered */
	holdfast_crash_ready();
	return check();
}

static int is_never_ready(void)
{
	start();
	return check();
}

/*
 * A check that reads the image before it calls holdfast_crash_ready(): it could keep what it has
 * read for the next image.
 */
static int reads_first(void)
{
	start();
	int bad = check();
	holdfast_crash_ready();
	return bad;
}

static void *wait_for_end(void *unused)
{
	pause();
	return unused;
}

static int starts_thread_first(void)
{
	pthread_t thread;

	start();
	if (pthread_create(&thread, NULL, wait_for_end, NULL))
		return 5;
	holdfast_crash_ready();
	return check();
}

static int starts_process_first(void)
{
	start();
	pid_t child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	holdfast_crash_ready();
	int bad = check();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return bad;
}

/* ---- programs */

typedef void persist_function(const void *, size_t);

static int persist_with(void *library, int forgets_first)
{
	void *found = library ? dlsym(library, "pmem_persist") : NULL;
	persist_function *persist;
	volatile char *mapped = map();

	if (!found)
		return 6;
	memcpy(&persist, &found, sizeof(persist));
	mapped[0] = 1;
	if (!forgets_first)
		persist((const void *)mapped, 1);
	mapped[64] = 1;
	persist((const void *)(mapped + 64), 1);
	return 0;
}

static int forgets(void)
{
	return persist_with(dlopen("libpmem.so.1", RTLD_NOW), 1);
}

static int looks_up(void)
{
	return persist_with(dlopen("libpmem.so.1", RTLD_NOW), 0);
}

static int makes_namespace(void)
{
	return persist_with(dlmopen(LM_ID_NEWLM, "libpmem.so.1", RTLD_NOW), 0);
}

/* Looks up msync(2) in the C library with dlsym(3), as Python's ctypes does. */
static int looks_up_msync(void)
{
	void *library = dlopen("libc.so.6", RTLD_NOW);
	void *found = library ? dlsym(library, "msync") : NULL;
	int (*sync_pages)(void *, size_t, int);
	volatile char *mapped = map();

	if (!found)
		return 6;
	memcpy(&sync_pages, &found, sizeof(sync_pages));
	mapped[0] = 1;
	if (sync_pages((void *)(uintptr_t)mapped, 4096, MS_SYNC))
		return 7;
	mapped[64] = 1;
	return sync_pages((void *)(uintptr_t)mapped, 4096, MS_SYNC);
}

/* Writes and syncs the first byte by asynchronous I/O, which is not recorded. */
static int writes_later(void)
{
	static char byte = 1;
	struct aiocb write = {.aio_fildes = open(name, O_RDWR), .aio_buf = &byte, .aio_nbytes = 1};
	const struct aiocb *list[] = {&write};
	volatile char *mapped = map();

	if (aio_write(&write) || aio_suspend(list, 1, NULL) || aio_return(&write) != 1)
		return 8;
	mapped[64] = 1;
	return fsync(write.aio_fildes);
}

static const struct {
	const char *role, *word;
	int (*run)(void);
} cases[] = {
	{"check", "ready", is_ready},
	{"check", "never-ready", is_never_ready},
	{"check", "reads-first", reads_first},
	{"check", "starts-thread-first", starts_thread_first},
	{"check", "starts-process-first", starts_process_first},
	{"write", "looks-up", looks_up},
	{"write", "forgets", forgets},
	{"write", "looks-up-msync", looks_up_msync},
	{"write", "makes-namespace", makes_namespace},
	{"write", "writes-later", writes_later},
};

int main(int argc, char *argv[])
{
	if (argc != 4)
		return 2;
	name = argv[3];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!strcmp(argv[1], cases[i].role) && !strcmp(argv[2], cases[i].word))
			return cases[i].run();
	return 2;
}
